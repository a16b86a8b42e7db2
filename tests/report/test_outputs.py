from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report.opening import Opening
from medsift.report.outputs import Outputs, open_outputs
from medsift.report.replay import Changes, Known
from medsift.report.stamps import WEB
from medsift.report.values import record_of, row_of
from medsift.report.writers import LineWriter, read_rows

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


RESUME = Opening("resume", settings={"threshold": 0.6})
NEW = Opening(settings={"threshold": 0.6})


def scan(
    folder: Path,
    beginning: Opening = NEW,
    only: Sequence[str] = tuple(INPUTS),
    stamps: Mapping[str, str] = {},
    inputs: Mapping[str, list[Record]] = INPUTS,
) -> list[str]:
    """Write what is not known yet, and tell what that was."""
    worked_on = []
    with open_outputs(paths(folder), beginning) as outputs:
        for key in only:
            stamp = stamps.get(key, WEB)
            known = list(outputs.recall(key, stamp))
            for each in known:
                write(outputs, each)
            if not known or known[-1].key != key:
                worked_on.append(key)
                write(outputs, Known(key, stamp, inputs[key], written=False))
        for each in outputs.leftover():
            write(outputs, each)
    return worked_on


def write(outputs: Outputs, known: Known) -> None:
    if not known.written:
        for record in known.records:
            outputs.write(record)
        outputs.complete(known.key, known.stamp)


def interrupted(folder: Path, key: str, unfinished: Sequence[Record] = ()) -> None:
    """Finish one input, begin another one, and press Ctrl-C."""

    def work() -> None:
        with open_outputs(paths(folder), NEW) as outputs:
            write(outputs, Known(key, WEB, INPUTS[key], written=False))
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
    scan(folder)
    return contents(folder)


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


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_an_output_that_somebody_edited_is_refused_and_left_alone(
    tmp_path: Path, name: str, finished: bool
) -> None:
    scan(tmp_path)
    if not finished:
        reopened(tmp_path)
    edited = (tmp_path / name).read_bytes().replace(b"medical", b"medicAl", 1)
    (tmp_path / name).write_bytes(edited)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="changed by something else"):
        scan(tmp_path, RESUME)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


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


def test_outputs_without_their_journal_are_not_gone_on_with(tmp_path: Path) -> None:
    scan(tmp_path)
    (tmp_path / "out.csv.journal").unlink()
    with pytest.raises(UsageError, match=r"there is no out\.csv\.journal beside it"):
        scan(tmp_path, RESUME)


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
        open_outputs(given, RESUME)


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


def test_what_an_interrupt_left_behind_a_row_is_cut_off(tmp_path: Path) -> None:
    outputs = open_outputs([str(tmp_path / "out.csv")], NEW)
    write(outputs, Known("one.pdf", WEB, INPUTS["one.pdf"], written=False))
    whole = (tmp_path / "out.csv").read_bytes()
    with (tmp_path / "out.csv").open("ab") as stream:
        stream.write(b"half of a ro")
    outputs.close(finished=False)
    assert (tmp_path / "out.csv").read_bytes() == whole


def reopened(folder: Path) -> None:
    """Make a finished scan one that was killed before its end."""
    open_outputs(paths(folder), RESUME).close(finished=False)


def clean(record: Record) -> Record:
    return record_of(row_of(record))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
