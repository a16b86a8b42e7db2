"""Pictures in the binary formats of Office, which share one way to store them ([MS-ODRAW] 2.2.23).

Word, PowerPoint and Excel keep these records in different streams, and tell their places in
three different ways. The records tell themselves by their headers, so they are searched for.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import TypeAlias

from medsift.core.errors import DecodeError
from medsift.sources.metafile import bitmap_file, placeable

Inflate: TypeAlias = "Callable[[bytes | memoryview, int], bytes]"

_METAFILES = {0xF01A: "emf", 0xF01B: "wmf", 0xF01C: "pict"}
_RASTERS = {0xF01D: "jpeg", 0xF01E: "png", 0xF01F: "dib", 0xF029: "tiff", 0xF02A: "jpeg"}
# Instance of the record to the number of identifiers of 16 bytes that come first.
_INSTANCES = {
    0xF01A: {0x3D4: 1, 0x3D5: 2},
    0xF01B: {0x216: 1, 0x217: 2},
    0xF01C: {0x542: 1, 0x543: 2},
    0xF01D: {0x46A: 1, 0x46B: 2, 0x6E2: 1, 0x6E3: 2},
    0xF01E: {0x6E0: 1, 0x6E1: 2},
    0xF01F: {0x7A8: 1, 0x7A9: 2},
    0xF029: {0x6E4: 1, 0x6E5: 2},
    0xF02A: {0x46A: 1, 0x46B: 2, 0x6E2: 1, 0x6E3: 2},
}
_HEADER = re.compile(
    b"|".join(
        re.escape(struct.pack("<2H", instance << 4, kind))
        for kind, instances in _INSTANCES.items()
        for instance in instances
    )
)
_METAFILE_HEADER = 34
_DEFLATED = 0


def blips(data: bytes, inflate: Inflate) -> Iterator[bytes]:
    """Yield the pictures of a stream as files, in order.

    Parameters
    ----------
    data : bytes
    inflate : callable
        Inflates zlib data, whose length is announced, within the budget.

    Raises
    ------
    LimitError
        From ``inflate``.
    """
    position = 0
    view = memoryview(data)  # hostile headers announce much: nothing is copied until it is used
    while found := _HEADER.search(data, position):
        start = found.start()
        position = start + 1
        word, kind, length = struct.unpack_from("<2HI", data[start : start + 8].ljust(8, b"\0"))
        end = start + 8 + length
        if end > len(data):
            continue
        body = view[start + 8 + 16 * _INSTANCES[kind][word >> 4] : end]
        picture = _raster(kind, body) if kind in _RASTERS else _metafile(kind, body, inflate)
        if picture:
            yield picture
            position = end


def _raster(kind: int, body: memoryview) -> bytes:
    content = bytes(body[1:])  # a tag comes first
    if _RASTERS[kind] != "dib":
        return content
    header = int.from_bytes(content[:4], "little")
    depth = int.from_bytes(content[14:16], "little")
    used = int.from_bytes(content[32:36], "little")
    colours = 4 * (min(used, 256) or (1 << depth if depth <= 8 else 0))
    return bitmap_file(content[: header + colours], content[header + colours :])


def _metafile(kind: int, body: memoryview, inflate: Inflate) -> bytes:
    if len(body) < _METAFILE_HEADER:
        return b""
    size = int.from_bytes(body[:4], "little")
    if body[32] != _DEFLATED:
        content = bytes(body[_METAFILE_HEADER:])
    else:
        try:
            content = inflate(body[_METAFILE_HEADER:], size)
        except DecodeError:
            return b""
    return placeable(content) if _METAFILES[kind] == "wmf" else content
