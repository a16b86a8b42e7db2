"""TIFF files as no library writes them: planes, tiles, inverse and signed samples."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np


def tiff_of(samples: np.ndarray[Any, Any], order: str = "<", tile: int = 0, **tags: Any) -> bytes:
    """A TIFF file of samples, shape (h, w) or (h, w, n).

    ``PLANAR=2`` separates planes, ``COMPRESSION=8`` deflates, ``TILES_AS_STRIPS=True`` calls the
    offsets of tiles those of strips; other names are tags by their number, as ``T262=0``.
    """
    samples = samples[..., None] if samples.ndim == 2 else samples
    height, width, count = samples.shape
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    samples = samples.astype(samples.dtype.newbyteorder(order))
    planar = tags.pop("PLANAR", 1)
    compression = tags.pop("COMPRESSION", 1)
    planes = [samples[..., n : n + 1] for n in range(count)] if planar == 2 else [samples]
    raw = [block.tobytes() for plane in planes for block in _blocks(plane, tile)]
    blocks = [zlib.compress(block) for block in raw] if compression == 8 else raw
    offsets = np.cumsum([8, *map(len, blocks)]).tolist()[:-1]
    fields = {
        256: width,
        257: height,
        258: [samples.dtype.itemsize * 8] * count,
        259: compression,
        262: 2 if count == 3 else 1,
        277: count,
        284: planar,
        339: [kind] * count,
    }
    places = (324, 325) if tile and not tags.pop("TILES_AS_STRIPS", False) else (273, 279)
    fields |= {places[0]: offsets, places[1]: [len(block) for block in blocks]}
    fields |= {322: tile, 323: tile} if tile else {278: _ROWS}
    fields |= {int(name[1:]): value for name, value in tags.items()}
    return _file(order, b"".join(blocks), fields)


_ROWS = 16


def _blocks(plane: np.ndarray[Any, Any], tile: int) -> Iterator[np.ndarray[Any, Any]]:
    height, width, count = plane.shape
    if not tile:
        for y in range(0, height, _ROWS):
            yield plane[y : y + _ROWS]
        return
    for y in range(0, height, tile):
        for x in range(0, width, tile):
            block = np.zeros((tile, tile, count), plane.dtype)
            piece = plane[y : y + tile, x : x + tile]
            block[: piece.shape[0], : piece.shape[1]] = piece
            yield block


def _file(order: str, body: bytes, fields: dict[int, Any]) -> bytes:
    body += bytes(len(body) % 2)
    at = 8 + len(body)
    after = at + 2 + 12 * len(fields) + 4
    entries, extra = b"", b""
    for tag, value in sorted(fields.items()):
        values = value if isinstance(value, list) else [value]
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(packed) > 4:
            place = struct.pack(f"{order}I", after + len(extra))
            extra += packed
        else:
            place = packed
        entries += struct.pack(f"{order}HHI", tag, 4, len(values)) + place
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, at)
    directory = struct.pack(f"{order}H", len(fields)) + entries + bytes(4)
    return head + body + directory + extra
