"""Members of a zip archive without a sound directory: truncated downloads, broken copies.

Each member begins with a header of its own (APPNOTE.TXT 4.3.7), which is what is searched for.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

from medsift.core.errors import DecodeError, EncryptedError, UnsupportedError
from medsift.core.limits import KIB
from medsift.sources.container import Member

_SIGNATURE = b"PK\x03\x04"
_HEADER = struct.Struct("<4s5H3L2H")
_CHUNK = 64 * KIB
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800
_UNKNOWN_SIZE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Header:
    flags: int
    method: int
    packed: int
    start: int
    name: str

    @property
    def has_size(self) -> bool:
        return not self.flags & _SIZES_FOLLOW and self.packed != _UNKNOWN_SIZE


def salvaged(stream: BinaryIO) -> Iterator[Member]:
    """Yield the members that begin somewhere in the stream, in order."""
    position = 0
    while (position := _find(stream, position)) >= 0:
        header = _header(stream, position)
        if header is None:
            position += len(_SIGNATURE)
            continue
        yield Member(header.name, partial(_open, stream, header))
        # Of unknown size: the next header is searched for within it, which costs little.
        position = header.start + (header.packed if header.has_size else 0)


def _find(stream: BinaryIO, position: int) -> int:
    overlap = len(_SIGNATURE) - 1
    while True:
        stream.seek(position)
        data = stream.read(_CHUNK)
        found = data.find(_SIGNATURE)
        if found >= 0:
            return position + found
        if len(data) <= overlap:
            return -1
        position += len(data) - overlap


def _header(stream: BinaryIO, position: int) -> _Header | None:
    stream.seek(position)
    raw = stream.read(_HEADER.size)
    if len(raw) < _HEADER.size:
        return None
    _, version, flags, method, _, _, _, packed, _, name_size, extra_size = _HEADER.unpack(raw)
    name = stream.read(name_size)
    if version & 0xFF > 63 or not name or len(name) < name_size:
        return None
    encoding = "utf-8" if flags & _UTF8 else "cp437"
    start = position + _HEADER.size + name_size + extra_size
    return _Header(flags, method, packed, start, name.decode(encoding, "replace"))


def _open(stream: BinaryIO, header: _Header) -> BinaryIO:
    if header.flags & _ENCRYPTED:
        raise EncryptedError("the member is encrypted")
    if header.method == _DEFLATED:
        return cast("BinaryIO", _Deflated(stream, header.start))
    if header.method == _STORED and header.has_size:
        return cast("BinaryIO", _Stored(stream, header.start, header.packed))
    raise UnsupportedError("a compression that cannot be salvaged from a damaged archive")


class _Stored(io.RawIOBase):
    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._stream, self._position, self._left = stream, start, size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._stream.seek(self._position)
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        if not data and self._left and size:
            raise DecodeError("the member ends too early")
        self._position += len(data)
        self._left -= len(data)
        return data


class _Deflated(io.RawIOBase):
    def __init__(self, stream: BinaryIO, start: int) -> None:
        super().__init__()
        self._stream, self._position = stream, start
        self._inner = zlib.decompressobj(wbits=-15)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = _CHUNK if size < 0 else size
        while not self._inner.eof:
            data = self._inner.unconsumed_tail
            if not data:
                self._stream.seek(self._position)
                data = self._stream.read(_CHUNK)
                self._position += len(data)
            output = self._inner.decompress(data, size)
            if output:
                return output
            if not data:
                raise DecodeError("the member ends too early")
        return b""
