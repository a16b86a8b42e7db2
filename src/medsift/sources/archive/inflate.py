"""A compressed stream, inflated piece by piece and counted on the way."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, Protocol, cast

from medsift.core.errors import DecodeError, UnsupportedError
from medsift.core.limits import KIB, MIB

_CHUNK = 64 * KIB
_XZ_MEMORY = 128 * MIB  # twice what the highest preset takes


class Decompressor(Protocol):
    """What :mod:`bz2`, :mod:`lzma` and the Zstandard modules have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the compressed data was seen."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out unless something goes in."""

    @property
    def unused_data(self) -> bytes:
        """What followed the end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Inflate, to at most ``max_length`` bytes."""


class _Gzip:
    """:mod:`zlib` by the same protocol; the header and the checksum are zlib's to check."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._full and not self._inner.unconsumed_tail and not self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        output = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(output) == max_length
        return output


class Inflating(io.RawIOBase):
    """Reads compressed data; several streams in a row are one, what follows them is ignored.

    Parameters
    ----------
    stream : BinaryIO
    kind : {"gzip", "bzip2", "xz", "zstd"}
    count : callable
        Is told of all bytes that come out, and may raise.

    Attributes
    ----------
    fault : DecodeError or None
        Why the data ended before its end. What came out until then may be worth a look, so
        this is for the caller to raise.

    Raises
    ------
    UnsupportedError
        Zstandard is not installed.
    """

    def __init__(self, stream: BinaryIO, kind: str, count: Callable[[int], None]) -> None:
        super().__init__()
        self._stream = stream
        self._new = _decompressor(kind)
        self._inner = self._new()
        self._count = count
        self._ended = False
        self.fault: DecodeError | None = None

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer with as much as one step gives; 0 at the end."""
        view = memoryview(cast("bytearray", buffer)).cast("B")
        while not self._ended:
            data = self._step(len(view))
            if data:
                self._count(len(data))
                view[: len(data)] = data
                return len(data)
        return 0

    def _step(self, most: int) -> bytes:
        inner = self._inner
        if inner.eof:
            self._begin_next(inner.unused_data)
            return b""
        data = self._stream.read(_CHUNK) if inner.needs_input else b""
        if inner.needs_input and not data:
            return self._end("the compressed data ends too early")
        try:
            return inner.decompress(data, most)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - Zstandard's own error is no more than that
            return self._end(f"the compressed data is damaged: {error}")

    def _end(self, fault: str) -> bytes:
        self.fault = DecodeError(fault)
        self._ended = True
        return b""

    def _begin_next(self, rest: bytes) -> None:
        while True:
            rest = rest.lstrip(b"\0")  # tapes are padded
            if rest:
                break
            rest = self._stream.read(_CHUNK)
            if not rest:
                self._ended = True
                return
        inner = self._new()
        try:
            ahead = inner.decompress(rest, 1)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - as above
            self._ended = True  # something else than a further stream
            return
        self._inner = _Ahead(inner, ahead) if ahead else inner


class _Ahead:
    """A decompressor that gave bytes before they were asked for."""

    def __init__(self, inner: Decompressor, ahead: bytes) -> None:
        self._inner = inner
        self._ahead = ahead

    @property
    def eof(self) -> bool:
        return not self._ahead and self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._ahead and self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._ahead:
            output, self._ahead = self._ahead[:max_length], self._ahead[max_length:]
            return output
        return self._inner.decompress(data, max_length)


def _decompressor(kind: str) -> Callable[[], Decompressor]:
    if kind == "gzip":
        return _Gzip
    if kind == "bzip2":
        return bz2.BZ2Decompressor
    if kind == "xz":
        return lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    return _zstd()


def _zstd() -> Callable[[], Decompressor]:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module = import_module(name)
        except ImportError:
            continue
        return cast("Callable[[], Decompressor]", module.ZstdDecompressor)
    raise UnsupportedError("Zstandard needs an extra: pip install 'medsift[archives]'")
