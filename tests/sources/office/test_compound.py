"""Word, PowerPoint and Excel files before 2007, and objects in compound files."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medsift.core.picture import Picture
from tests.sources.inside import crashed, mutated, pdf, pictures, png, problems, scan, small
from tests.sources.office.making import blip, compound, docx, metafile_blip


def records(*bodies: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<2H", kind, len(body)) + body for kind, body in bodies)


def test_pictures_of_a_presentation_are_found() -> None:
    found = scan(compound({"PowerPoint Document": b"", "Pictures": blip(png(1)) + blip(png(2))}))
    assert pictures(found) == [("image 1", "Pictures/image 1"), ("image 2", "Pictures/image 2")]
    assert {(f.where.source_type, f.where.extraction) for f in found} == {("office", "embedded")}


def test_pictures_of_a_text_are_found_among_other_data() -> None:
    data = b"\x44\x00" * 40 + blip(png(1)) + b"\x1e\xf0" * 9 + blip(png(2), instance=0x6E0)
    found = scan(compound({"WordDocument": bytes(100), "Data": data}))
    assert [locator for locator, _ in pictures(found)] == ["image 1", "image 2"]


def test_pictures_of_a_workbook_are_joined_from_its_records() -> None:
    picture = blip(png(side=300) + bytes(9000))
    parts = [picture[n : n + 8000] for n in range(0, len(picture), 8000)]
    rest = [(0x003C, part) for part in parts[1:]]
    workbook = records((0x0809, bytes(16)), (0x00EB, parts[0]), *rest, (0x000A, b""))
    assert len(pictures(scan(compound({"Workbook": workbook})))) == 1


@pytest.mark.parametrize("name", ["Escher/EscherStm", "Escher/EscherDelayStm"])
def test_pictures_of_a_publication_are_found(name: str) -> None:
    found = scan(compound({"Contents": b"text", name: bytes(30) + blip(png(3))}))
    assert [f.pixels[0, 0, 0] for f in found if isinstance(f, Picture)] == [3]


@pytest.mark.parametrize("header", [12, 16, 24])
def test_small_pictures_of_folders_are_found(header: int) -> None:
    streams = {"1": bytes(range(header)) + png(3), "Catalog": bytes(40)}
    found = scan(compound(streams), "Thumbs.db")
    assert [f.pixels[0, 0, 0] for f in found if isinstance(f, Picture)] == [3]


def test_bitmaps_get_the_header_of_a_file() -> None:
    stream = io.BytesIO()
    Image.new("P", (40, 30)).save(stream, "BMP")
    found = scan(compound({"Pictures": blip(stream.getvalue()[14:], 0xF01F, 0x7A8)}))
    assert [(f.width, f.height) for f in found if isinstance(f, Picture)] == [(40, 30)]


def test_drawings_without_bitmaps_are_told_as_such() -> None:
    drawing = struct.pack("<HHH12s", 1, 9, 0x300, bytes(12)) + struct.pack("<IH", 3, 0)
    packed = metafile_blip(drawing, zlib.compress(drawing), 0xF01B, 0x216)
    assert problems(scan(compound({"Pictures": packed}))) == [("vector", "image 1")]


def test_files_within_objects_are_looked_into() -> None:
    content = pdf()
    native = b"\x02\0a.pdf\0C:\\a.pdf\0\0\0\3\0" + struct.pack("<I", 4) + b"tmp\0"
    native += struct.pack("<I", len(content)) + content
    streams = {
        "ObjectPool/_1/\x01Ole10Native": struct.pack("<I", len(native)) + native,
        "ObjectPool/_2/Package": docx({"word/media/a.png": png()}, ("r", "image", "media/a.png")),
    }
    assert pictures(scan(compound(streams))) == [
        ("object 1, page 1, image 1", "ObjectPool/_1/a.pdf"),
        ("object 2, image 1", "ObjectPool/_2/Package/word/media/a.png"),
    ]


def test_objects_of_a_presentation_are_inflated() -> None:
    inner = compound({"Pictures": blip(png())})
    packed = struct.pack("<I", len(inner)) + zlib.compress(inner)
    stream = struct.pack("<2HI", 0x10, 0x1011, len(packed)) + packed
    assert pictures(scan(compound({"PowerPoint Document": stream}))) == [
        ("object 1, image 1", "PowerPoint Document/object 1/Pictures/image 1")
    ]


def test_an_object_that_inflates_without_end_stops_by_the_budget() -> None:
    packed = struct.pack("<I", 20 << 20) + zlib.compress(bytes(20 << 20))
    stream = struct.pack("<2HI", 0x10, 0x1011, len(packed)) + packed
    found = scan(compound({"PowerPoint Document": stream}), limits=small(inflated_bytes=1 << 20))
    assert [reason for reason, _ in problems(found)] == ["limit_exceeded"]


def test_documents_that_need_a_password_are_told() -> None:
    text = bytearray(100)
    text[0x0B] = 0x01
    user = bytes(12) + b"\xdf\xc4\xd1\xf3"
    for streams in (
        {"EncryptedPackage": b"x", "EncryptionInfo": b"y"},
        {"WordDocument": bytes(text)},
        {"Current User": user, "PowerPoint Document": b""},
        {"Workbook": records((0x0809, bytes(16)), (0x002F, bytes(6)))},
    ):
        assert problems(scan(compound(streams))) == [("encrypted", "")]


def test_a_document_without_pictures_has_no_image() -> None:
    assert problems(scan(compound({"WordDocument": bytes(100)}))) == [("no_image", "")]


def test_a_truncated_file_is_undecodable() -> None:
    content = compound({"Pictures": blip(png())})
    assert [reason for reason, _ in problems(scan(content[:700]))] == ["undecodable"]


_SEED = compound({"Pictures": blip(png()), "Data": blip(png(1)), "a/Package": pdf()})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_ends_in_findings(changes: list[tuple[int, int]]) -> None:
    found = scan(mutated(_SEED, changes))
    assert found
    assert list(crashed(found)) == []
