from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report.outputs import open_outputs
from medsift.report.values import record_of
from medsift.report.writers import read_rows

from .samples import failure, picture

NAMES = ("out.parquet", "out.csv", "out.jsonl")
INPUTS: dict[str, list[Record]] = {
    "one.pdf": [picture("one.pdf", 1), picture("one.pdf", 2)],
    "=none.txt": [],
    "half\udc80.png": [picture("half\udc80.png")],
    "bad.pdf": [failure("bad.pdf")],
    "last.pdf": [picture("last.pdf", i) for i in range(1, 4)],
}


def paths(folder: Path) -> list[str]:
    return [str(folder / name) for name in NAMES]


def scan(folder: Path, resume: bool, only: list[str] | None = None) -> list[str]:
    """Write what is not complete yet, and tell what that was."""
    worked_on = []
    with open_outputs(paths(folder), resume) as outputs:
        for key in only or INPUTS:
            if outputs.is_complete(key):
                continue
            worked_on.append(key)
            for record in INPUTS[key]:
                outputs.write(record)
            outputs.complete(key)
    return worked_on


def interrupted(folder: Path, key: str, unfinished: Sequence[Record] = ()) -> None:
    """Finish one input, begin another one, and press Ctrl-C."""

    def work() -> None:
        with open_outputs(paths(folder)) as outputs:
            for record in INPUTS[key]:
                outputs.write(record)
            outputs.complete(key)
            for record in unfinished:
                outputs.write(record)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()


def contents(folder: Path) -> list[list[Record]]:
    return [[record_of(row) for row in read_rows(folder / name)] for name in NAMES]


@pytest.fixture
def undisturbed(tmp_path: Path) -> list[list[Record]]:
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    scan(folder, resume=False)
    return contents(folder)


def test_a_finished_scan_leaves_nothing_but_its_outputs(tmp_path: Path) -> None:
    scan(tmp_path, resume=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)


