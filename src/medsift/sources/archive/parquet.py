"""Parquet files with columns of pictures, as data sets of machine learning are handed on.

Read are columns of bytes, of structs with a field ``bytes`` (Hugging Face's feature ``Image``),
and lists of either. What the bytes are is told by their content, as anywhere else.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from medsift.core import arrow
from medsift.core.errors import (
    CrashedError,
    DecodeError,
    InputError,
    LimitError,
    UnreadableError,
    UnsupportedError,
)
from medsift.core.limits import MIB, Limits
from medsift.core.picture import Finding
from medsift.sources.archive.parquet_child import END, HEADER, TOO_MANY_ROWS
from medsift.sources.base import Blob, Context
from medsift.sources.container import CHUNK, Container, Member

_MAGIC = b"PAR1"
_DIRECTORY_BYTES = 64 * MIB
_MOST_SECONDS = 1_000_000
_LONGEST_LINE = 1 * MIB


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures in the columns of bytes, row by row.

    A picture is the member ``row 12``, counted from 0; ``row 12/COLUMN`` where there are several
    columns of bytes, with the number in its list, from 1, where it is in one.

    Raises
    ------
    UnsupportedError
        There is no column of bytes.
    DecodeError, CrashedError
        Damaged; what was found before counts.
    LimitError
        Nested too deeply, a budget is used up, or there are more rows than members are allowed.
    """
    container = Container(blob, context, "archive")
    with _on_disk(blob) as file:
        _check_frame(file)
        with _decoding(file, context.limits) as process:
            yield from container.findings(_members(process, context.limits))


@contextmanager
def _on_disk(blob: Blob) -> Iterator[BinaryIO]:
    """Open the blob as what another process can read, too."""
    if blob.data is None:
        with blob.open() as file:
            yield file
        return
    with tempfile.TemporaryFile() as kept:
        try:
            kept.write(blob.data)
            kept.flush()
        except OSError as error:
            text = f"no room for a temporary file: {error.strerror or error}"
            raise UnreadableError(text) from error
        yield cast("BinaryIO", kept)


@contextmanager
def _decoding(file: BinaryIO, limits: Limits) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process that decodes, for as long as the context lasts."""
    child = str(Path(__file__).with_name("parquet_child.py"))
    seconds = max(1, int(min(limits.seconds, _MOST_SECONDS)))
    bounds = map(str, (limits.members, seconds, limits.memory_bytes))
    try:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", child, _folder_of_arro3(), *bounds],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise CrashedError("no process to decode the Parquet file in") from error
    with process:
        try:
            yield process
        finally:
            process.kill()


def _folder_of_arro3() -> str:
    folder = arrow.installed_at()
    if folder is None:
        raise UnsupportedError("Parquet files need a package: pip install arro3-io")
    return folder


def _members(process: subprocess.Popen[bytes], limits: Limits) -> Iterator[Member]:
    """Yield the values, each of which is to be read before the next one is asked for."""
    stream = cast("BinaryIO", process.stdout)
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise _fault(process)
    columns = json.loads(line)
    if not columns:
        raise UnsupportedError("a Parquet file without a column of bytes")
    while True:
        header = stream.read(HEADER.size)
        if len(header) < HEADER.size:
            raise _fault(process)
        row, column, order, length = HEADER.unpack(header)
        if row == END:
            return
        if row == TOO_MANY_ROWS:
            raise LimitError(f"more than {limits.members} rows")
        parts = [f"row {row}", columns[column] if len(columns) > 1 else "", str(order or "")]
        value = _Value(stream, length)
        yield Member("/".join(filter(None, parts)), partial(cast, "BinaryIO", value), length)
        value.skip()
        if value.left:
            raise _fault(process)


class _Value(io.RawIOBase):
    """The next bytes of a stream, which others close."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream, self.left = stream, length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data

    def skip(self) -> None:
        """Pass over what was not read."""
        while self.left and self.read(CHUNK):
            pass


def _fault(process: subprocess.Popen[bytes]) -> InputError:
    """Why the output ended too early."""
    if process.wait() < 0:
        return CrashedError("the decoder of Parquet files died")
    return DecodeError("damaged Parquet file")


def _check_frame(stream: BinaryIO) -> None:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 8))
    tail = stream.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or length + 12 > size:
        raise DecodeError("a truncated Parquet file: its directory is missing")
    if length > _DIRECTORY_BYTES:
        raise LimitError(f"its directory is longer than {_DIRECTORY_BYTES // MIB} MiB")
