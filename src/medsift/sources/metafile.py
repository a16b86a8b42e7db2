"""Windows metafiles: drawings, of which only the pictures placed in them are taken.

EMF by [MS-EMF], EMF+ by [MS-EMFPLUS], WMF by [MS-WMF].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from medsift.core.errors import DecodeError
from medsift.core.picture import Finding, Problem
from medsift.decode.signatures import image_format
from medsift.sources.base import Blob, Context

_PLACEABLE = b"\xd7\xcd\xc6\x9a"
_EMF_COMMENT = 70
# Record type: where it says where its bitmap is (offset and size of header, then of bits).
_EMF_BITMAPS = {76: 84, 77: 84, 78: 84, 79: 76, 80: 48, 81: 48, 114: 84, 116: 84}
# Record function: how many bytes of parameters come before the bitmap.
_WMF_BITMAPS = {0x0F43: 22, 0x0D33: 18, 0x0B41: 20, 0x0940: 16}
_EMF_PLUS_OBJECT = 0x4008
_EMF_PLUS_IMAGE = 0x0500
_BITMAP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_JPEG, _PNG = 4, 5


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the bitmaps in a metafile; one without is skipped as ``vector``.

    Raises
    ------
    DecodeError
        It ends early, before any bitmap.
    LimitError
        Too large, or nested too deeply.
    """
    data = blob.read(context.limits)
    inside = context.deeper()
    number = 0
    for bitmap in bitmaps(data):
        number += 1
        if number > context.limits.pictures:
            return
        locator = ", ".join(filter(None, [blob.where.locator, f"bitmap {number}"]))
        where = replace(blob.where, locator=locator, index=number, extraction="embedded")
        yield from context.recurse(Blob(where, data=bitmap), inside)
    if not number and _is_cut(data):
        raise DecodeError("a metafile that ends early")
    if not number:
        yield Problem(blob.where, "skipped", "vector")


def placeable(data: bytes) -> bytes:
    """Put the header before a WMF that tells what it is; other programs need it as well."""
    return data if data.startswith(_PLACEABLE) else _PLACEABLE + bytes(18) + data


def bitmaps(data: bytes) -> Iterator[bytes]:
    """Yield the bitmaps that are placed in a metafile, each as a file of its own."""
    return _of_emf(data) if _is_emf(data) else _of_wmf(data)


def bitmap_file(header: bytes, bits: bytes) -> bytes:
    """Make a file of a device-independent bitmap; empty if it is none."""
    size = int.from_bytes(header[:4], "little")
    if size not in _BITMAP_HEADERS or len(header) < size:
        return b""
    compression = int.from_bytes(header[16:20], "little") if size >= 40 else 0
    if compression in (_JPEG, _PNG):
        return bits
    start = 14 + len(header)
    return struct.pack("<2sIHHI", b"BM", start + len(bits), 0, 0, start) + header + bits


def _is_emf(data: bytes) -> bool:
    return data[:4] == b"\1\0\0\0" and data[40:44] == b" EMF"


def _is_cut(data: bytes) -> bool:
    """Whether the last record of a metafile goes on beyond its end."""
    position, last = 0, 0
    if _is_emf(data):
        while position + 8 <= len(data):
            last = struct.unpack_from("<I", data, position + 4)[0]
            position += max(8, last)
        return position > len(data)
    position = (22 if data.startswith(_PLACEABLE) else 0) + 18
    while position + 6 <= len(data):
        last = struct.unpack_from("<I", data, position)[0] * 2
        position += max(6, last)
    return position > len(data)


def _of_emf(data: bytes) -> Iterator[bytes]:
    position = 0
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<2I", data, position)
        if size < 8:
            return
        # Of the last record what is there: a bitmap that ends early may still be shown.
        record = data[position : position + size]
        if kind in _EMF_BITMAPS:
            yield from _placed(record, _EMF_BITMAPS[kind])
        elif kind == _EMF_COMMENT and record[12:16] == b"EMF+":
            yield from _of_emf_plus(record[16:])
        position += size


def _placed(record: bytes, at: int) -> Iterator[bytes]:
    if len(record) < at + 16:
        return
    header_at, header_size, bits_at, bits_size = struct.unpack_from("<4I", record, at)
    header = record[header_at : header_at + header_size]
    bits = record[bits_at : bits_at + bits_size]
    if file := bits and bitmap_file(header, bits):
        yield file


def _of_emf_plus(records: bytes) -> Iterator[bytes]:
    position = 0
    while position + 12 <= len(records):
        kind, flags, size, length = struct.unpack_from("<2H2I", records, position)
        if size < 12:
            return
        if kind == _EMF_PLUS_OBJECT and flags & 0x7F00 == _EMF_PLUS_IMAGE:
            # Version, type, then width, height, stride, pixel format, and type of the bitmap.
            content = records[position + 12 : position + 12 + length]
            if image_format(content[28:92]):
                yield content[28:]
        position += size


def _of_wmf(data: bytes) -> Iterator[bytes]:
    position = (22 if data.startswith(_PLACEABLE) else 0) + 18
    while position + 6 <= len(data):
        words, function = struct.unpack_from("<IH", data, position)
        size = words * 2
        if size < 6 or function == 0:
            return
        if function in _WMF_BITMAPS:
            start = position + 6 + _WMF_BITMAPS[function]
            if file := _packed(data[start : position + size]):
                yield file
        position += size


def _packed(bitmap: bytes) -> bytes:
    """Make a file of a bitmap whose bits follow right on its header and colours."""
    size = int.from_bytes(bitmap[:4], "little")
    if size not in _BITMAP_HEADERS or len(bitmap) < size:
        return b""
    if size == 12:
        depth = int.from_bytes(bitmap[10:12], "little")
        colours = (1 << depth) * 3 if depth <= 8 else 0
    else:
        depth, compression = struct.unpack_from("<HI", bitmap, 14)
        used = int.from_bytes(bitmap[32:36], "little")
        masks = 12 if compression == 3 and size == 40 else 0
        colours = masks + 4 * (min(used, 256) or (1 << depth if depth <= 8 else 0))
    start = size + colours
    return bitmap_file(bitmap[:start], bitmap[start:]) if start < len(bitmap) else b""
