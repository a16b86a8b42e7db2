"""7z archives, where the optional library for them is installed."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import IO, Any, BinaryIO, cast

from medsift.core.errors import EncryptedError, UnsupportedError
from medsift.core.picture import Finding
from medsift.decode.guard import contained
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member
from medsift.sources.spool import MEMORY_BYTES

_NEEDS_PASSWORD = frozenset({"PasswordRequired"})
_UNSUPPORTED = frozenset({"UnsupportedCompressionMethodError"})


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
    with blob.open() as stream, tempfile.SpooledTemporaryFile(MEMORY_BYTES) as shelf:
        inflated: list[_Span] = []
        with contained("7z archive"):
            _inflate(stream, shelf, inflated, lambda size: container.spend(inflated_bytes=size))
        yield from container.findings(_members(shelf, inflated))


@dataclass(slots=True)
class _Span:
    """Where on the shelf a member lies."""

    name: str
    start: int
    size: int = 0


def _inflate(
    stream: BinaryIO, shelf: IO[bytes], inflated: list[_Span], count: Callable[[int], None]
) -> None:
    import py7zr
    from py7zr.io import Py7zIO, WriterFactory

    class Writer(Py7zIO):  # type: ignore[misc, no-any-unimported]
        """Appends to the shelf what the library inflates."""

        def __init__(self, span: _Span) -> None:
            self._span = span

        def write(self, s: bytes | bytearray) -> int:
            count(len(s))
            shelf.seek(self._span.start + self._span.size)
            shelf.write(s)
            self._span.size += len(s)
            return len(s)

        def read(self, size: int | None = None) -> bytes:
            shelf.seek(self._span.start)
            return shelf.read(min(self._span.size, size or self._span.size))

        def seek(self, offset: int, whence: int = 0) -> int:
            del whence
            return offset

        def flush(self) -> None:
            pass

        def size(self) -> int:
            return self._span.size

    class Factory(WriterFactory):  # type: ignore[misc, no-any-unimported]
        """Gives each member the room behind the one before."""

        def create(self, filename: str) -> Any:
            last = inflated[-1] if inflated else _Span("", 0)
            inflated.append(_Span(filename, last.start + last.size))
            return Writer(inflated[-1])

    try:
        with py7zr.SevenZipFile(stream) as archive:
            if archive.needs_password():
                raise EncryptedError("the archive needs a password")
            archive.extractall(factory=Factory())
    except Exception as error:
        if type(error).__name__ in _NEEDS_PASSWORD:
            raise EncryptedError("the archive needs a password") from error
        if type(error).__name__ in _UNSUPPORTED:
            raise UnsupportedError("a compression that the library does not know") from error
        raise


def _members(shelf: IO[bytes], inflated: list[_Span]) -> Iterator[Member]:
    for span in inflated:
        yield Member(span.name, partial(_open, shelf, span), span.size, counted=True)


def _open(shelf: IO[bytes], span: _Span) -> BinaryIO:
    return cast("BinaryIO", _Slice(shelf, span))


class _Slice(io.RawIOBase):
    def __init__(self, shelf: IO[bytes], span: _Span) -> None:
        super().__init__()
        self._shelf, self._position, self._end = shelf, span.start, span.start + span.size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._position
        self._shelf.seek(self._position)
        data = self._shelf.read(left if size < 0 else min(size, left))
        self._position += len(data)
        return data