def test_a_scan_that_fails_before_its_first_record_leaves_nothing_to_resume(
    tmp_path: Path,
) -> None:
    open_outputs(paths(tmp_path)).close(finished=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    assert scan(tmp_path, resume=True) == list(INPUTS)


def test_every_output_gets_every_record(undisturbed: list[list[Record]]) -> None:
    assert undisturbed[0] == undisturbed[1] == undisturbed[2]
    assert len(undisturbed[0]) == sum(map(len, INPUTS.values()))


def test_a_kill_at_any_point_loses_nothing_and_repeats_nothing(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    # What is on the disk when a process is killed is what another one sees at that moment.
    snapshots: list[tuple[Path, set[str]]] = []
    running = tmp_path / "running"
    running.mkdir()
    done: set[str] = set()

    def snapshot() -> None:
        folder = tmp_path / f"killed {len(snapshots)}"
        shutil.copytree(running, folder)
        snapshots.append((folder, set(done)))

    with open_outputs(paths(running)) as outputs:
        snapshot()
        for key, records in INPUTS.items():
            for record in records:
                outputs.write(record)
                snapshot()
            for writer in outputs._writers:
                writer.flush()
            snapshot()
            outputs.complete(key)
            done.add(key)
            snapshot()
        outputs.close(finished=False)
        snapshot()
    for folder, complete in snapshots:
        assert set(scan(folder, resume=True)) == INPUTS.keys() - complete
        assert contents(folder) == undisturbed


def test_a_journal_torn_at_any_byte_is_good_up_to_its_last_whole_line(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    outputs = open_outputs(paths(begun))
    for key in ("one.pdf", "=none.txt"):
        for record in INPUTS[key]:
            outputs.write(record)
        outputs.complete(key)
    outputs.close(finished=False)
    (journal,) = begun.glob("*.journal")
    whole = journal.read_bytes()
    first_line = whole.index(b"\n") + 1
    for size in range(first_line, len(whole) + 1, 7):
        folder = tmp_path / f"torn {size}"
        shutil.copytree(begun, folder)
        (folder / journal.name).write_bytes(whole[:size])
        scan(folder, resume=True)
        assert contents(folder) == undisturbed


def test_rows_that_never_reached_the_disk_are_written_again(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    outputs = open_outputs(paths(tmp_path))
    for key in ("one.pdf", "=none.txt", "half\udc80.png"):
        for record in INPUTS[key]:
            outputs.write(record)
        outputs.complete(key)
    outputs.close(finished=False)
    with (tmp_path / "out.csv").open("r+b") as stream:
        stream.truncate(stream.seek(0, 2) - 3)
    assert scan(tmp_path, resume=True) == ["half\udc80.png", "bad.pdf", "last.pdf"]
    assert contents(tmp_path)[0] == undisturbed[0]
    assert contents(tmp_path)[1] == undisturbed[1]


def test_an_interrupt_leaves_what_was_found_readable_and_can_be_resumed(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    interrupted(tmp_path, "one.pdf", [picture("=none.txt")])
    assert contents(tmp_path) == [[*INPUTS["one.pdf"], picture("=none.txt")]] * 3
    assert "one.pdf" not in scan(tmp_path, resume=True)
    assert contents(tmp_path) == undisturbed


def test_resuming_a_finished_scan_keeps_its_rows_and_adds_new_inputs(tmp_path: Path) -> None:
    scan(tmp_path, resume=False, only=["one.pdf", "half\udc80.png"])
    assert scan(tmp_path, resume=True, only=["one.pdf", "half\udc80.png"]) == []
    assert scan(tmp_path, resume=True) == ["=none.txt", "bad.pdf", "last.pdf"]
    assert [r.source for r in contents(tmp_path)[0]] == [
        "one.pdf", "one.pdf", "half\\udc80.png", "bad.pdf", "last.pdf", "last.pdf", "last.pdf",
    ]  # fmt: skip
    assert contents(tmp_path)[0] == contents(tmp_path)[1] == contents(tmp_path)[2]


@pytest.mark.parametrize("given", [NAMES, *[(name,) for name in NAMES]])
def test_a_resumed_scan_can_tell_what_it_goes_on_from(
    tmp_path: Path, given: tuple[str, ...]
) -> None:
    names = [str(tmp_path / name) for name in given]
    kept = INPUTS["one.pdf"]
    with open_outputs(names, resume=True) as outputs:
        assert list(outputs.kept()) == []
        for record in kept:
            outputs.write(record)
        outputs.complete("one.pdf")
    with open_outputs(names, resume=True) as outputs:
        assert list(outputs.kept()) == kept
        outputs.write(picture("unfinished.pdf"))
        outputs.close(finished=False)
    with open_outputs(names, resume=True) as outputs:
        assert list(outputs.kept()) == kept


def test_resuming_without_anything_there_is_a_new_scan(tmp_path: Path) -> None:
    assert scan(tmp_path, resume=True) == list(INPUTS)


def test_without_resume_everything_is_done_again(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    interrupted(tmp_path, "one.pdf")
    assert scan(tmp_path, resume=False) == list(INPUTS)
    assert contents(tmp_path) == undisturbed


def test_the_order_of_outputs_does_not_matter_for_resuming(tmp_path: Path) -> None:
    interrupted(tmp_path, "one.pdf")
    with open_outputs(paths(tmp_path)[::-1], resume=True) as again:
        assert again.completed == {"one.pdf"}


def test_a_folder_of_outputs_can_be_moved_before_resuming(tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.mkdir()
    interrupted(before, "one.pdf")
    after = before.rename(tmp_path / "after")
    with open_outputs(paths(after), resume=True) as again:
        assert again.completed == {"one.pdf"}


@pytest.mark.parametrize(
    "given",
    [["out.csv"], ["out.jsonl"], ["out.parquet"], ["out.csv", "out.jsonl"], ["new.csv", "out.csv"]],
)
def test_resuming_with_other_outputs_is_refused_and_changes_nothing(
    tmp_path: Path, given: list[str]
) -> None:
    interrupted(tmp_path, "one.pdf")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(OutputError):
        open_outputs([str(tmp_path / name) for name in given], resume=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_journal_whose_output_another_scan_overwrote_is_dropped(tmp_path: Path) -> None:
    interrupted(tmp_path, "one.pdf")
    with open_outputs([str(tmp_path / "out.jsonl")]):
        pass
    assert not list(tmp_path.glob("*.journal"))


def test_resuming_finished_outputs_of_two_scans_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with open_outputs([str(tmp_path / f"{name}.csv")]) as outputs:
            outputs.write(picture(name))
            outputs.complete(name)
    with pytest.raises(OutputError, match="different scans"):
        open_outputs([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], resume=True)


@pytest.mark.parametrize("name", NAMES)
def test_resuming_into_a_foreign_file_is_refused_and_changes_nothing(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b'{"name": "something else"}\n')
    with pytest.raises(OutputError, match="cannot resume"):
        open_outputs([str(path)], resume=True)
    assert path.read_bytes() == b'{"name": "something else"}\n'


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.csv.journal").write_text(json.dumps({"medsift_journal": 99}) + "\n")
    with pytest.raises(OutputError, match="this version"):
        open_outputs([str(tmp_path / "out.csv")], resume=True)


@pytest.mark.parametrize("given", [["a.csv", "./a.csv"], ["-", "-"]])
def test_the_same_output_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="twice"):
        open_outputs(given)


@pytest.mark.parametrize("given", [[], ["-"]])
def test_there_must_be_a_file_to_resume_into(given: list[str]) -> None:
    with pytest.raises(UsageError, match="output file"):
        open_outputs(given, resume=True)


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


def test_resuming_with_other_settings_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    def work(settings: dict[str, object], resume: bool) -> None:
        with open_outputs(paths(tmp_path), resume, settings=settings) as outputs:
            outputs.write(INPUTS["one.pdf"][0])
            outputs.complete("one.pdf")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work({"threshold": 0.6, "tta": False}, resume=False)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(OutputError, match=r"earlier scan had threshold 0\.6, this one has 0\.8"):
        work({"threshold": 0.8, "tta": False}, resume=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(KeyboardInterrupt):
        work({"threshold": 0.6, "tta": False}, resume=True)


def test_resuming_a_finished_scan_with_another_model_is_refused(tmp_path: Path) -> None:
    scan(tmp_path, resume=False)
    model = INPUTS["one.pdf"][0].model
    open_outputs(paths(tmp_path), resume=True, settings={"model": model}).close()
    with pytest.raises(OutputError, match="earlier scan had model"):
        open_outputs(paths(tmp_path), resume=True, settings={"model": f"{model}.1"})


@pytest.mark.parametrize("finished", [True, False])
def test_failed_inputs_are_done_again_and_their_records_replaced(
    tmp_path: Path, finished: bool, undisturbed: list[list[Record]]
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    if finished:
        scan(folder, resume=False)
    else:
        interrupted(folder, "bad.pdf")
    mended = [picture("bad.pdf", 1), picture("bad.pdf", 2)]
    with open_outputs(paths(folder), resume=True, retry_failed=True) as outputs:
        assert not outputs.is_complete("bad.pdf")
        assert outputs.is_complete("one.pdf") is finished
        kept = [record.source for record in outputs.kept()]
        assert "bad.pdf" not in kept
        for record in mended:
            outputs.write(record)
        outputs.complete("bad.pdf")
    others = [record for record in undisturbed[0] if record.source != "bad.pdf"]
    expected = [*others, *mended] if finished else mended
    assert contents(folder) == [expected] * 3
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)


def test_retrying_without_failures_changes_nothing(tmp_path: Path) -> None:
    scan(tmp_path, resume=False, only=["one.pdf", "last.pdf"])
    before = contents(tmp_path)
    open_outputs(paths(tmp_path), resume=True, retry_failed=True).close()
    assert contents(tmp_path) == before


def test_a_kill_while_failures_are_taken_out_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = 0
    replace = Path.replace

    class KilledError(Exception):
        pass

    for kill_at in range(12):
        folder = tmp_path / str(kill_at)
        folder.mkdir()
        scan(folder, resume=False)
        steps = 0

        def counted(self: Path, target: Path, kill_at: int = kill_at) -> Path:
            nonlocal steps
            if steps == kill_at:
                raise KilledError
            steps += 1
            return replace(self, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", counted)
            try:
                opened = open_outputs(paths(folder), resume=True, retry_failed=True)
                opened.close(finished=False)
            except KilledError:
                reached += 1
        with open_outputs(paths(folder), resume=True, retry_failed=True) as outputs:
            for record in INPUTS["bad.pdf"]:
                outputs.write(record)
            outputs.complete("bad.pdf")
        expected = [r for key in INPUTS if key != "bad.pdf" for r in INPUTS[key]]
        names = sorted(record.source for record in [*expected, *INPUTS["bad.pdf"]])
        for records in contents(folder):
            assert len(records) == len(names)
        assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert reached >= 5, "fewer moments to be killed at than there are steps"


def test_failures_are_retried_only_when_resuming(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only when resuming"):
        open_outputs(paths(tmp_path), retry_failed=True)
