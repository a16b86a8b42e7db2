"""Files that were put into office documents as objects."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from medsift.core.errors import DecodeError
from medsift.sources.office.officeart import Inflate

_LONGEST_NAME = 4096
# Instance 0 or 1 of an ExOleObjStg record, [MS-PPT] 2.10.34 and 2.10.35.
_OBJECT = re.compile(rb"[\x00\x10]\x00\x11\x10", re.DOTALL)
_COMPRESSED = 0x10
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def native_object(data: bytes) -> tuple[str, bytes]:
    r"""File name and content of an ``\x01Ole10Native`` stream ([MS-OLEDS] 2.3.6).

    The layout of a packaged file is not documented; it is that of Windows' Object Packager.
    Anything else gives all of the content, without a name.
    """
    content = data[4:]
    if content[:2] != b"\x02\x00":
        return "", content
    try:
        label, position = _text(content, 2)
        _, position = _text(content, position)
        position += 4  # flags
        (length,) = struct.unpack_from("<I", content, position)
        position += 4 + length  # a path for the time of editing
        (length,) = struct.unpack_from("<I", content, position)
    except (struct.error, DecodeError):
        return "", content
    position += 4
    return label, content[position : position + length]


def powerpoint_objects(stream: bytes, inflate: Inflate) -> Iterator[bytes]:
    """Yield the compound files within the main stream of a presentation.

    Parameters
    ----------
    stream : bytes
    inflate : callable
        Inflates zlib data, whose length is announced, within the budget.
    """
    position = 0
    view = memoryview(stream)
    while found := _OBJECT.search(stream, position):
        start = found.start()
        position = start + 1
        length = int.from_bytes(stream[start + 4 : start + 8], "little")
        body: bytes | memoryview = view[start + 8 : start + 8 + length]
        if length < 8 or len(body) < length:
            continue
        if stream[start] == _COMPRESSED:
            try:
                body = inflate(body[4:], int.from_bytes(body[:4], "little"))
            except DecodeError:
                continue
            position = start + 8 + length
        if body[:8] == _COMPOUND:
            yield bytes(body)
            position = start + 8 + length


def _text(content: bytes, start: int) -> tuple[str, int]:
    end = content.find(b"\0", start, start + _LONGEST_NAME)
    if end < 0:
        raise DecodeError("a name without an end")
    return content[start:end].decode("cp1252", "replace"), end + 1
