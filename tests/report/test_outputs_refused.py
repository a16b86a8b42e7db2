"""Outputs that a scan cannot go on with: it is refused, and nothing is changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.errors import UsageError
from medsift.report.drafts import draft_beside
from medsift.report.journal import header_of
from medsift.report.opening import Opening
from medsift.report.outputs import open_outputs
from medsift.report.replay import Known
from medsift.report.stamps import WEB

from .samples import picture
from .scans import (
    INPUTS,
    NAMES,
    NEW,
    RESUME,
    interrupted,
    names,
    reopened,
    scan,
    write,
)


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_an_output_that_somebody_edited_is_refused_by_name_and_left_alone(
    tmp_path: Path, name: str, finished: bool
) -> None:
    scan(tmp_path)
    if not finished:
        reopened(tmp_path)
    edit(tmp_path / name)
    before = everything(tmp_path)
    with pytest.raises(UsageError, match=f"cannot resume: [^ ,]*{name} was changed by something"):
        scan(tmp_path, RESUME)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("finished", [True, False])
def test_a_refusal_leaves_also_what_a_kill_had_left(tmp_path: Path, finished: bool) -> None:
    scan(tmp_path)
    if not finished:
        reopened(tmp_path)
    # Killed while a table or a journal was made, or between the end and tidying up.
    rows = header_of(tmp_path / "out.csv.journal").appended
    for path in (*map(tmp_path.joinpath, NAMES), tmp_path / "out.csv.journal"):
        draft_beside(path).write_bytes(b"half of it")
    if finished:
        (left,) = (tmp_path / name for name in rows if name.endswith(".rows"))
        left.write_bytes((tmp_path / "out.jsonl").read_bytes())
    whole = (tmp_path / "out.csv").read_bytes()
    edit(tmp_path / "out.csv")
    before = everything(tmp_path)
    with pytest.raises(UsageError, match="changed by something else"):
        scan(tmp_path, RESUME)
    assert everything(tmp_path) == before
    # Gone on with, it is tidied up.
    (tmp_path / "out.csv").write_bytes(whole)
    assert scan(tmp_path, RESUME) == []
    assert names(tmp_path) == sorted([*NAMES, "out.csv.journal"])


def test_a_parquet_table_of_other_rows_is_refused_by_its_own_name(tmp_path: Path) -> None:
    scan(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    scan(other, inputs={**INPUTS, "one.pdf": [picture("two.pdf", 1), picture("two.pdf", 2)]})
    (tmp_path / "out.parquet").write_bytes((other / "out.parquet").read_bytes())
    before = everything(tmp_path)
    with pytest.raises(UsageError, match=r"cannot resume: [^ ,]*out\.parquet was changed"):
        scan(tmp_path, RESUME)
    assert everything(tmp_path) == before


def test_outputs_without_their_journal_are_not_gone_on_with(tmp_path: Path) -> None:
    scan(tmp_path)
    (tmp_path / "out.csv.journal").unlink()
    with pytest.raises(UsageError, match=r"there is no out\.csv\.journal beside it"):
        scan(tmp_path, RESUME)


@pytest.mark.parametrize(
    "given",
    [["out.csv"], ["out.jsonl"], ["out.parquet"], ["out.csv", "out.jsonl"], ["new.csv", "out.csv"]],
)
def test_resuming_with_other_outputs_is_refused_and_changes_nothing(
    tmp_path: Path, given: list[str]
) -> None:
    interrupted(tmp_path, "one.pdf")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="cannot resume"):
        open_outputs([str(tmp_path / name) for name in given], RESUME)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_journal_whose_output_another_scan_overwrote_is_dropped(tmp_path: Path) -> None:
    interrupted(tmp_path, "one.pdf")
    with open_outputs([str(tmp_path / "out.jsonl")], Opening("overwrite")):
        pass
    assert [path.name for path in tmp_path.glob("*.journal")] == ["out.jsonl.journal"]
    assert not list(tmp_path.glob("*.rows"))


def test_resuming_finished_outputs_of_two_scans_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with open_outputs([str(tmp_path / f"{name}.csv")]) as outputs:
            write(outputs, Known(name, WEB, [picture(name)], written=False))
    with pytest.raises(UsageError, match=r"the earlier scan wrote a\.csv"):
        open_outputs([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], RESUME)


@pytest.mark.parametrize("name", NAMES)
def test_resuming_into_a_foreign_file_is_refused_and_changes_nothing(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b'{"name": "something else"}\n')
    with pytest.raises(UsageError, match="cannot resume"):
        open_outputs([str(path)], RESUME)
    assert path.read_bytes() == b'{"name": "something else"}\n'


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.csv.journal").write_text(json.dumps({"medsift_journal": 99}) + "\n")
    with pytest.raises(UsageError, match="this version"):
        open_outputs([str(tmp_path / "out.csv")], RESUME)


@pytest.mark.parametrize("given", [[], ["-"]])
def test_there_must_be_a_file_to_resume_into(given: list[str]) -> None:
    with pytest.raises(UsageError, match="output file"):
        open_outputs(given, RESUME)


@pytest.mark.parametrize("finished", [True, False])
def test_resuming_with_other_settings_is_refused_and_changes_nothing(
    tmp_path: Path, finished: bool
) -> None:
    scan(tmp_path)
    if not finished:
        reopened(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=r"earlier scan had threshold 0\.6, this one has .* 0\.8"):
        scan(tmp_path, replace(RESUME, settings={"threshold": 0.8}))
    with pytest.raises(UsageError, match="is older, this one has tta"):
        scan(tmp_path, replace(RESUME, settings={"tta": True}))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert scan(tmp_path, RESUME) == []


def test_another_recall_is_refused_by_its_option(tmp_path: Path) -> None:
    scan(tmp_path, replace(NEW, settings={"possible_from": 0.018}))
    told = r"earlier scan had --recall, as a bound of p, 0\.018, this one has --recall.* none"
    with pytest.raises(UsageError, match=told):
        scan(tmp_path, replace(RESUME, settings={"possible_from": None}))


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder and of those below it, hidden ones too."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def edit(path: Path) -> None:
    """Change one letter of a row."""
    path.write_bytes(path.read_bytes().replace(b"medical", b"medicAl", 1))
