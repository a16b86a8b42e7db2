"""What can be mended in damaged image files without guessing at pixels."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks that pixels depend on, PNG third edition, 5.6.
_PNG_ESSENTIAL = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_END_OF_IMAGE = b"\xff\xd9"
_START_OF_CODESTREAM, _START_OF_TILE = b"\xff\x4f\xff\x51", b"\xff\x90\x00\x0a"
_MOST_FILLED = 256 << 20
_TILE_WIDTH = 322
# StripOffsets and StripByteCounts, and what they are called of tiles, TIFF 6.0 section 15.
_OF_TILES = {273: 324, 279: 325}
_MOST_DIRECTORIES = 1000


def jpeg_with_end(data: bytes) -> bytes:
    """Close a truncated JPEG file: decoders then fill what is missing with grey."""
    return data + _END_OF_IMAGE


def jpeg_2000_with_end(data: bytes) -> bytes | None:
    """Fill the last tile of a JPEG 2000 codestream with empty packets, and close it.

    Decoders then give what is there, with fewer details where it is not.

    Returns
    -------
    bytes or None
        None where no tile ends early.

    Notes
    -----
    Tile-parts tell their length: ISO/IEC 15444-1 annex A.4.2. A packet that begins with a zero bit
    is empty, annex B.10.3.
    """
    at = data.find(_START_OF_TILE, max(0, data.find(_START_OF_CODESTREAM)))
    while at >= 0 and at + 12 <= len(data) and data[at : at + 4] == _START_OF_TILE:
        length = int.from_bytes(data[at + 6 : at + 10], "big")
        missing = at + length - len(data)
        if missing > 0:
            # No more than a sound file of this size would hold.
            return data + bytes(min(missing, _MOST_FILLED)) + _END_OF_IMAGE
        if not length:
            return None
        at += length
    return None


def png_essentials(data: bytes, but: bytes = b"") -> bytes | None:
    """Leave out of a PNG file what its pixels do not depend on: text, profiles, animation.

    Parameters
    ----------
    data : bytes
    but : bytes
        Name of a chunk to leave out as well.

    Returns
    -------
    bytes or None
        None where there is nothing to leave out.
    """
    kept = [_PNG_SIGNATURE]
    at = len(_PNG_SIGNATURE)
    has_more = False
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if name in _PNG_ESSENTIAL and name != but:
            kept.append(data[at:end])
        else:
            has_more = True
        at = end
    return b"".join(kept) if has_more else None


def tiff_with_tiles(data: bytes) -> bytes:
    """Call offsets those of tiles where a TIFF file has tiles, and says strips.

    Pillow would go by the strips, which do not exist, and show noise.
    """
    changed: bytearray | None = None
    for order, entries in _directories(data):
        tags = dict(entries)
        if _TILE_WIDTH not in tags or not tags.keys().isdisjoint(_OF_TILES.values()):
            continue
        for strip, tile in _OF_TILES.items():
            if strip in tags:
                changed = bytearray(data) if changed is None else changed
                struct.pack_into(f"{order}H", changed, tags[strip], tile)
    return data if changed is None else bytes(changed)


def _directories(data: bytes) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Byte order, and tags with their places, of each directory of a TIFF or BigTIFF file."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = b"+" in data[2:4]
    offset, count, size = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    at = 8 if is_big else 4
    try:
        place = struct.unpack_from(order + offset, data, at)[0]
        for _ in range(_MOST_DIRECTORIES):
            if not place:
                return
            number = struct.unpack_from(order + count, data, place)[0]
            start = place + struct.calcsize(f"={count}")
            if start + number * size > len(data):
                return
            places = range(start, start + number * size, size)
            yield order, [(struct.unpack_from(f"{order}H", data, at)[0], at) for at in places]
            place = struct.unpack_from(order + offset, data, start + number * size)[0]
    except struct.error:
        return
