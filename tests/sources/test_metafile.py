"""Windows metafiles: the bitmaps placed in them."""

from __future__ import annotations

import io
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medsift.core.picture import Picture
from tests.sources.inside import crashed, png, problems, scan


def bitmap(size: tuple[int, int] = (40, 30)) -> bytes:
    """A device-independent bitmap, without the header of a file."""
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 0, 0)).save(stream, "BMP")
    return stream.getvalue()[14:]


def emf(*records: bytes) -> bytes:
    header = struct.pack("<2I", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    return header + b"".join(records) + struct.pack("<5I", 14, 20, 0, 0, 20)


def stretched(dib: bytes) -> bytes:
    """EMR_STRETCHDIBITS."""
    places = struct.pack("<4I", 80, 40, 120, len(dib) - 40)
    return struct.pack("<2I", 81, 80 + len(dib)) + bytes(40) + places + bytes(16) + dib


def wmf(*records: bytes) -> bytes:
    placeable = b"\xd7\xcd\xc6\x9a" + bytes(18)
    header = struct.pack("<3HI H I H", 1, 9, 0x300, 0, 0, 0, 0)
    return placeable + header + b"".join(records) + struct.pack("<IH", 3, 0)


def test_bitmaps_of_an_emf_are_found() -> None:
    found = scan(emf(stretched(bitmap()), stretched(bitmap((50, 60)))))
    shown = [f for f in found if isinstance(f, Picture)]
    assert [(f.width, f.height, f.where.locator) for f in shown] == [
        (40, 30, "bitmap 1"),
        (50, 60, "bitmap 2"),
    ]
    assert tuple(shown[0].pixels[5, 5]) == (200, 0, 0)
    assert {f.where.extraction for f in found} == {"embedded"}


def test_pictures_of_an_emf_plus_are_found() -> None:
    picture = struct.pack("<2I5I", 0xDBC01002, 1, 0, 0, 0, 0, 1) + png()
    plus = struct.pack("<2H2I", 0x4008, 0x0500, 12 + len(picture), len(picture)) + picture
    comment = struct.pack("<3I", 70, 16 + len(plus), 4 + len(plus)) + b"EMF+" + plus
    assert [type(f) for f in scan(emf(comment))] == [Picture]


def test_bitmaps_of_a_wmf_are_found() -> None:
    dib = bitmap()
    record = struct.pack("<IH", (28 + len(dib)) // 2, 0x0F43) + bytes(22) + dib
    (found,) = scan(wmf(record))
    assert isinstance(found, Picture)
    assert (found.width, found.height) == (40, 30)


def test_drawings_without_bitmaps_are_told_as_such() -> None:
    assert problems(scan(emf())) == [("vector", "")]
    assert problems(scan(wmf())) == [("vector", "")]


_SEED = emf(stretched(bitmap()))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 240), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_ends_in_findings(changes: list[tuple[int, int]]) -> None:
    broken = bytearray(_SEED)
    for position, value in changes:
        broken[position] = value
    found = scan(bytes(broken))
    assert found
    assert list(crashed(found)) == []


def test_a_metafile_without_the_header_of_a_placeable_one_is_known() -> None:
    dib = bitmap()
    words = (6 + 22 + len(dib)) // 2
    made = wmf(struct.pack("<IH", words, 0x0F43) + bytes(22) + dib)[22:]
    (picture,) = scan(made, "a.wmf")
    assert isinstance(picture, Picture)
    assert picture.pixels[0, 0].tolist() == [200, 0, 0]


def test_a_bitmap_that_ends_early_is_shown_as_far_as_it_goes() -> None:
    (picture,) = scan(emf(stretched(bitmap()))[:-400], "a.emf")
    assert isinstance(picture, Picture)
    assert picture.note == "truncated"


def test_a_metafile_that_ends_before_its_bitmap_is_a_failure() -> None:
    assert [reason for reason, _ in problems(scan(emf(stretched(bitmap()))[:110], "a.emf"))] == [
        "undecodable"
    ]
    dib = bitmap()
    words = (6 + 22 + len(dib)) // 2
    made = wmf(struct.pack("<IH", words, 0x0F43) + bytes(22) + dib)
    assert [reason for reason, _ in problems(scan(made[:60], "a.wmf"))] == ["undecodable"]
