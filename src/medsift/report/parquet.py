"""Parquet: typed columns, for pandas, DuckDB, Spark and whatever else reads Arrow.

A Parquet file has its directory at its end and cannot be appended to, so it is made in one
go from rows that were collected as JSON Lines, see ``report.writers``. Arrow's own reader of
JSON Lines does that batch by batch, with the types of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsift.core.errors import OutputError
from medsift.core.record import FIELDS
from medsift.report.values import Row

_MAGIC = b"PAR1"
_BATCH_ROWS = 4096
_GROUP_ROWS = 65_536
"""Rows of a row group: few enough to be held in memory while it is made."""


def write(rows: Path, path: Path) -> None:
    """Make a Parquet file of rows in JSON Lines; memory does not grow with their number.

    Parameters
    ----------
    rows : Path
        As :mod:`medsift.report.jsonl` writes them.
    path : Path

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    import arro3.io

    try:
        arro3.io.write_parquet(
            arro3.io.read_json(rows, _schema(), batch_size=_BATCH_ROWS),
            path,
            compression="zstd(3)",
            max_row_group_size=_GROUP_ROWS,
            created_by="medsift",
        )
    except BaseException as error:
        if not _is_of_arro3(error):
            raise
        found = re.search(r'message: "(.*?)"', str(error))
        raise OutputError(f"cannot write {path}: {found[1] if found else error}") from error


def read(path: Path) -> Iterator[Row]:
    """Rows of a file that :func:`write` made.

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


def _schema() -> Any:
    from arro3.core import DataType, Field, Schema

    number = DataType.float64()
    types = {
        "str": DataType.utf8(),
        "int": DataType.int64(),
        "float": number,
        "bbox": DataType.list(Field("item", number)),
    }
    return Schema([Field(name, types[kind], kind != "str") for name, kind in FIELDS.items()])
