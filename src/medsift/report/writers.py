"""Writers: records go in, one file comes out; CSV, JSONL or Parquet by its suffix.

CSV and JSONL are appended to, so what was found can be read while a scan runs, or after it
was killed. Parquet cannot be: its rows wait as JSONL in ``FILE.rows`` and become ``FILE`` on
closing, in one step, so that a reader never meets half a file.

An existing file is overwritten, as most tools do; a missing folder is not made, since it is
more often a typing error than a wish.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report import csv_file, jsonl, parquet, standard_output
from medsift.report.values import Row, row_of

STANDARD_OUTPUT = "-"
SUFFIXES = (".csv", ".jsonl", ".parquet")

_Self = TypeVar("_Self", bound="Writer")


class Writer(Protocol):
    """Takes records; on leaving its ``with`` block the output is complete.

    Every method raises :class:`~medsift.core.errors.OutputError` where the system refuses.
    """

    def write_row(self, row: Row) -> None:
        """Add a row, as :func:`medsift.report.values.row_of` makes it."""

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""

    def seal(self) -> None:
        """Make the output complete, but keep what resuming a scan would need."""

    def close(self) -> None:
        """Make the output complete and leave nothing else behind. May be called twice."""

    def write(self, record: Record) -> None:
        """Add a record."""
        self.write_row(row_of(record))

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class LineFormat:
    """A format that rows can be appended to."""

    header: bytes
    encode: Callable[[Row], bytes]


_CSV = LineFormat(csv_file.HEADER, csv_file.encode)
_CSV_IN_COLUMNS = LineFormat(csv_file.HEADER_IN_COLUMNS, csv_file.encode_in_columns)
_JSONL = LineFormat(jsonl.HEADER, jsonl.encode)


class LineWriter(Writer):
    """Appends rows to a file.

    Parameters
    ----------
    file : Path
    layout : LineFormat
    keep : int
        Bytes of an earlier run to keep; the rest of the file is cut off.
    """

    def __init__(self, file: Path, layout: LineFormat, keep: int = 0) -> None:
        self.file = file
        self._layout = layout
        with _writing(file):
            if keep:
                os.truncate(file, keep)
            self._stream: BinaryIO = file.open("ab" if keep else "wb")
        self.size = keep
        """Bytes of whole rows."""
        if not keep:
            self._append(layout.header)
            self.flush()

    def write_row(self, row: Row) -> None:
        """Append a row."""
        self._append(self._layout.encode(row))

    def flush(self) -> None:
        """Hand the rows to the operating system."""
        with _writing(self.file):
            self._stream.flush()

    def seal(self) -> None:
        """Make the output complete."""
        if self._stream.closed:
            return
        with _writing(self.file):
            try:
                self._stream.flush()
                # An interrupt may have come between a row and the note of its size.
                os.truncate(self.file, self.size)
                os.fsync(self._stream.fileno())
            finally:
                self._stream.close()

    def close(self) -> None:
        """Make the output complete and leave nothing else behind."""
        self.seal()

    def _append(self, line: bytes) -> None:
        with _writing(self.file):
            self._stream.write(line)
        self.size += len(line)


class ParquetWriter(Writer):
    """Keeps rows in ``FILE.rows`` and makes ``FILE`` from them on closing.

    Parameters
    ----------
    path : Path
    keep : int
        Bytes of the rows of an earlier run to keep.
    """

    def __init__(self, path: Path, keep: int = 0) -> None:
        self.path = path
        self._rows = LineWriter(rows_path(path), _JSONL, keep)
        self._sealed = False

    @property
    def size(self) -> int:
        """Bytes of whole rows in the file that is appended to."""
        return self._rows.size

    def write_row(self, row: Row) -> None:
        """Append a row."""
        self._rows.write_row(row)

    def flush(self) -> None:
        """Hand the rows to the operating system."""
        self._rows.flush()

    def seal(self) -> None:
        """Make the output complete."""
        if self._sealed:
            return
        self._rows.seal()
        draft = self.path.with_name(self.path.name + ".tmp")
        with _writing(self.path):
            try:
                parquet.write(self._rows.file, draft)
                draft.replace(self.path)
            finally:
                draft.unlink(missing_ok=True)
        self._sealed = True

    def close(self) -> None:
        """Make the output complete and leave nothing else behind."""
        self.seal()
        self._rows.file.unlink(missing_ok=True)


class StreamWriter(Writer):
    """JSONL on standard output."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write_row(self, row: Row) -> None:
        """Append a row."""
        with standard_output.writing(self._stream):
            self._stream.write(jsonl.encode(row))

    def flush(self) -> None:
        """Hand the rows to the operating system."""
        with standard_output.writing(self._stream):
            self._stream.flush()

    def seal(self) -> None:
        """Make the output complete."""
        self.flush()

    def close(self) -> None:
        """Make the output complete and leave nothing else behind."""
        self.flush()


def open_writer(path: str) -> Writer:
    """A writer for one output, by its suffix; ``-`` is JSONL on standard output.

    Raises
    ------
    UsageError
        The suffix is not one of :data:`SUFFIXES`.
    OutputError
        The file cannot be written there.
    """
    if path == STANDARD_OUTPUT:
        return StreamWriter(sys.stdout.buffer)
    return open_file(checked(path))


def open_file(path: Path, keep: int = 0, bbox_columns: bool = False) -> LineWriter | ParquetWriter:
    """A writer for a file that keeps the first ``keep`` bytes of the rows of an earlier run.

    What is kept of a CSV file says whether its ``bbox`` has columns of its own, which a new one
    has where ``bbox_columns`` says so.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return ParquetWriter(path, keep)
    if keep:
        return LineWriter(path, layout_of(path), keep)
    in_columns = bbox_columns and suffix == ".csv"
    return LineWriter(path, _CSV_IN_COLUMNS if in_columns else _plain_layout_of(path))


def layout_of(file: Path) -> LineFormat:
    """How rows are laid out in a file that is there already."""
    with file.open("rb") as stream:
        columns = stream.read(len(_CSV_IN_COLUMNS.header)) == _CSV_IN_COLUMNS.header
    return _CSV_IN_COLUMNS if columns else _plain_layout_of(file)


def _plain_layout_of(file: Path) -> LineFormat:
    return _CSV if file.suffix.lower() == ".csv" else _JSONL


def rows_path(path: Path) -> Path:
    """The file that rows for ``path`` are appended to: itself, but for Parquet."""
    if path.suffix.lower() == ".parquet":
        return path.with_name(path.name + ".rows")
    return path


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file that medsift wrote, in order.

    Raises
    ------
    UsageError
        The suffix is not one of :data:`SUFFIXES`.
    ValueError
        The content is not as medsift writes it.
    OSError
        The file cannot be read.
    """
    suffix = _checked_suffix(path)
    if suffix == ".csv":
        return csv_file.read(path)
    return parquet.read(path) if suffix == ".parquet" else jsonl.read(path)


def read_kept(path: Path) -> Iterator[Row]:
    """The rows that are there to append to, for an output at ``path``."""
    rows = rows_path(path)
    return read_rows(path) if rows == path else jsonl.read(rows)


def checked(path: str) -> Path:
    """The path, once it is clear that a file of a known type can be written there.

    Raises
    ------
    UsageError, OutputError
        As :func:`open_writer`.
    """
    target = Path(path)
    _checked_suffix(target)
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {folder}")
    if target.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder")
    if not os.access(target if target.exists() else folder, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied")
    return target


def _checked_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"cannot tell the format of {path}: outputs end in "
            f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, or are - for standard output"
        )
    return suffix


@contextmanager
def _writing(target: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
