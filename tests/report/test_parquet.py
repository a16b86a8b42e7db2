"""Parquet files, as others read them and as they come back when damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import arro3.io
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.record import FIELDS, FieldType, Record
from medsift.report import jsonl, parquet, thrift
from medsift.report.parquet_pages import decode, encode
from medsift.report.values import Row, row_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    "str": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    "int": st.none() | st.integers(-(2**63), 2**63 - 1),
    "float": st.none() | NUMBERS,
    "box": st.none() | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4),
    "bbox": st.none() | st.lists(NUMBERS, min_size=4, max_size=4),
}
COLUMNS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(VALUES[kind], min_size=1, max_size=60))
)


def rows(count: int) -> list[Row]:
    """Rows with all that a column can hold: text of any script, numbers, and nothing."""
    return [
        row_of(
            Record(
                source=f"Ordner \N{SNOWMAN}/{i}.pdf",
                page=i if i % 3 else None,
                index=-i,
                bbox=(0.5, -1.25, i / 7, 1e300) if i % 2 else None,
                p_medical=i / max(1, count) if i % 5 else None,
                label="medical" if i % 4 else "",
                error="a\nb\t\x07" * (i % 3),
            )
        )
        for i in range(count)
    ]


def written(folder: Path, content: list[Row]) -> Path:
    source = folder / "rows.jsonl"
    source.write_bytes(b"".join(map(jsonl.encode, content)))
    parquet.write(source, folder / "out.parquet")
    return folder / "out.parquet"


def as_arrow_reads(path: Path) -> list[Row]:
    return [
        dict(zip(FIELDS, values, strict=True))
        for batch in arro3.io.read_parquet(path)
        for values in zip(*(batch.column(name).to_pylist() for name in FIELDS), strict=True)
    ]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
def test_another_program_reads_the_same_values(tmp_path: Path, count: int) -> None:
    path = written(tmp_path, rows(count))
    assert as_arrow_reads(path) == rows(count) == list(parquet.read(path))


def test_another_program_reads_many_pages_and_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsift.report.parquet._BATCH_ROWS", 10)
    monkeypatch.setattr("medsift.report.parquet._GROUP_ROWS", 25)
    path = written(tmp_path, rows(101))
    assert as_arrow_reads(path) == rows(101) == list(parquet.read(path))


def test_columns_have_the_types_of_the_record(tmp_path: Path) -> None:
    schema = arro3.io.read_parquet(written(tmp_path, rows(3))).schema
    names = {"str": "Utf8", "int": "Int64", "float": "Float64", "bbox": "List", "box": "List"}
    for field, kind in zip(schema, FIELDS.values(), strict=True):
        assert names[kind] in str(field.type), field


@given(COLUMNS)
def test_a_page_gives_its_values_back(column: tuple[FieldType, list[Any]]) -> None:
    kind, values = column
    page = encode(values, kind)
    assert decode(b"before" + page.data, 6, kind) == (values, 6 + len(page.data))


@settings(max_examples=60)
@given(st.integers(0, 5_000), st.integers(0, 255))
def test_a_damaged_file_is_a_value_error_or_other_rows(place: int, byte: int) -> None:
    data = bytearray(DAMAGED.read_bytes())
    data[place % len(data)] ^= byte
    path = DAMAGED.with_name("damaged.parquet")
    path.write_bytes(data)
    try:
        found = list(parquet.read(path))
    except ValueError:
        return
    assert all(list(row) == list(FIELDS) for row in found)


@pytest.fixture(scope="module", autouse=True)
def _damaged(tmp_path_factory: pytest.TempPathFactory) -> None:
    global DAMAGED  # noqa: PLW0603  hypothesis and fixtures of a function do not go together
    DAMAGED = written(tmp_path_factory.mktemp("damage"), rows(30))


DAMAGED = Path()


def test_a_file_of_another_program_is_a_value_error(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    arro3.io.write_parquet(arro3.io.read_parquet(written(tmp_path, rows(2))), path)
    with pytest.raises(ValueError, match="of another program"):
        list(parquet.read(path))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_structure_are_a_value_error(data: bytes) -> None:
    try:
        fields = thrift.Reader(data).structure()
    except ValueError:
        return
    assert isinstance(fields, dict)


@given(st.integers(-(2**63), 2**63 - 1), st.text(), st.integers(1, 40))
def test_a_structure_is_read_as_it_was_written(number: int, word: str, gap: int) -> None:
    _, data = thrift.structure(
        {
            gap: thrift.i64(number),
            gap * 2: thrift.text(word),
            gap * 3: thrift.sequence([thrift.i32(i) for i in range(gap)]),
        }
    )
    expected = {gap: number, gap * 2: word.encode(), gap * 3: list(range(gap))}
    assert thrift.Reader(data).structure() == expected
