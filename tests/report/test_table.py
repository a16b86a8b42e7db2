from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.errors import OutputError
from medsift.core.record import Record
from medsift.report.table import Table
from medsift.report.terminal import columns

from .samples import failure, picture


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_of(
    records: list[Record], stream: io.StringIO | None = None, seconds: float = 1.0
) -> list[str]:
    stream = stream or io.StringIO()
    table = Table(stream)
    for record in records:
        table.add(record)
    table.finish(seconds)
    return stream.getvalue().split("\n")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_line_tells_verdict_probability_kind_size_and_place() -> None:
    lines = lines_of([picture("papers/a.pdf")])
    assert lines[0].split() == ["label", "P", "kind", "size", "source", "where"]
    assert lines[1].split() == [
        "medical", "0.75", "ct", "640x480", "papers/a.pdf", "page", "1,", "image", "1",
    ]  # fmt: skip


def test_columns_stay_in_place_whatever_is_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    records = [
        picture("a.pdf"),
        picture("医療画像/とても長い名前のフォルダー/" * 3 + "x.png", kind="viewer_screenshot"),
        picture("cafe\u0301.png", label="non_medical"),
        picture("b" * 300),
    ]
    lines = lines_of(records, Terminal())
    starts = {columns(line[: line.index("page 1")]) for line in lines[1:5]}
    assert len(starts) == 1


def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for width in (80, 100, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        records = [picture("folder/" * 60 + "x.png"), failure("漢字" * 100)]
        assert max(map(columns, lines_of(records, Terminal())[:3])) <= width


@pytest.mark.parametrize("width", [70, 99, 100, 120])
def test_long_texts_take_all_columns_that_there_are(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    record = replace(failure("x" * 300), error="y" * 300)
    assert [columns(line) for line in lines_of([record], Terminal())[1:2]] == [width]


def test_a_long_source_keeps_its_beginning_and_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    line = lines_of([picture("archive/" + "deep/" * 50 + "scan-17.png")], Terminal())[1]
    assert "archive/" in line
    assert "…" in line
    assert "scan-17.png" in line


def test_nothing_is_cut_where_the_output_is_not_a_terminal() -> None:
    record = replace(failure("deep/" * 100 + "scan.png"), kind="industrial_inspection")
    record = replace(record, error="undecodable: " + "very " * 100 + "broken")
    line = lines_of([record])[1]
    assert record.source in line
    assert record.kind in line
    assert record.error in line


def test_a_narrow_terminal_keeps_room_for_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    line = lines_of([picture("papers/scan-17.png")], Terminal())[1]
    assert "papers/scan-17.png" in line
    assert "640x480" not in line


def test_failures_and_doubts_say_why() -> None:
    unsure = Record(source="u.png", label="uncertain", reason="low_confidence", p_medical=0.5)
    small = Record(source="s.png", status="skipped", reason="too_small", width=8, height=8)
    lines = lines_of([failure("bad.pdf"), unsure, small])
    assert lines[1].startswith("failed")
    assert lines[1].endswith("undecodable: it is damaged")
    assert lines[2].endswith("low_confidence")
    assert lines[3].startswith("skipped")
    assert lines[3].endswith("too_small")


def test_control_characters_from_outside_never_reach_the_terminal() -> None:
    evil = "\x1b]0;title\x07\x1b[2J\r\n\x9b31m\u202egnp.exe\u2028\x7f"
    record = Record(source=evil, locator=evil, kind=evil, label=evil, error=evil)
    text = "\n".join(lines_of([record]))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) == 4, "header, record, empty line, counts"
    assert "\\x1b]0;title" in text


def test_colour_shows_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\033[" in "".join(lines_of([picture("a.pdf")], Terminal()))
    assert "\033[" not in "".join(lines_of([picture("a.pdf")]))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in "".join(lines_of([picture("a.pdf")], Terminal()))


def test_lines_come_as_records_come() -> None:
    stream = io.StringIO()
    table = Table(stream)
    table.add(picture("a.pdf"))
    assert "a.pdf" in stream.getvalue()


def test_the_last_line_counts_everything() -> None:
    small = Record(source="a.pdf", status="skipped", reason="too_small")
    records = [
        picture("a.pdf"),
        picture("a.pdf", 2, "non_medical"),
        small,
        picture("b.pdf", 1, "uncertain"),
        failure("c.pdf"),
    ]
    assert lines_of(records, seconds=12.34)[-2] == (
        "3 inputs: 5 found = 3 judged (1 medical, 1 uncertain, 1 non_medical)"
        " + 1 skipped (1 too_small) + 1 failed (1 undecodable); 12.3 s"
    )


def test_without_records_there_are_only_the_counts() -> None:
    assert lines_of([])[0].startswith("0 inputs: 0 found = 0 judged")


def test_files_that_are_gone_stand_apart_from_the_counts_like_records() -> None:
    stream = io.StringIO()
    table = Table(stream)
    table.tell_gone("old.png", "new.png")
    table.finish(1.0)
    first, between, counts, *_ = stream.getvalue().split("\n")
    assert first.split() == ["gone", "old.png", "now", "new.png"]
    assert between == ""
    assert counts.startswith("0 inputs")


def test_a_terminal_that_knows_only_ascii_gets_ascii(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as stream:
        table = Table(stream)
        table.add(picture("café/日本.png"))
    assert "caf\\xe9/\\u65e5\\u672c.png" in path.read_text(encoding="ascii")


@pytest.mark.parametrize(("boxes", "told"), [(1, "1 line of text"), (3, "3 lines of text")])
def test_text_burnt_in_is_told(boxes: int, told: str) -> None:
    stream = io.StringIO()
    table = Table(stream)
    table.add(replace(picture("a.pdf"), text_boxes=boxes))
    table.add(replace(picture("b.pdf"), text_boxes=0))
    first, second = stream.getvalue().splitlines()[1:]
    assert first.endswith(told)
    assert "text" not in second


def test_a_reader_that_left_is_an_output_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as stream:
        table = Table(stream)
        with pytest.raises(OutputError, match="has left"):
            table.add(picture("a.pdf"))


def test_only_what_was_asked_for_is_printed_and_all_is_counted() -> None:
    stream = io.StringIO()
    table = Table(stream, only=("medical", "failed"))
    for record in (picture("a.pdf"), picture("b.pdf", 1, "non_medical"), failure("c.pdf")):
        table.add(record)
    table.finish(1.0)
    printed = stream.getvalue()
    assert "a.pdf" in printed
    assert "c.pdf" in printed
    assert "b.pdf" not in printed
    assert "3 inputs: 3 found" in printed
