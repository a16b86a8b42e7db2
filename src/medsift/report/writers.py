"""Writers: records go in, one file comes out; CSV, JSONL or Parquet by its suffix.

CSV and JSONL are appended to, so what was found can be read while a scan runs, or after it
was killed. Parquet cannot be: its rows wait as JSONL in a file beside it and become ``FILE`` on
closing, in one step, so that a reader never meets half a file.

An existing file is overwritten: whoever opens a writer has asked before. A missing folder is not
made, since it is more often a typing error than a wish.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from medsift.core.errors import OutputError, UsageError
from medsift.report import csv_file, jsonl, parquet
from medsift.report.drafts import draft_beside, new_mark
from medsift.report.stream import StreamWriter, Writer
from medsift.report.values import Row

STANDARD_OUTPUT = "-"
SUFFIXES = (".csv", ".jsonl", ".parquet")
_BUFFER_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class LineFormat:
    """A format that rows can be appended to."""

    header: bytes
    encode: Callable[[Row], bytes]


_CSV = LineFormat(csv_file.HEADER, csv_file.encode)
_CSV_IN_COLUMNS = LineFormat(csv_file.HEADER_IN_COLUMNS, csv_file.encode_in_columns)
_JSONL = LineFormat(jsonl.HEADER, jsonl.encode)


class LineWriter(Writer):
    """Appends rows to a file; on the disk there are whole rows only, also where it is full.

    Parameters
    ----------
    file : Path
    layout : LineFormat
    keep : int
        Bytes of an earlier run to keep; the rest of the file is cut off.
    checksum : int
        CRC-32 of the bytes that are kept.
    """

    def __init__(self, file: Path, layout: LineFormat, keep: int = 0, checksum: int = 0) -> None:
        self.file = file
        self._layout = layout
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        with _writing(file):
            if keep:
                os.truncate(file, keep)
            self._stream = file.open("ab" if keep else "wb", buffering=0)
        self._on_disk = keep
        self.size = keep
        """Bytes of whole rows."""
        self.checksum = checksum
        """CRC-32 of these bytes."""
        if not keep:
            self._append(layout.header)
            try:
                self.flush()
            except BaseException:
                self._stream.close()
                raise

    def write_row(self, row: Row) -> None:
        """Append a row."""
        self._append(self._layout.encode(row))

    def flush(self) -> None:
        """Hand the rows to the operating system."""
        rows, self._waiting, self._waiting_bytes = self._waiting, [], 0
        data = memoryview(b"".join(rows))
        written = 0
        with _writing(self.file):
            try:
                while written < len(data):
                    written += self._stream.write(data[written:]) or 0
            except OSError:
                self._cut(rows, written)
                raise
        self._on_disk += written

    def rewind(self, keep: int, checksum: int) -> None:
        """Cut off what is behind the first ``keep`` bytes, to go on from there."""
        self.flush()
        if not keep:
            keep, checksum = len(self._layout.header), zlib.crc32(self._layout.header)
        with _writing(self.file):
            os.truncate(self.file, keep)
        self.size, self.checksum, self._on_disk = keep, checksum, keep

    def seal(self) -> None:
        """Make the output complete."""
        if self._stream.closed:
            return
        try:
            self.flush()
            with _writing(self.file):
                # An interrupt may have come between a row and the note of its size.
                os.truncate(self.file, self._on_disk)
                os.fsync(self._stream.fileno())
        finally:
            self._stream.close()

    def close(self) -> None:
        """Make the output complete and leave nothing else behind."""
        self.seal()

    def leave(self) -> None:
        """Close it as it is."""
        self._stream.close()

    def drop(self) -> None:
        """Close it before there is a row; what is left is empty, but for the names of fields."""
        self._stream.close()

    def _append(self, line: bytes) -> None:
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        self.size += len(line)
        self.checksum = zlib.crc32(line, self.checksum)
        if self._waiting_bytes > _BUFFER_BYTES:
            self.flush()

    def _cut(self, rows: list[bytes], written: int) -> None:
        """Take away the torn row at the end, after the system took no more."""
        whole = 0
        for row in rows:
            if whole + len(row) > written:
                break
            whole += len(row)
        self._on_disk += whole
        with suppress(OSError):
            os.truncate(self.file, self._on_disk)


class ParquetWriter(Writer):
    """Keeps rows in a file beside it and makes ``FILE`` from them on closing.

    Parameters
    ----------
    path : Path
    rows : Path
        For the rows.
    keep, checksum : int
        As for :class:`LineWriter`.
    """

    def __init__(self, path: Path, rows: Path, keep: int = 0, checksum: int = 0) -> None:
        self.path = path
        self._rows = LineWriter(rows, _JSONL, keep, checksum)
        self._sealed = False

    @property
    def size(self) -> int:
        """Bytes of whole rows in the file that is appended to."""
        return self._rows.size

    @property
    def checksum(self) -> int:
        """CRC-32 of these bytes."""
        return self._rows.checksum

    def write_row(self, row: Row) -> None:
        """Append a row."""
        self._rows.write_row(row)

    def flush(self) -> None:
        """Hand the rows to the operating system."""
        self._rows.flush()

    def rewind(self, keep: int, checksum: int) -> None:
        """Cut off what is behind the first ``keep`` bytes, to go on from there."""
        self._rows.rewind(keep, checksum)

    def seal(self) -> None:
        """Make the output complete."""
        if self._sealed:
            return
        self._rows.seal()
        with _writing(self.path):
            draft = draft_beside(self.path)
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

    def leave(self) -> None:
        """Close it as it is."""
        self._rows.leave()

    def drop(self) -> None:
        """Close it before there is a row, and leave nothing."""
        self._rows.leave()
        self._rows.file.unlink(missing_ok=True)


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


def open_file(
    path: Path,
    appended: Path | None = None,
    keep: int = 0,
    checksum: int = 0,
    bbox_columns: bool = False,
) -> LineWriter | ParquetWriter:
    """A writer for a file that keeps the first ``keep`` bytes of the rows of an earlier run.

    Parameters
    ----------
    path : Path
    appended : Path, optional
        Where its rows are appended to, see :func:`rows_path`.
    keep, checksum : int
        As for :class:`LineWriter`.
    bbox_columns : bool
        A new CSV file has four columns for ``bbox``; what is kept of one says so itself.
    """
    if is_parquet(path):
        rows = appended or rows_path(path, new_mark())
        return ParquetWriter(path, rows, keep, checksum)
    if keep:
        return LineWriter(path, layout_of(path), keep, checksum)
    in_columns = bbox_columns and path.suffix.lower() == ".csv"
    return LineWriter(path, _CSV_IN_COLUMNS if in_columns else _plain_layout_of(path))


def is_parquet(path: Path) -> bool:
    """Whether an output is one that cannot be appended to."""
    return path.suffix.lower() == ".parquet"


def layout_of(file: Path) -> LineFormat:
    """How rows are laid out in a file that is there already."""
    with file.open("rb") as stream:
        columns = stream.read(len(_CSV_IN_COLUMNS.header)) == _CSV_IN_COLUMNS.header
    return _CSV_IN_COLUMNS if columns else _plain_layout_of(file)


def _plain_layout_of(file: Path) -> LineFormat:
    return _CSV if file.suffix.lower() == ".csv" else _JSONL


def rows_path(path: Path, mark: str) -> Path:
    """The file that rows for ``path`` are appended to: itself, but for Parquet.

    The mark makes it a name that no file of the user's has.
    """
    return path.with_name(f"{path.name}.{mark}.rows") if is_parquet(path) else path


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
    if suffix == ".jsonl":
        return jsonl.read(path)
    return parquet.read(path)


def read_appended(appended: Path) -> Iterator[Row]:
    """The rows that are there to append to."""
    return jsonl.read(appended) if layout_of(appended) is _JSONL else csv_file.read(appended)


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
