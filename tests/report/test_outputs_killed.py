"""What a kill or a crash of the machine leaves of outputs, and how a scan goes on from it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from medsift.core.record import Record
from medsift.report.outputs import open_outputs
from medsift.report.replay import Known
from medsift.report.stamps import WEB
from medsift.report.writers import LineWriter

from .samples import picture
from .scans import (
    INPUTS,
    NEW,
    RESUME,
    clean,
    contents,
    interrupted,
    paths,
    scan,
    write,
)


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

    with open_outputs(paths(running), NEW) as outputs:
        snapshot()
        for key, records in INPUTS.items():
            for record in records:
                outputs.write(record)
                snapshot()
            for writer in outputs._writers:
                writer.flush()
            snapshot()
            outputs.complete(key, WEB)
            done.add(key)
            snapshot()
        outputs.close(finished=False)
        snapshot()
    for folder, complete in snapshots:
        assert set(scan(folder, RESUME)) == INPUTS.keys() - complete
        assert contents(folder) == undisturbed


def test_a_journal_torn_at_any_byte_is_good_up_to_its_last_whole_line(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    outputs = open_outputs(paths(begun), NEW)
    for key in ("one.pdf", "=none.txt"):
        write(outputs, Known(key, WEB, INPUTS[key], written=False))
    outputs.close(finished=False)
    (journal,) = begun.glob("*.journal")
    whole = journal.read_bytes()
    first_line = whole.index(b"\n") + 1
    for size in range(first_line, len(whole) + 1, 7):
        folder = tmp_path / f"torn {size}"
        shutil.copytree(begun, folder)
        (folder / journal.name).write_bytes(whole[:size])
        scan(folder, RESUME)
        assert contents(folder) == undisturbed


def test_rows_that_never_reached_the_disk_are_written_again(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    outputs = open_outputs(paths(tmp_path), NEW)
    for key in ("one.pdf", "=none.txt", "half\udc80.png"):
        write(outputs, Known(key, WEB, INPUTS[key], written=False))
    outputs.close(finished=False)
    with (tmp_path / "out.csv").open("r+b") as stream:
        stream.truncate(stream.seek(0, 2) - 3)
    assert scan(tmp_path, RESUME) == ["half\udc80.png", "bad.pdf", "last.pdf"]
    assert contents(tmp_path)[0] == undisturbed[0]
    assert contents(tmp_path)[1] == undisturbed[1]


def test_an_interrupt_leaves_what_was_found_readable_and_can_be_resumed(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    interrupted(tmp_path, "one.pdf", [picture("=none.txt")])
    assert contents(tmp_path) == [[*INPUTS["one.pdf"], picture("=none.txt")]] * 3
    assert "one.pdf" not in scan(tmp_path, RESUME)
    assert contents(tmp_path) == undisturbed


def test_what_is_done_before_its_turn_survives_a_kill_and_is_not_done_again(
    tmp_path: Path, undisturbed: list[list[Record]]
) -> None:
    outputs = open_outputs(paths(tmp_path), NEW)
    write(outputs, Known("one.pdf", WEB, INPUTS["one.pdf"], written=False))
    outputs.hold("bad.pdf", WEB, INPUTS["bad.pdf"])
    outputs.hold("last.pdf", WEB, INPUTS["last.pdf"])
    killed = tmp_path / "killed"
    shutil.copytree(tmp_path, killed, ignore=lambda *_: ["killed", "undisturbed"])
    outputs.close(finished=False)
    # After an interrupt it can be read at once.
    assert [r.source for r in contents(tmp_path)[1]][2:] == ["bad.pdf"] + ["last.pdf"] * 3
    for folder in (killed, tmp_path):
        assert scan(folder, RESUME) == ["=none.txt", "half\udc80.png"]
        assert contents(folder) == undisturbed


def test_what_waited_from_before_a_change_and_after_it_is_written_once(tmp_path: Path) -> None:
    stamps = dict.fromkeys(INPUTS, "file:1:1")
    scan(tmp_path, NEW, stamps=stamps)
    after = {**stamps, "one.pdf": "file:1:2", "last.pdf": "file:1:2"}
    outputs = open_outputs(paths(tmp_path), RESUME)
    assert not list(outputs.recall("one.pdf", after["one.pdf"]))
    outputs.hold("last.pdf", after["last.pdf"], INPUTS["last.pdf"])
    outputs.close(finished=False)
    expected = [clean(record) for records in INPUTS.values() for record in records]
    assert scan(tmp_path, RESUME, stamps=after) == ["one.pdf"]
    assert contents(tmp_path) == [expected] * 3
    assert scan(tmp_path, RESUME, stamps=after) == []
    assert contents(tmp_path) == [expected] * 3


def test_a_kill_while_records_are_moved_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamps = dict.fromkeys(INPUTS, "file:1:1")
    after = {**stamps, "=none.txt": "file:2:1"}

    class KilledError(BaseException):
        pass

    def killed(_self: object, _keep: int, _checksum: int) -> None:
        raise KilledError

    scan(tmp_path, NEW, stamps=stamps)
    with monkeypatch.context() as patched:
        patched.setattr(LineWriter, "rewind", killed)
        with pytest.raises(KilledError):
            scan(tmp_path, RESUME, stamps=after)
    assert scan(tmp_path, RESUME, stamps=after) == ["=none.txt"]
    expected = [clean(record) for records in INPUTS.values() for record in records]
    assert contents(tmp_path) == [expected] * 3


def test_zeros_that_a_crash_of_the_machine_left_are_written_again(tmp_path: Path) -> None:
    outputs = open_outputs(paths(tmp_path), NEW)
    for key in ("one.pdf", "=none.txt", "half\udc80.png"):
        write(outputs, Known(key, WEB, INPUTS[key], written=False))
    outputs.close(finished=False)
    with (tmp_path / "out.csv").open("r+b") as stream:
        size = stream.seek(0, 2)
        stream.seek(size - 40)
        stream.write(bytes(40))
    assert scan(tmp_path, RESUME) == ["half\udc80.png", "bad.pdf", "last.pdf"]
    expected = [clean(record) for records in INPUTS.values() for record in records]
    assert contents(tmp_path) == [expected] * 3


def test_what_an_interrupt_left_behind_a_row_is_cut_off(tmp_path: Path) -> None:
    outputs = open_outputs([str(tmp_path / "out.csv")], NEW)
    write(outputs, Known("one.pdf", WEB, INPUTS["one.pdf"], written=False))
    whole = (tmp_path / "out.csv").read_bytes()
    with (tmp_path / "out.csv").open("ab") as stream:
        stream.write(b"half of a ro")
    outputs.close(finished=False)
    assert (tmp_path / "out.csv").read_bytes() == whole
