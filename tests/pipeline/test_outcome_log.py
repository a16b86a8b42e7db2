"""The file through which a worker hands back its outcomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.core.record import Record
from medsift.pipeline.outcome_log import OutcomeTail, OutcomeWriter, read_finished, read_state
from medsift.pipeline.outcomes import Outcome


def outcome(name: str, thumbnail: bytes | None = None) -> Outcome:
    return Outcome(Record(source=name, bbox=(0.0, 1.5, 2.0, 3.0), p_medical=0.1), thumbnail)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "1.jsonl"


def test_finished_inputs_come_back_as_they_were(log: Path) -> None:
    with OutcomeWriter(log) as writer:
        writer.begin(0)
        writer.add(outcome("a", b"\x00\xff"), 0)
        writer.add(outcome("b"), 0)
        writer.end(0)
        writer.begin(1)
        writer.end(1)
    assert list(read_finished(log)) == [[outcome("a", b"\x00\xff"), outcome("b")], []]


def test_thumbnails_and_maps_come_back_each_in_its_place(log: Path) -> None:
    record = Record(source="a")
    given = [Outcome(record, heat=b"\x01"), Outcome(record, b"\x02", b"\x03")]
    with OutcomeWriter(log) as writer:
        writer.begin(0)
        for one in given:
            writer.add(one, 0)
        writer.end(0)
    assert list(read_finished(log)) == [given]


def test_names_that_are_not_text_survive(log: Path) -> None:
    with OutcomeWriter(log) as writer:
        writer.begin(0)
        writer.add(outcome("scan\udcff.png"), 0)
        writer.end(0)
    ((found,),) = read_finished(log)
    assert found.record.source == "scan\udcff.png"


def test_an_unfinished_input_is_known_with_what_was_found_in_it(log: Path) -> None:
    with OutcomeWriter(log) as writer:
        writer.begin(0)
        writer.end(0)
        writer.begin(1)
        writer.add(outcome("found before the crash"), 1)
    state = read_state(log)
    assert (state.finished, state.begun) == (1, 1)
    assert state.begun_at is not None
    assert state.outcomes == [outcome("found before the crash")]
    assert list(read_finished(log)) == [[]]


def test_a_torn_last_line_is_ignored(log: Path) -> None:
    with OutcomeWriter(log) as writer:
        writer.begin(0)
        writer.add(outcome("whole"), 0)
    with log.open("a") as file:
        file.write('{"record": {"sour')
    assert read_state(log).outcomes == [outcome("whole")]


def test_a_worker_that_never_began_has_no_log(log: Path) -> None:
    assert read_state(log).finished == 0
    assert list(read_finished(log)) == []


def test_inputs_begun_before_the_last_are_told_from_it(log: Path) -> None:
    with OutcomeWriter(log) as writer:
        for position in range(3):
            writer.begin(position)
        writer.add(outcome("of the first"), 0)
        writer.end(0)
        writer.add(outcome("of the second"), 1)
        writer.add(outcome("of the last"), 2)
    state = read_state(log)
    assert (state.finished, state.begun) == (1, 2)
    assert state.outcomes == [outcome("of the last")]
    assert list(read_finished(log)) == [[outcome("of the first")]]


def test_a_spool_can_be_read_while_it_is_written(log: Path) -> None:
    tail = OutcomeTail(log)
    assert tail.new_outcomes() == []
    with OutcomeWriter(log) as writer:
        writer.begin(0)
        writer.add(outcome("a"), 0)
        assert tail.new_outcomes() == [outcome("a")]
        assert tail.new_outcomes() == []
        assert tail.finished == 0
        writer.add(outcome("b"), 0)
        writer.end(0)
    with log.open("a") as file:
        file.write('{"record": {"sou')  # torn
    assert tail.new_outcomes() == [outcome("b")]
    assert tail.finished == 1
    assert tail.new_outcomes() == []
