"""Parquet files, as others read them and as they come back when damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import arro3.io
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.errors import OutputError
from medsift.core.record import FIELDS, FieldType, Record
from medsift.report import jsonl, parquet
from medsift.report.values import Row, row_of


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
    monkeypatch.setattr("medsift.report.parquet._GROUP_ROWS", 25)
    path = written(tmp_path, rows(101))
    assert as_arrow_reads(path) == rows(101) == list(parquet.read(path))


def test_columns_have_the_types_of_the_record(tmp_path: Path) -> None:
    schema = arro3.io.read_parquet(written(tmp_path, rows(3))).schema
    names = {"str": "Utf8", "int": "Int64", "float": "Float64", "bbox": "List", "box": "List"}
    for field, kind in zip(schema, FIELDS.values(), strict=True):
        assert names[kind] in str(field.type), field


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    "str": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    "int": st.none() | st.integers(-(2**63), 2**63 - 1),
    "float": st.none() | NUMBERS,
    "box": st.none() | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4),
    "bbox": st.none() | st.lists(NUMBERS, min_size=4, max_size=4),
}


@settings(max_examples=6, deadline=None)
@given(st.lists(st.fixed_dictionaries({n: VALUES[k] for n, k in FIELDS.items()}), max_size=40))
def test_every_value_comes_back(content: list[Row]) -> None:
    assert list(parquet.read(written(DAMAGED.parent, content))) == content


def test_a_table_has_columns_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    content: list[Row] = [
        {"name": "a", "count": 1, "share": None},
        {"name": "b", "count": None, "share": 0.5},
    ]
    parquet.write_table(iter(content), path, {"name": "str", "count": "int", "share": "float"})
    (batch,) = arro3.io.read_parquet(path)
    assert [batch.column(i).to_pylist() for i in range(3)] == [["a", "b"], [1, None], [None, 0.5]]
    assert list(parquet.read_texts(path, ["count", "name", "other"])) == [
        {"name": "a"},
        {"name": "b"},
    ]
    with pytest.raises(ValueError, match="not the fields of a record"):
        list(parquet.read(path))


def test_facts_are_kept_in_the_directory(tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_bytes(b"")
    parquet.write(source, tmp_path / "out.parquet", {"medsift": "{}"})
    schema = arro3.io.read_parquet(tmp_path / "out.parquet").schema
    assert schema.metadata[b"medsift"] == b"{}"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_told_as_such(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_bytes(b"".join(map(jsonl.encode, rows(10))))
    with pytest.raises(OutputError, match="No space left"):
        parquet.write(source, Path("/dev/full"))
    assert capfd.readouterr().err == ""


def test_this_process_loads_neither_arrow_nor_numpy(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from medsift.report import parquet\n"
        "rows = Path(sys.argv[1]); rows.write_bytes(b''); path = rows.with_name('out.parquet')\n"
        "parquet.write(rows, path); print(list(parquet.read(path)))\n"
        "print([name for name in ('arro3.io', 'numpy') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "rows")], capture_output=True, check=True
    )
    assert done.stdout.split() == [b"[]", b"[]"]


@settings(max_examples=20, deadline=None)
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


def test_a_file_that_another_program_wrote_anew_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    arro3.io.write_parquet(arro3.io.read_parquet(written(tmp_path, rows(20))), path)
    assert list(parquet.read(path)) == rows(20)
