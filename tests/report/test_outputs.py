"""A scan writes all its outputs together, over nothing that is somebody's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report.opening import Opening
from medsift.report.outputs import open_outputs
from medsift.report.replay import Known
from medsift.report.stamps import WEB
from medsift.report.writers import read_rows

from .samples import picture
from .scans import (
    INPUTS,
    NAMES,
    NEW,
    contents,
    interrupted,
    names,
    paths,
    scan,
    write,
)


def test_a_finished_scan_leaves_its_outputs_and_what_they_were_made_with(tmp_path: Path) -> None:
    scan(tmp_path)
    assert names(tmp_path) == sorted([*NAMES, "out.csv.journal"])
    first = json.loads((tmp_path / "out.csv.journal").read_text().splitlines()[0])
    assert first["settings"] == {"threshold": 0.6}


def test_a_scan_that_fails_before_its_first_record_leaves_nothing_to_resume(
    tmp_path: Path,
) -> None:
    open_outputs(paths(tmp_path)).close(finished=False)
    assert not list(tmp_path.glob("*.journal"))
    assert scan(tmp_path) == list(INPUTS)


def test_every_output_gets_every_record(undisturbed: list[list[Record]]) -> None:
    assert undisturbed[0] == undisturbed[1] == undisturbed[2]
    assert len(undisturbed[0]) == sum(map(len, INPUTS.values()))


def test_an_existing_output_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("precious")
    with pytest.raises(UsageError, match="--overwrite"):
        scan(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.jsonl": "precious"}
    assert scan(tmp_path, replace(NEW, mode="overwrite")) == list(INPUTS)


def test_an_interrupted_scan_says_how_to_go_on(tmp_path: Path) -> None:
    interrupted(tmp_path, "one.pdf")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="1 inputs done: --resume goes on from there, --overwrite"):
        scan(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["out.csv.journal", "out.csv.lock"])
def test_files_of_the_users_that_are_named_like_ours_are_left_alone(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("precious")
    if name.endswith(".journal"):
        with pytest.raises(UsageError, match="no journal of medsift"):
            scan(tmp_path, replace(NEW, mode="overwrite"))
    else:
        scan(tmp_path)
    assert (tmp_path / name).read_text() == "precious"


def test_names_of_passing_files_are_nobodys(tmp_path: Path) -> None:
    own = [f"{name}{end}" for name in NAMES for end in (".tmp", ".rows")]
    for name in own:
        (tmp_path / name).write_text("precious")
    scan(tmp_path)
    assert [(tmp_path / name).read_text() for name in own] == ["precious"] * len(own)
    assert names(tmp_path) == sorted([*own, *NAMES, "out.csv.journal"])


@pytest.mark.parametrize("mode", ["new", "overwrite", "resume"])
def test_a_scan_into_an_output_of_another_that_runs_is_refused_and_harms_nothing(
    tmp_path: Path, mode: Literal["new", "overwrite", "resume"]
) -> None:
    with open_outputs(paths(tmp_path), NEW) as outputs:
        write(outputs, Known("one.pdf", WEB, INPUTS["one.pdf"], written=False))
        with pytest.raises(OutputError, match="another scan is writing"):
            open_outputs([str(tmp_path / "a.csv"), str(tmp_path / "out.jsonl")], Opening(mode))
        (tmp_path / "link.csv").symlink_to(tmp_path / "out.csv")
        with pytest.raises(OutputError, match="another scan is writing"):
            open_outputs([str(tmp_path / "link.csv")], Opening(mode))
    assert contents(tmp_path) == [INPUTS["one.pdf"]] * 3
    assert not list(tmp_path.glob("*.lock"))
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("given", [["a.csv", "./a.csv"], ["-", "-"]])
def test_the_same_output_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="twice"):
        open_outputs(given)


def test_nothing_is_touched_when_one_of_the_outputs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(OutputError):
        open_outputs([str(tmp_path / "a.csv"), str(tmp_path / "absent" / "b.csv")])
    assert (tmp_path / "a.csv").read_text() == "old"


def test_standard_output_goes_along_with_files(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    with open_outputs(["-", str(tmp_path / "out.jsonl")]) as outputs:
        outputs.write(picture("a.pdf"))
        outputs.complete("a.pdf")
    assert capsysbinary.readouterr().out == (tmp_path / "out.jsonl").read_bytes()


def test_overwriting_that_ends_before_its_first_record_can_be_gone_on_with(tmp_path: Path) -> None:
    names = [str(tmp_path / f"out.{suffix}") for suffix in ("csv", "parquet")]
    with open_outputs(names) as outputs:
        outputs.write(picture("old.png"))
        outputs.complete("old.png")
    with (
        pytest.raises(KeyboardInterrupt),
        open_outputs(names, Opening("overwrite", settings={"threshold": 0.9})),
    ):
        raise KeyboardInterrupt
    with open_outputs(names, Opening("resume", settings={"threshold": 0.9})) as outputs:
        assert list(outputs.recall("new.png", "")) == []
        outputs.write(picture("new.png"))
        outputs.complete("new.png")
    for name in names:
        assert [row["source"] for row in read_rows(Path(name))] == ["new.png"]
