"""Frames are pictures of their own: previews and gain maps of cameras are not."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Finding, Picture
from medsift.decode.reader import findings
from tests.decode.pictures import WHERE, close, encoded, scene

PRIMARY, UNDEFINED, VGA, FULL_HD = 0x030000, 0, 0x010001, 0x010002
PANORAMA, DISPARITY, ANGLE = 0x020001, 0x020002, 0x020003


def jpeg(width: int = 96, height: int = 64, mark: bytes = b"") -> bytes:
    data = encoded(scene(width, height), "JPEG", quality=95)
    if mark:
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(mark) + 2) + mark + data[2:]
    return data


def camera(*others: tuple[int, bytes], lost: int = 0) -> bytes:
    """A JPEG file with more pictures behind the first, CIPA DC-007."""
    first = jpeg()
    count = len(others) + 1
    length = 2 + 4 + 8 + 2 + 3 * 12 + 4 + 16 * count
    size = len(first) + 2 + length
    entries = struct.pack("<LLLHH", PRIMARY | 1 << 29, size, 0, 0, 0)
    at = size - 10  # counted from the header of the index
    for kind, data in others:
        entries += struct.pack("<LLLHH", kind, len(data), at + lost, 0, 0)
        at += len(data)
    index = b"II*\0" + struct.pack("<L", 8) + struct.pack("<H", 3)
    index += struct.pack("<HHL4s", 0xB000, 7, 4, b"0100")
    index += struct.pack("<HHLL", 0xB001, 4, 1, count)
    index += struct.pack("<HHLL", 0xB002, 7, 16 * count, 8 + 2 + 3 * 12 + 4) + bytes(4) + entries
    segment = b"\xff\xe2" + struct.pack(">H", length) + b"MPF\0" + index
    return b"".join([first[:2], segment, first[2:], *(data for _, data in others)])


def pictures(data: bytes) -> list[Finding]:
    return list(findings(data, WHERE, DEFAULT_LIMITS))


@pytest.mark.parametrize("kind", [PANORAMA, DISPARITY, ANGLE, UNDEFINED])
def test_pictures_that_were_taken_together_are_frames(kind: int) -> None:
    found = pictures(camera((kind, jpeg())))
    assert [f.where.frame for f in found] == [0, 1]
    assert all(isinstance(f, Picture) and close(f, scene(), 4) for f in found)
    assert {f.format for f in found if isinstance(f, Picture)} == {"mpo"}


@pytest.mark.parametrize(
    "other",
    [
        (VGA, jpeg(48, 32)),
        (FULL_HD, jpeg()),
        (UNDEFINED, jpeg(48, 32)),
        (UNDEFINED, jpeg(mark=b"http://ns.adobe.com/xap/1.0/\0 hdrgm:Version='1.0'")),
        (UNDEFINED, jpeg(mark=b"HDRGainMapVersion")),
        (UNDEFINED, jpeg(mark=b"urn:iso:std:iso:ts:21496:-1\0")),
        (UNDEFINED, b"no picture at all"),
        (DISPARITY, b"no picture at all"),
    ],
)
def test_previews_and_gain_maps_are_none(other: tuple[int, bytes]) -> None:
    (found,) = pictures(camera(other))
    assert isinstance(found, Picture)
    assert (found.where.frame, found.where.locator, found.format) == (None, "", "jpeg")
    assert close(found, scene(), 4)


def pages(*kinds: int) -> bytes:
    """A TIFF file whose pages say of themselves what they are (NewSubfileType)."""
    images = [scene(96 >> number, 64 >> number) for number in range(len(kinds))]
    for image, kind in zip(images, kinds, strict=True):
        image.encoderinfo = {"tiffinfo": {254: kind}}
    return encoded(
        images[0], "TIFF", save_all=True, append_images=images[1:], tiffinfo={254: kinds[0]}
    )


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ((0, 1, 1), [None]),  # a pyramid: smaller copies of the first
        ((0, 4), [None]),  # a mask of it
        ((0, 5), [None]),
        ((0, 2, 2), [0, 1, 2]),  # pages of a document
        ((1, 1), [0, 1]),  # copies of nothing
    ],
)
def test_smaller_copies_and_masks_of_a_page_are_none(
    kinds: tuple[int, ...], told: list[int | None]
) -> None:
    assert [f.where.frame for f in pictures(pages(*kinds))] == told


def test_an_index_that_leads_nowhere_costs_nothing() -> None:
    (found,) = pictures(camera((DISPARITY, jpeg()), lost=1_000_000))
    assert isinstance(found, Picture)
    assert close(found, scene(), 4)


def test_a_photograph_with_a_preview_is_decoded_at_a_reduced_size() -> None:
    data = camera((FULL_HD, jpeg()))
    (found,) = findings(data, WHERE, DEFAULT_LIMITS, target=20)
    assert isinstance(found, Picture)
    assert found.pixels.shape == (32, 48, 3)


def test_smaller_copies_in_tiff_are_no_frames() -> None:
    pages = [scene(), scene(48, 32), scene()]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    found = pictures(data)
    assert [f.where.frame for f in found] == [0, 1]
    assert [f.width for f in found if isinstance(f, Picture)] == [96, 96]


def test_a_file_of_smaller_copies_alone_is_shown() -> None:
    image = Image.fromarray(np.asarray(scene()))
    (found,) = pictures(encoded(image, "TIFF", tiffinfo={254: 1}))
    assert isinstance(found, Picture)
