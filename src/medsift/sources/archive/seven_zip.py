"""7z archives, where the optional library for them is installed."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import IO, BinaryIO, cast

from medsift.core.errors import EncryptedError, UnsupportedError
from medsift.core.picture import Finding
from medsift.decode.guard import contained
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member
from medsift.sources.spool import MEMORY_BYTES


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield what is in the members of a 7z archive.

    Members can only be inflated together, so they all wait in one temporary file.

    Raises
    ------
    UnsupportedError
        The library is not installed, or does not know a compression.
    EncryptedError
        A password is needed.
    DecodeError
        Damaged.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    if find_spec("py7zr") is None:
        raise UnsupportedError("7z archives need an extra: pip install 'medsift[archives]'")
    container = Container(blob, context, "archive")
    with blob.open() as stream, tempfile.SpooledTemporaryFile(MEMORY_BYTES) as file:
        inflated = _WriterFactory(file, lambda size: container.spend(inflated_bytes=size))
        with contained("7z archive"):
            _inflate(stream, inflated)
        yield from container.findings(_members(inflated))


@dataclass(slots=True)
class _Span:
    """Where in the file a member lies."""

    name: str
    start: int
    size: int = 0


@dataclass(slots=True, eq=False)
class _WriterFactory:
    """Takes what the library inflates: it asks for a writer for each member in turn."""

    file: IO[bytes]
    count: Callable[[int], None]
    spans: list[_Span] = field(default_factory=list)

    def create(self, filename: str) -> _Writer:
        start = self.spans[-1].start + self.spans[-1].size if self.spans else 0
        self.spans.append(_Span(filename, start))
        return _Writer(self, self.spans[-1])


@dataclass(slots=True, eq=False)
class _Writer:
    """Appends to the file; the library's interface of a file."""

    inflated: _WriterFactory
    span: _Span

    def write(self, data: bytes | bytearray) -> int:
        self.inflated.count(len(data))
        self.inflated.file.seek(self.span.start + self.span.size)
        self.inflated.file.write(data)
        self.span.size += len(data)
        return len(data)

    def read(self, size: int | None = None) -> bytes:
        return _Slice(self.inflated.file, self.span).read(-1 if size is None else size)

    def seek(self, offset: int, _whence: int = 0) -> int:
        return offset

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self.span.size

    def close(self) -> None:
        pass


def _inflate(stream: BinaryIO, inflated: _WriterFactory) -> None:
    import py7zr

    try:
        with py7zr.SevenZipFile(stream) as archive:
            if archive.needs_password():
                raise EncryptedError("the archive needs a password")
            archive.extractall(factory=inflated)
    except py7zr.PasswordRequired as error:
        raise EncryptedError("the archive needs a password") from error
    except py7zr.UnsupportedCompressionMethodError as error:
        raise UnsupportedError("a compression that the library does not know") from error


def _members(inflated: _WriterFactory) -> Iterator[Member]:
    for span in inflated.spans:
        yield Member(span.name, partial(_open, inflated, span), span.size, counted=True)


def _open(inflated: _WriterFactory, span: _Span) -> BinaryIO:
    return cast("BinaryIO", _Slice(inflated.file, span))


class _Slice(io.RawIOBase):
    def __init__(self, file: IO[bytes], span: _Span) -> None:
        super().__init__()
        self._file, self._position, self._end = file, span.start, span.start + span.size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._position
        self._file.seek(self._position)
        data: bytes = self._file.read(left if size < 0 else min(size, left))
        self._position += len(data)
        return data
