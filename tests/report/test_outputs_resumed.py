"""Which inputs are done again when a scan goes on, and where their records go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.report.opening import Opening
from medsift.report.outputs import open_outputs
from medsift.report.replay import Changes
from medsift.report.stamps import WEB

from .samples import failure, picture
from .scans import (
    INPUTS,
    NAMES,
    NEW,
    RESUME,
    clean,
    contents,
    interrupted,
    names,
    paths,
    reopened,
    scan,
    write,
)


def test_resuming_a_finished_scan_adds_new_inputs_where_they_belong(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    scan(tmp_path, NEW, only=["one.pdf", "half\udc80.png"])
    assert scan(tmp_path, RESUME, only=["one.pdf", "half\udc80.png"]) == []
    assert scan(tmp_path, RESUME) == ["=none.txt", "bad.pdf", "last.pdf"]
    assert contents(tmp_path) == undisturbed


@pytest.mark.parametrize("finished", [True, False])
def test_a_changed_input_is_done_again_and_its_records_replaced_in_their_place(
    tmp_path: Path, finished: bool
) -> None:
    before = dict.fromkeys(INPUTS, "file:1:1")
    scan(tmp_path, NEW, stamps=before)
    if not finished:
        reopened(tmp_path)
    after = {**before, "one.pdf": "file:1:2"}
    new = {**INPUTS, "one.pdf": [picture("one.pdf", 7)]}
    assert scan(tmp_path, RESUME, stamps=after, inputs=new) == ["one.pdf"]
    expected = [clean(record) for records in new.values() for record in records]
    assert contents(tmp_path) == [expected] * 3
    assert scan(tmp_path, RESUME, stamps=after, inputs=new) == []


def test_inputs_that_are_gone_leave_no_records_and_are_counted(tmp_path: Path) -> None:
    stamps = dict.fromkeys(INPUTS, "file:1:1")
    scan(tmp_path, NEW, stamps=stamps)
    with open_outputs(paths(tmp_path), RESUME) as outputs:
        for key in ("one.pdf", "last.pdf"):
            for known in outputs.recall(key, "file:1:1"):
                write(outputs, known)
        for known in outputs.leftover():
            write(outputs, known)
        assert outputs.changes == Changes(again=0, gone=3, unnamed=0)
    assert [r.source for r in contents(tmp_path)[0]] == ["one.pdf"] * 2 + ["last.pdf"] * 3
    with open_outputs(paths(tmp_path), RESUME) as outputs:
        for key in ("one.pdf", "last.pdf"):
            assert [known.written for known in outputs.recall(key, "file:1:1")] == [True]
        assert list(outputs.leftover()) == []
        assert outputs.changes == Changes()


def test_inputs_that_are_there_and_not_named_now_stay(tmp_path: Path) -> None:
    here = tmp_path / "here.png"
    here.touch()
    inputs = {str(here): [picture(str(here))], "https://example.org/": [picture("page")], **INPUTS}
    scan(tmp_path, NEW, only=list(inputs)[:3], stamps={str(here): "file:0:1"}, inputs=inputs)
    assert scan(tmp_path, RESUME, only=["last.pdf"]) == ["last.pdf"]
    found = [record.source for record in contents(tmp_path)[0]]
    assert found == ["last.pdf"] * 3 + [str(here), "page", "one.pdf", "one.pdf"]


def test_inputs_of_elsewhere_keep_their_place(tmp_path: Path) -> None:
    scan(tmp_path, NEW, only=["one.pdf"])
    other = replace(RESUME, elsewhere=lambda key: key == "one.pdf")
    assert scan(tmp_path, other, only=["last.pdf"]) == ["last.pdf"]
    assert [r.source for r in contents(tmp_path)[0]] == ["one.pdf"] * 2 + ["last.pdf"] * 3


def test_an_input_whose_records_name_other_sources_is_known_by_its_own_name(
    tmp_path: Path,
) -> None:
    pages = {"https://example.org/": [picture("https://example.org/a"), failure("b")]}
    for finished in (True, False):
        folder = tmp_path / str(finished)
        folder.mkdir()
        scan(folder, NEW, only=list(pages), inputs=pages)
        if not finished:
            reopened(folder)
        assert scan(folder, RESUME, only=list(pages), inputs=pages) == []
        assert contents(folder)[0] == pages["https://example.org/"]
        again = replace(RESUME, retry=True)
        assert scan(folder, again, only=list(pages), inputs=pages) == list(pages)
        assert contents(folder) == [pages["https://example.org/"]] * 3


def test_limits_may_be_raised_where_failures_are_done_again(tmp_path: Path) -> None:
    def limited(seconds: float, mode: Literal["new", "resume"], retry: bool = False) -> Opening:
        return Opening(mode, retry, settings={"max_seconds": seconds})

    scan(tmp_path, limited(10, "new"))
    for refused in (limited(20, "resume"), limited(5, "resume", retry=True)):
        with pytest.raises(UsageError, match="had max seconds 10"):
            scan(tmp_path, refused)
    assert scan(tmp_path, limited(20, "resume", retry=True)) == ["bad.pdf"]
    assert scan(tmp_path, limited(20, "resume")) == []


def test_resuming_without_anything_there_is_a_new_scan(tmp_path: Path) -> None:
    assert scan(tmp_path, RESUME) == list(INPUTS)


def test_the_order_of_outputs_does_not_matter_for_resuming(tmp_path: Path) -> None:
    interrupted(tmp_path, "one.pdf")
    with open_outputs(paths(tmp_path)[::-1], RESUME) as again:
        assert [known.key for known in again.recall("one.pdf", WEB)] == ["one.pdf"]


def test_a_folder_of_outputs_can_be_moved_before_resuming(tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.mkdir()
    interrupted(before, "one.pdf")
    after = before.rename(tmp_path / "after")
    assert "one.pdf" not in scan(after, RESUME)


@pytest.mark.parametrize("finished", [True, False])
def test_failed_inputs_are_done_again_and_their_records_replaced(
    tmp_path: Path, finished: bool
) -> None:
    scan(tmp_path)
    if not finished:
        reopened(tmp_path)
    new = {**INPUTS, "bad.pdf": [picture("bad.pdf", 1), picture("bad.pdf", 2)]}
    assert scan(tmp_path, replace(RESUME, retry=True), inputs=new) == ["bad.pdf"]
    expected = [clean(record) for records in new.values() for record in records]
    assert contents(tmp_path) == [expected] * 3
    assert names(tmp_path) == sorted([*NAMES, "out.csv.journal"])


def test_a_failed_input_with_an_odd_name_is_done_again(tmp_path: Path) -> None:
    odd = 'odd\udc80\x00,"\n.png'
    inputs = {odd: [failure(odd)], "plain.png": [picture("plain.png")]}
    scan(tmp_path, NEW, only=list(inputs), inputs=inputs)
    assert scan(tmp_path, RESUME, only=list(inputs), inputs=inputs) == []
    again = replace(RESUME, retry=True)
    assert scan(tmp_path, again, only=list(inputs), inputs={**inputs, odd: [picture(odd)]}) == [odd]
    assert [record.status for record in contents(tmp_path)[0]] == ["ok", "ok"]


def test_failures_are_retried_only_when_resuming(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only when resuming"):
        open_outputs(paths(tmp_path), Opening(retry=True))
