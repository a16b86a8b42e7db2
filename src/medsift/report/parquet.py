"""Parquet: typed columns, for pandas, DuckDB, Spark and whatever else reads Arrow.

A Parquet file has its directory at its end and cannot be appended to, so it is made in one
go, batch by batch, from rows that were kept elsewhere, see ``report.writers``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from medsift.core.errors import OutputError
from medsift.core.record import FIELDS
from medsift.report.values import Row

_MAGIC = b"PAR1"
_BATCH_ROWS = 4096
_GROUP_ROWS = 65_536
"""Rows of a row group: small enough to be held in memory while it is made."""


def write(rows: Iterable[Row], path: Path) -> None:
    """Write rows to ``path``; memory does not grow with their number.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    import arro3.core
    import arro3.io

    schema = _schema()
    broken: list[BaseException] = []

    def batches() -> Iterator[Any]:
        try:
            for chunk in _chunks(rows):
                yield _batch(chunk, schema)
        except BaseException as error:
            # On its way through arro3 it would lose its type.
            broken.append(error)
            raise

    try:
        arro3.io.write_parquet(
            arro3.core.RecordBatchReader.from_batches(schema, batches()),
            path,
            compression="zstd(3)",
            max_row_group_size=_GROUP_ROWS,
            created_by="medsift",
        )
    except BaseException as error:
        if broken:
            raise broken[0] from error
        if not _is_of_arro3(error):
            raise
        found = re.search(r'message: "(.*?)"', str(error))
        raise OutputError(f"cannot write {path}: {found[1] if found else error}") from error


def read(path: Path) -> Iterator[Row]:
    """Rows of a file that :func:`write` wrote.

    Raises
    ------
    ValueError
        It is no Parquet file, or has other columns.
    """
    import arro3.io

    _check_frame(path)
    try:
        batches = arro3.io.read_parquet(path)
    except BaseException as error:
        if not _is_of_arro3(error):
            raise
        raise ValueError(f"not a readable Parquet file: {error}") from error
    if list(batches.schema.names) != list(FIELDS):
        raise ValueError("its columns are not the fields of a record")
    for batch in batches:
        columns = [batch.column(name).to_pylist() for name in FIELDS]
        for values in zip(*columns, strict=True):
            yield dict(zip(FIELDS, values, strict=True))


def _is_of_arro3(error: BaseException) -> bool:
    # arro3 raises bare exceptions, and panics where it should raise: a full disk, a damaged
    # directory. A panic is not even an Exception.
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _check_frame(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(4)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8))
        tail = stream.read(8)
    directory = int.from_bytes(tail[:4], "little")
    if head != _MAGIC or tail[4:] != _MAGIC or directory + 12 > size:
        raise ValueError("not a Parquet file, or only a part of one")


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while chunk := list(itertools.islice(remaining, _BATCH_ROWS)):
        yield chunk


def _schema() -> Any:
    from arro3.core import Field, Schema

    return Schema([Field(name, _type(kind), kind != "str") for name, kind in FIELDS.items()])


def _type(kind: str) -> Any:
    from arro3.core import DataType, Field

    if kind == "bbox":
        return DataType.list(Field("item", DataType.float64()))
    return {"str": DataType.utf8, "int": DataType.int64, "float": DataType.float64}[kind]()


def _batch(rows: list[Row], schema: Any) -> Any:
    from arro3.core import Array, RecordBatch

    columns = []
    for name, kind in FIELDS.items():
        values = [row[name] for row in rows]
        columns.append(_lists(values) if kind == "bbox" else Array(values, type=_type(kind)))
    return RecordBatch.from_arrays(columns, schema=schema)


def _lists(values: list[list[float] | None]) -> Any:
    from arro3.core import Array, DataType, list_array

    lengths = [0 if value is None else len(value) for value in values]
    flat = [number for value in values if value is not None for number in value]
    return list_array(
        Array(np.cumsum([0, *lengths], dtype=np.int32)),
        Array(flat, type=DataType.float64()),
        type=_type("bbox"),
        mask=Array([value is None for value in values], type=DataType.bool()),
    )
