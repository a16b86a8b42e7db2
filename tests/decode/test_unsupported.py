"""What no decoder reads is said to be unsupported, and not to be damaged."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from medsift.core.errors import DecodeError, LimitError, UnsupportedError
from medsift.decode.guard import contained
from tests.decode.pictures import encoded, only, scene
from tests.decode.tiffs import tiff_of


def photoshop(bits: int) -> bytes:
    rows = np.asarray(scene(8, 8)).astype(f">u{bits // 8}")
    planes = b"".join(rows[..., n].tobytes() for n in range(3))
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 8, 8, bits, 3)
    return head + bytes(12) + b"\0\0" + planes


def big_tiff(compression: int) -> bytes:
    """A TIFF file of 64 bits, one strip of nothing."""
    tags = {256: 8, 257: 8, 258: 8, 259: compression, 262: 1, 273: 16, 277: 1, 278: 8, 279: 64}
    entries = b"".join(struct.pack("<HHQQ", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack("<Q", len(tags)) + entries + bytes(8)
    return b"II" + struct.pack("<HHHQ", 43, 8, 0, 16 + 64) + bytes(64) + directory


def renamed(data: bytes, old: int, new: int) -> bytes:
    at = data.index(bytes([0xFF, old]))
    return data[: at + 1] + bytes([new]) + data[at + 2 :]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + bytes(12), "PAM"),
        (b"PF\n2 2\n-1.0\n" + bytes(48), "PFM"),
        (photoshop(16), "16 bits"),
        (tiff_of(np.zeros((8, 8, 3), np.uint8), T259=34712), "JPEG 2000"),
        (tiff_of(np.zeros((8, 8, 3), np.uint8), T259=33005), "JPEG 2000"),
        (tiff_of(np.zeros((8, 8, 3), np.uint8), T259=34887), "LERC"),
        (big_tiff(34712), "JPEG 2000"),
        (renamed(encoded(scene(), "JPEG"), 0xC0, 0xC3), "lossless"),
        (renamed(encoded(scene(), "JPEG"), 0xC0, 0xF7), "JPEG-LS"),
        (photoshop(8).replace(b"8BPS\0\1", b"8BPS\0\2"), "large"),
    ],
)
def test_kinds_that_are_not_read(data: bytes, told: str) -> None:
    with pytest.raises(UnsupportedError, match=told):
        only(data)


def test_a_compression_that_the_library_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tiff_of(np.zeros((8, 8, 3), np.uint8), T259=50001)
    monkeypatch.setattr("medsift.decode.unsupported._is_built_with", lambda _name: False)
    with pytest.raises(UnsupportedError, match="webp"):
        only(data)
    monkeypatch.setattr("medsift.decode.unsupported._is_built_with", lambda _name: True)
    with pytest.raises(DecodeError):
        only(data)


@pytest.mark.parametrize(
    "data", [photoshop(8)[:30], encoded(scene(), "JPEG")[:200], tiff_of(np.zeros((9, 9)))[:100]]
)
def test_what_is_damaged_stays_so(data: bytes) -> None:
    with pytest.raises(DecodeError):
        only(data)


def test_a_photoshop_file_of_eight_bits_is_read() -> None:
    assert (only(photoshop(8)).pixels == np.asarray(scene(8, 8))).all()


@pytest.mark.parametrize("error", [MemoryError(), Image.DecompressionBombError("large")])
def test_want_of_memory_is_no_damage(error: Exception) -> None:
    with pytest.raises(LimitError, match="memory"), contained("PNG image"):
        raise error
