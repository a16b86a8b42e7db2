"""How a frame is coded is told by its first bytes."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from medsift.sources.dicom import coding
from medsift.sources.dicom.coding import Coding, begins_a_frame, coding_of

GREY = np.tile(np.arange(64, dtype=np.uint8), (48, 1))


def saved(kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(GREY).save(stream, kind, **options)
    return stream.getvalue()


def jpeg(marker: int = 0xC0, bits: int = 8, filling: bytes = b"") -> bytes:
    """The beginning of a JPEG frame: a segment of a program, then the frame header."""
    program = b"\xff\xe0\x00\x04ab"
    header = b"\xff" + bytes([marker, 0, 11, bits]) + bytes(8)
    return b"\xff\xd8" + program + filling + header


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (jpeg(), Coding(coding.BASELINE, 8)),
        (jpeg(0xC1, 12), Coding(coding.EXTENDED, 12)),
        (jpeg(0xC2), Coding(coding.BASELINE, 8)),
        (jpeg(0xC3, 16), Coding(coding.LOSSLESS, 16)),
        (jpeg(0xF7, 12), Coding(coding.LS_LOSSLESS, 12)),
        (jpeg()[:8], Coding(coding.BASELINE)),
        (saved("JPEG"), Coding(coding.BASELINE, 8)),
        (saved("JPEG2000", no_jp2=True), Coding(coding.J2K, 8)),
        (saved("JPEG2000"), Coding(coding.J2K, 8)),
        (saved("JPEG2000")[:40], Coding(coding.J2K)),
        (b"\xff\x0a" + bytes(20), Coding(coding.XL)),
        (struct.pack("<16I", 2, 64, 90, *[0] * 13) + bytes(99), Coding(coding.RLE)),
    ],
)
def test_each_coding_is_known_by_its_header(frame: bytes, expected: Coding) -> None:
    assert coding_of(frame, "") == expected
    assert begins_a_frame(frame)


@pytest.mark.parametrize("filling", [b"\xff", b"\xff" * 2, b"\xff" * 7])
def test_bytes_that_fill_up_before_a_marker_are_passed_over(filling: bytes) -> None:
    assert coding_of(jpeg(0xC3, 16, filling), "") == Coding(coding.LOSSLESS, 16)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        bytes(range(256)),
        struct.pack("<16I", 0, *[0] * 15),
        struct.pack("<16I", 16, 64, *range(65, 79)),
        struct.pack("<16I", 2, 60, 90, *[0] * 13),
        struct.pack("<16I", 2, 64, 64, *[0] * 13),
        struct.pack("<16I", 1, 64, 90, *[0] * 13),
    ],
)
def test_other_bytes_are_of_no_coding(frame: bytes) -> None:
    assert coding_of(frame, "") is None


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (coding.EXTENDED, coding.BASELINE),
        (coding.J2K_LOSSLESS, coding.BASELINE),
        ("1.2.840.10008.1.2.1", coding.BASELINE),
    ],
)
def test_a_jpeg_of_eight_bits_is_baseline_whatever_is_declared(
    declared: str, expected: str
) -> None:
    assert coding_of(jpeg(), declared) == Coding(expected, 8)


@pytest.mark.parametrize(
    ("frame", "declared"),
    [
        (jpeg(0xC3, 16), coding.LOSSLESS_FIRST_ORDER),
        (jpeg(0xF7, 8), coding.LS_LOSSY),
        (saved("JPEG2000"), coding.J2K_LOSSLESS),
        (b"\xff\x0a", "1.2.840.10008.1.2.4.110"),
    ],
)
def test_what_is_declared_stands_where_the_bytes_do_not_tell(frame: bytes, declared: str) -> None:
    found = coding_of(frame, declared)
    assert found is not None
    assert found.syntax == declared
