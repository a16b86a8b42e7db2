"""Image files for the tests of decoding."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Picture, Provenance
from medsift.decode.reader import frames

WHERE = Provenance(source="a.png")
RED = (220, 30, 30)
WHITE = (255, 255, 255)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def scene(width: int = 96, height: int = 64) -> Image.Image:
    coarse = np.random.default_rng(5).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def only(data: bytes, target: int = 0, limits: Limits = DEFAULT_LIMITS) -> Picture:
    (picture,) = frames(data, WHERE, limits, target)
    return picture


def read(data: bytes) -> list[Picture]:
    """All frames of a file."""
    return list(frames(data, WHERE, DEFAULT_LIMITS))


def close(picture: Picture, expected: Image.Image, tolerance: float) -> bool:
    wanted = np.asarray(expected.convert("RGB"), dtype=np.int16)
    assert picture.pixels.shape == wanted.shape
    return float(np.abs(picture.pixels - wanted).mean()) <= tolerance


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(
    width: int, height: int, bits: int, colour: int, rows: bytes, *extra: tuple[bytes, bytes]
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *(chunk(name, body) for name, body in extra),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def encoded_strip(level: int) -> bytes:
    """The LZW strip of a plain grey page as it stands in a TIFF file."""
    data = encoded(Image.new("L", (16, 16), level), "TIFF", compression="tiff_lzw")
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, Image.Image)
        offset, length = image.tag_v2[273][0], image.tag_v2[279][0]  # type: ignore[attr-defined]
    return data[offset : offset + length]
