from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import FIELDS, Record
from medsift.report import parquet, writers
from medsift.report.stream import StreamWriter
from medsift.report.values import record_of, row_of
from medsift.report.writers import LineWriter, open_file, open_writer, read_rows

from .samples import HOSTILE_TEXTS, failure, picture, records

ALL = (".csv", ".jsonl", ".parquet")
RECORDS = [picture("a.pdf"), picture("a.pdf", 2, "uncertain"), failure("b.pdf")]


def written(path: Path, content: list[Record]) -> Path:
    with open_writer(str(path)) as writer:
        for record in content:
            writer.write(record)
    return path


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """The system refuses to let files grow beyond a size, as on a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", ALL)
def test_records_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"out{suffix}", RECORDS)
    assert [record_of(row) for row in read_rows(path)] == RECORDS


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, min_size=1, max_size=4))
def test_all_formats_hold_the_same_values(
    tmp_path_factory: pytest.TempPathFactory, some: list[Record]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows = [row_of(record) for record in some]
    for suffix in ALL:
        assert list(read_rows(written(folder / f"same{suffix}", some))) == rows, suffix


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_text_breaks_any_format(tmp_path: Path, text: str) -> None:
    record = Record(source=text, error=text)
    found = [list(read_rows(written(tmp_path / f"out{suffix}", [record]))) for suffix in ALL]
    assert found[0] == found[1] == found[2] == [row_of(record)]


@pytest.mark.parametrize("suffix", ALL)
def test_an_output_without_records_is_a_whole_file(tmp_path: Path, suffix: str) -> None:
    assert list(read_rows(written(tmp_path / f"out{suffix}", []))) == []


@pytest.mark.parametrize("suffix", ALL)
def test_an_existing_file_is_overwritten(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"out{suffix}", RECORDS)
    written(path, RECORDS[:1])
    assert [record_of(row) for row in read_rows(path)] == RECORDS[:1]


@pytest.mark.parametrize("suffix", ALL)
def test_nothing_but_the_output_is_left_behind(tmp_path: Path, suffix: str) -> None:
    written(tmp_path / f"out{suffix}", RECORDS)
    assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}"]


def test_a_suffix_in_capitals_counts(tmp_path: Path) -> None:
    assert written(tmp_path / "OUT.CSV", []).read_text().startswith("source,source_type,")


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.csv.gz", "csv"])
def test_other_formats_are_refused_with_the_ones_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.jsonl or \.parquet"):
        open_writer(str(tmp_path / name))


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        open_writer(str(tmp_path / "absent" / "out.csv"))
    assert not (tmp_path / "absent").exists()


def test_a_folder_is_not_an_output(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        open_writer(str(tmp_path / "out.csv"))


@pytest.mark.parametrize("suffix", ALL)
def test_a_full_disk_is_an_output_error(tmp_path: Path, suffix: str) -> None:
    reason = rf"^cannot write .*out\S*{suffix}\S*: File too large$"
    with files_limited_to(2000), pytest.raises(OutputError, match=reason):
        written(tmp_path / f"out{suffix}", RECORDS * 100)


def test_a_disk_that_fills_up_while_parquet_is_made_is_an_output_error(tmp_path: Path) -> None:
    rows = [picture(os.urandom(20).hex(), i) for i in range(200)]
    source = written(tmp_path / "rows.jsonl", rows)
    with files_limited_to(2000), pytest.raises(OutputError, match="cannot write"):
        parquet.write(source, tmp_path / "out.parquet")


def test_a_flushed_row_can_be_read_while_the_scan_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with open_writer(str(path)) as writer:
        writer.write(RECORDS[0])
        writer.flush()
        assert [record_of(row) for row in read_rows(path)] == RECORDS[:1]


def test_a_parquet_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with open_writer(str(path)) as writer:
        writer.write(RECORDS[0])
        writer.flush()
        assert not path.exists()
    assert path.exists()


@pytest.mark.parametrize("suffix", ALL)
def test_an_output_may_be_closed_twice(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    writer = open_writer(str(path))
    writer.write(RECORDS[0])
    writer.close()
    writer.close()
    assert [record_of(row) for row in read_rows(path)] == RECORDS[:1]


def test_standard_output_gets_json_lines(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with open_writer("-") as writer:
        writer.write(RECORDS[0])
    line = capsysbinary.readouterr().out
    assert line.endswith(b"\n")
    assert json.loads(line) == json.loads(json.dumps(row_of(RECORDS[0])))


def test_a_reader_of_standard_output_that_went_away_is_an_output_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.FileIO(writing, "w") as stream, StreamWriter(stream) as writer:
        with pytest.raises(OutputError, match="standard output"):
            writer.write(RECORDS[0])
        # What follows goes nowhere instead of failing again.
        writer.write(RECORDS[0])


def test_csv_names_every_field_and_leaves_unknown_cells_empty(tmp_path: Path) -> None:
    path = written(tmp_path / "out.csv", [Record(source="a.png", width=3)])
    with path.open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert list(row) == list(FIELDS)
    assert {name: cell for name, cell in row.items() if cell} == {
        "source": "a.png",
        "width": "3",
        "status": "ok",
    }


def test_csv_gives_the_box_as_four_numbers(tmp_path: Path) -> None:
    path = written(tmp_path / "out.csv", [picture("a.pdf")])
    assert "10.0 20.5 110.25 99.0" in path.read_text()


def test_csv_gives_the_box_as_four_columns_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    placed = Record("a.pdf", bbox=(1.0, 2.0, 3.5, 4.25), caption="Figure 1. A film.")
    with open_file(path, bbox_columns=True) as writer:
        writer.write(placed)
        writer.write(Record("b.png"))
    with path.open(encoding="utf-8", newline="") as stream:
        one, other = csv.DictReader(stream)
    sides = ("bbox_x0", "bbox_y0", "bbox_x1", "bbox_y1")
    assert [float(one[side]) for side in sides] == [1.0, 2.0, 3.5, 4.25]
    assert [other[side] for side in sides] == [""] * 4
    assert "bbox" not in one
    assert [record_of(row) for row in read_rows(path)] == [placed, Record("b.png")]


def test_a_csv_that_is_gone_on_with_keeps_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with open_file(path, bbox_columns=True) as writer:
        writer.write(Record("a.png", bbox=(1.0, 2.0, 3.0, 4.0)))
    with open_file(path, keep=path.stat().st_size) as writer:
        writer.write(Record("b.png", bbox=(5.0, 6.0, 7.0, 8.0)))
    assert [row["bbox"] for row in read_rows(path)] == [[1, 2, 3, 4], [5, 6, 7, 8]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_text_cell_of_a_csv_starts_a_formula(tmp_path: Path, start: str) -> None:
    text = start + "cmd|'/c calc'!A1"
    record = Record(source=text, member=text, url=text, error=text, reason=text, locator=text)
    with written(tmp_path / "out.csv", [record]).open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["source"] == "'" + text
    assert not any(cell.startswith(start) for cell in row.values())


def test_a_negative_number_in_a_csv_stays_a_number(tmp_path: Path) -> None:
    path = written(tmp_path / "out.csv", [Record(source="a", p_medical=-0.5)])
    assert ",-0.5," in path.read_text()


def test_a_csv_that_a_spreadsheet_marked_as_utf8_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "out.csv", RECORDS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [record_of(row) for row in read_rows(path)] == RECORDS


@pytest.mark.parametrize("suffix", ALL)
@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"PAR1", b"[]\n", b'source\n"\n'])
def test_a_file_that_medsift_did_not_write_is_a_value_error(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_bytes(content)
    if suffix == ".jsonl" and (not content or content == b"PAR1"):
        assert list(read_rows(path)) == []
    else:
        with pytest.raises(ValueError, match=r"\w"):
            list(read_rows(path))


def test_a_parquet_file_of_many_batches_and_row_groups_keeps_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsift.report.parquet._GROUP_ROWS", 25)
    path = written(tmp_path / "out.parquet", [picture("a.pdf", i) for i in range(101)])
    assert [row["index"] for row in read_rows(path)] == list(range(101))


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
def test_numbers_that_are_none_are_unknown_in_every_output(tmp_path: Path, name: str) -> None:
    record = Record(
        "a.pdf",
        p_medical=float("nan"),
        confidence=float("inf"),
        p_kind=float("-inf"),
        bbox=(0.0, float("nan"), 1.0, 1.0),
    )
    path = tmp_path / name
    with open_writer(str(path)) as writer:
        writer.write(record)
    (row,) = read_rows(path)
    assert [row[field] for field in ("p_medical", "confidence", "p_kind", "bbox")] == [None] * 4
    assert (
        not re.search(rb"nan|inf(?!o)", path.read_bytes(), re.IGNORECASE) or name == "out.parquet"
    )


def test_a_full_disk_leaves_no_torn_row(tmp_path: Path) -> None:
    class Full(io.FileIO):
        room = 1.5

        def write(self, data: Any, /) -> int:
            if not self.room:
                raise OSError(28, "No space left on device")
            part, self.room = data[: int(len(data) / 3 * self.room)], 0.0
            return super().write(part)

    path = tmp_path / "out.jsonl"
    writer = LineWriter(path, writers._JSONL)
    writer._stream.close()
    writer._stream = Full(path, "ab")
    for number in range(3):
        writer.write(Record(f"{number}.png", error="x" * 200))
    with pytest.raises(OutputError, match="No space left"):
        writer.flush()
    writer.leave()
    kept = path.read_bytes()
    assert kept.endswith(b"\n")
    assert [json.loads(line)["source"] for line in kept.splitlines()] == ["0.png"]
