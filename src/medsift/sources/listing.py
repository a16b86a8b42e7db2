"""Lists of inputs: text with one a line, or a column of a Parquet file."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsift.core.errors import UsageError

_COLUMNS = ("url", "path", "source", "uri", "address", "file")
_BATCH = 4096


def read(name: str) -> Iterator[str]:
    """Names of inputs in a list; memory does not grow with its length.

    Parameters
    ----------
    name : str
        A text file, or ``FILE.parquet``, or ``FILE.parquet:COLUMN``. Without a column the first
        of ``url``, ``path``, ``source``, ``uri``, ``address`` and ``file`` that is there.

    Raises
    ------
    UsageError
        There is no such list, or no such column.
    """
    path, column = split(name)
    if path.suffix.lower() == ".parquet":
        return column_of(path, column)
    return _lines(path)


def check(name: str) -> None:
    """See whether a list can be read, without reading it.

    Raises
    ------
    UsageError
        There is no such list, or no such column, or the system refuses.
    """
    path, column = split(name)
    if path.suffix.lower() == ".parquet":
        rows_of(path, column)
        return
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise UsageError(f"cannot read the list {path}: {error.strerror or error}") from error


def split(name: str) -> tuple[Path, str]:
    """File and column of the name of a list."""
    file, separator, column = name.rpartition(":")
    if not (separator and file.lower().endswith(".parquet")):
        file, column = name, ""
    if not Path(file).is_file():
        raise UsageError(f"there is no list {file}")
    return Path(file), column


def column_of(path: Path, column: str, start: int = 0, stop: int | None = None) -> Iterator[str]:
    """Values of a column from row ``start`` to before ``stop``; empty ones are left out."""
    file = _opened(path)
    chosen = _column(path, file, column)
    stop = file.metadata.num_rows if stop is None else stop
    skipped, groups = _groups(file.metadata, start, stop)
    batches = file.iter_batches(_BATCH, row_groups=groups, columns=[chosen])
    values = (value for batch in batches for value in batch.column(0).to_pylist())
    taken = itertools.islice(values, start - skipped, stop - skipped)
    return (str(value) for value in taken if value)


def rows_of(path: Path, column: str) -> int:
    """Number of rows, from the directory of a Parquet file alone; checks the column."""
    file = _opened(path)
    _column(path, file, column)
    return int(file.metadata.num_rows)


def _groups(metadata: Any, start: int, stop: int) -> tuple[int, list[int]]:
    """Row groups that hold the rows, and the number of rows before the first of them."""
    groups: list[int] = []
    first = row = 0
    for group in range(metadata.num_row_groups):
        count = metadata.row_group(group).num_rows
        if row < stop and row + count > start:
            first = first if groups else row
            groups.append(group)
        row += count
    return first, groups


def _opened(path: Path) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        text = "lists in Parquet need pyarrow: pip install medsift[ray]"
        raise UsageError(text) from error
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path} is no readable Parquet file: {error}") from error


def _column(path: Path, file: Any, column: str) -> str:
    names = list(file.schema_arrow.names)
    for name in [column] if column else _COLUMNS:
        if name in names:
            return name
    wanted = repr(column) if column else f"named {', '.join(_COLUMNS)}"
    raise UsageError(f"{path} has no column {wanted}; it has {', '.join(names)}")


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding=_encoding(path), errors="surrogateescape") as stream:
        for line in stream:
            if name := line.rstrip("\r\n"):
                yield name


def _encoding(path: Path) -> str:
    """The encoding of a text, by its byte order mark: PowerShell writes UTF-16."""
    with path.open("rb") as stream:
        head = stream.read(len(codecs.BOM_UTF8))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"
