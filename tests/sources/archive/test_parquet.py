"""Parquet files with columns of pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from arro3.core import Array, DataType, Field, RecordBatch, list_array, list_offsets, struct_array
from arro3.io import write_parquet
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.picture import Picture, Problem
from medsift.sources.base import sha256_of
from tests.sources.archive.making import zipped
from tests.sources.inside import crashed, mutated, pictures, png, problems, scan, small

LABELS = Array([0, 1, 2], DataType.int64())


def binary(*values: bytes | None) -> Array:
    return Array(list(values), DataType.binary())


def structs(*values: bytes | None) -> Array:
    """A column as of Hugging Face's feature Image."""
    paths = Array([f"{i}.png" for i in range(len(values))], DataType.utf8())
    fields = [Field("bytes", DataType.binary()), Field("path", DataType.utf8())]
    return struct_array([binary(*values), paths], fields=fields)


def parquet(rows_a_group: int = 100, compression: str = "snappy", **columns: Array) -> bytes:
    stream = io.BytesIO()
    batch = RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    write_parquet(batch, stream, compression=compression, max_row_group_size=rows_a_group)
    return stream.getvalue()


@pytest.mark.parametrize("column", [binary, structs])
def test_each_row_is_a_member(column: Any) -> None:
    found = scan(parquet(image=column(png(1), png(2), png(3)), label=LABELS))
    assert pictures(found) == [(f"member row {i}", f"row {i}") for i in range(3)]
    assert [f.where.index for f in found] == [1, 2, 3]
    assert {f.where.source_type for f in found} == {"archive"}
    assert problems(found) == []


def test_the_bytes_of_a_picture_are_untouched() -> None:
    (found,) = scan(parquet(image=structs(png(7))))
    assert isinstance(found, Picture)
    assert found.sha256 == sha256_of(png(7))


def test_several_columns_are_told_apart_by_their_names() -> None:
    found = scan(parquet(left=structs(png(1), png(3)), right=binary(png(2), None)))
    expected = ["row 0/left", "row 0/right", "row 1/left"]
    assert [member for _, member in pictures(found)] == expected


def test_pictures_in_lists_are_numbered() -> None:
    lists = list_array(Array([0, 2, 2, 3], DataType.int32()), structs(png(1), png(2), png(3)))
    assert list_offsets(lists)
    found = scan(parquet(images=lists, label=LABELS))
    assert [member for _, member in pictures(found)] == ["row 0/1", "row 0/2", "row 2/1"]


def test_rows_of_all_groups_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    path.write_bytes(parquet(2, "zstd(3)", image=structs(*map(png, range(7)))))
    found = scan(path)
    assert [member for _, member in pictures(found)] == [f"row {i}" for i in range(7)]


def test_what_is_in_a_row_may_be_anything_that_medsift_reads() -> None:
    found = scan(parquet(file=binary(zipped(("a.png", png())), b"plain words")))
    assert pictures(found) == [("member row 0/a.png", "row 0/a.png")]
    assert problems(found) == [("unsupported", "1 member without pictures")]


def test_rows_without_a_picture_are_passed_over() -> None:
    found = scan(parquet(image=structs(None, png(1), b"")))
    assert pictures(found) == [("member row 1", "row 1")]


def test_a_table_without_bytes_is_not_read() -> None:
    (found,) = scan(parquet(label=LABELS))
    assert problems([found]) == [("unsupported", "")]


def test_a_file_inside_an_archive_names_both() -> None:
    found = scan(zipped(("train.parquet", parquet(image=binary(png())))))
    assert [member for _, member in pictures(found)] == ["train.parquet/row 0"]


def test_more_rows_than_members_are_allowed_are_a_limit() -> None:
    content = parquet(image=structs(png(1), *[None] * 50))
    found = scan(content, limits=small(members=20))
    assert pictures(found) == [("member row 0", "row 0")]
    assert [reason for reason, _ in problems(found)] == ["limit_exceeded"]


def test_a_long_value_that_many_rows_refer_to_is_held_once_at_a_time() -> None:
    large = png() + bytes(1_000_000)
    content = parquet(compression="zstd(3)", image=binary(*[large] * 40))
    assert len(content) < 1_000_000
    assert len(pictures(scan(content))) == 40


def test_rows_are_inflated_under_the_budget_of_the_input() -> None:
    content = parquet(compression="zstd(3)", image=binary(*[png() + bytes(100_000)] * 50))
    assert len(content) < 50_000
    found = scan(content, limits=small(inflated_bytes=1_000_000))
    assert "limit_exceeded" in {reason for reason, _ in problems(found)}


@pytest.mark.parametrize("kept", [4, 100, -1, -9])
def test_a_truncated_file_becomes_a_problem(kept: int) -> None:
    found = scan(parquet(image=binary(png()))[:kept])
    assert [reason for reason, _ in problems(found)] == ["undecodable"]


def test_without_the_library_the_record_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = parquet(image=binary(png()))
    monkeypatch.setitem(sys.modules, "arro3", None)
    monkeypatch.delitem(sys.modules, "arro3.io", raising=False)
    (problem,) = [each for each in scan(content) if isinstance(each, Problem)]
    assert problem.reason == "unsupported"
    assert "pip install arro3-io" in problem.error


def test_a_decoder_that_dies_costs_its_file_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arro3").mkdir()
    (tmp_path / "arro3" / "core.py").write_text("import os\nos.abort()\n")
    monkeypatch.setattr("medsift.sources.archive.parquet._folder_of_arro3", lambda: str(tmp_path))
    found = scan(zipped(("a.parquet", parquet(image=binary(png()))), ("b.png", png())))
    assert pictures(found) == [("member b.png", "b.png")]
    assert problems(found) == [("crashed", "member a.parquet")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_file_costs_its_decoder_at_most(changes: list[tuple[int, int]]) -> None:
    content = parquet(image=structs(png(1), png(2)), label=Array([0, 1], DataType.int64()))
    assert {error.partition(": ")[2] for error in crashed(scan(mutated(content, changes)))} <= {
        "the decoder of Parquet files died"
    }
