"""Images that the content of a page does not draw itself: annotations, patterns, attachments."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.core.picture import Picture, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.pdf import read
from tests.sources.pdf.making_pdfs import (
    Pdf,
    draw,
    far,
    findings,
    lowered,
    pictures,
    problems,
    scene,
)


def _stamped(flags: int = 4, rotate: int = 0) -> Pdf:
    pdf = Pdf()
    # The image takes the right half of what is fitted into the rectangle.
    look = pdf.form("q 40 0 0 30 40 0 cm /Im Do Q", {"Im": pdf.picture(scene())}, box="0 0 80 30")
    stamp = pdf.add(
        f"/Type /Annot /Subtype /Stamp /Rect [100 200 260 320] /F {flags} /AP << /N {look} 0 R >>"
    )
    pdf.page("", extra=f"/Annots [{stamp} 0 R] /Rotate {rotate}")
    return pdf


def test_an_image_in_a_stamp_is_found_in_its_rectangle() -> None:
    [found] = pictures(_stamped())
    assert np.array_equal(found.pixels, scene())
    assert found.where.bbox == pytest.approx((180, 200, 260, 320))
    assert found.where.locator == "page 1, image 1"


def test_an_image_in_a_stamp_on_a_turned_page_stands_as_seen() -> None:
    [found] = pictures(_stamped(rotate=90))
    assert np.array_equal(found.pixels, np.rot90(scene(), -1))
    assert found.where.bbox == pytest.approx((200, 340, 320, 420))


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_stamp_that_its_own_matrix_turns_stands_as_seen(turned: int) -> None:
    """A page that is turned, and a stamp that is turned back (ISO 32000-1, 12.5.5)."""
    matrix = {
        0: "1 0 0 1 0 0",
        90: "0 1 -1 0 60 0",
        180: "-1 0 0 -1 80 60",
        270: "0 -1 1 0 0 80",
    }[turned]
    pdf = Pdf()
    look = pdf.form(
        draw("I", 0, 0, 80, 60), {"I": pdf.picture(scene())}, f"/Matrix [{matrix}]", "0 0 80 60"
    )
    wide, high = (60, 80) if turned % 180 else (80, 60)
    rect = f"/Rect [100 100 {100 + wide} {100 + high}]"
    stamp = pdf.add(f"/Type /Annot /Subtype /Stamp /F 4 {rect} /AP << /N {look} 0 R >>")
    pdf.page("", extra=f"/Rotate {turned} /Annots [{stamp} 0 R]")
    (found,) = pictures(pdf)
    assert far(found.pixels, scene()) == 0


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_stamp_that_does_not_turn_with_its_page_stands_upright(rotate: int) -> None:
    (found,) = pictures(_stamped(4 | 16, rotate))
    assert np.array_equal(found.pixels, scene())
    box = found.where.bbox
    assert box is not None
    assert (box[2] - box[0], box[3] - box[1]) == pytest.approx((80, 120))


def test_a_hidden_annotation_is_left_out() -> None:
    assert pictures(_stamped(flags=2)) == []


def _patterned(pages: int = 1) -> Pdf:
    pdf = Pdf()
    pattern = pdf.add(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 80 60] /XStep 80 "
        f"/YStep 60 /Resources << /XObject << /Im {pdf.picture(scene())} 0 R >> >>",
        b"q 80 0 0 60 0 0 cm /Im Do Q",
    )
    for _ in range(pages):
        pdf.page(
            "/Pattern cs /P scn 0 0 600 800 re f",
            resources=f"/Pattern << /P {pattern} 0 R >>",
        )
    return pdf


def test_an_image_in_a_tiling_pattern_is_found() -> None:
    [found] = pictures(_patterned())
    assert np.array_equal(found.pixels, scene())
    assert (found.where.page, found.where.bbox) == (1, None)


def test_a_pattern_that_pages_share_is_reported_once() -> None:
    assert [f.where.page for f in pictures(_patterned(3))] == [1]


def _with_attachment(content: bytes, name: str = "scan.png") -> Pdf:
    pdf = Pdf()
    stream = pdf.add("/Type /EmbeddedFile", content)
    spec = pdf.add(f"/Type /Filespec /F ({name}) /UF ({name}) /EF << /F {stream} 0 R >>")
    pdf.catalog = f"/Names << /EmbeddedFiles << /Names [(a) {spec} 0 R] >> >>"
    pdf.page(draw("Im", 10, 20, 80, 60), {"Im": pdf.picture(scene())})
    return pdf


def test_an_embedded_file_is_handed_on() -> None:
    inner: list[Blob] = []
    assert len(pictures(_with_attachment(b"some bytes"), inner=inner)) == 1
    [blob] = inner
    assert blob.data == b"some bytes"
    assert (blob.where.source, blob.where.member) == ("test.pdf", "scan.png")
    assert blob.where.locator == "member scan.png"


def test_pictures_of_an_embedded_file_count_on_and_say_where_they_are() -> None:
    own, inner = pictures(_with_attachment(b"a picture"))
    assert (own.where.index, inner.where.index) == (1, 2)
    assert (inner.where.source_type, inner.where.member) == ("pdf", "scan.png")
    assert inner.where.locator == "member scan.png, frame 1"


def test_a_pdf_inside_something_keeps_what_is_known_of_its_place() -> None:
    place = Provenance("a.zip", "archive", "member b.pdf", member="b.pdf")
    blob = Blob(place, data=_with_attachment(b"a picture").to_bytes())
    [found] = read(blob, Context())
    assert found.where.locator == "member b.pdf, page 1, image 1"
    assert (found.where.source_type, found.where.member) == ("archive", "b.pdf")


def test_a_file_attached_to_an_annotation_is_handed_on() -> None:
    pdf = Pdf()
    stream = pdf.add("/Type /EmbeddedFile", b"some bytes")
    spec = pdf.add(f"/Type /Filespec /F (scan.png) /EF << /F {stream} 0 R >>")
    note = pdf.add(f"/Type /Annot /Subtype /FileAttachment /Rect [10 10 30 30] /FS {spec} 0 R")
    pdf.page("", extra=f"/Annots [{note} 0 R]")
    inner: list[Blob] = []
    pictures(pdf, inner=inner)
    [blob] = inner
    assert blob.data == b"some bytes"
    assert (blob.where.page, blob.where.locator) == (1, "page 1, member scan.png")


@pytest.mark.parametrize("limit", [{"file_bytes": 4_000}, {"inflated_bytes": 4_000}, {"depth": 0}])
def test_an_embedded_file_beyond_the_limits_is_not_followed(limit: dict[str, int]) -> None:
    import zlib
    from dataclasses import replace

    pdf = Pdf()
    bomb = pdf.add("/Type /EmbeddedFile /Filter /FlateDecode", zlib.compress(b"\0" * 5_000))
    spec = pdf.add(f"/Type /Filespec /F (big.bin) /EF << /F {bomb} 0 R >>")
    pdf.catalog = f"/Names << /EmbeddedFiles << /Names [(a) {spec} 0 R] >> >>"
    pdf.page("")
    inner: list[Blob] = []
    found = findings(pdf, limits=replace(lowered(), **limit), inner=inner)
    assert inner == []
    assert not any(isinstance(f, Picture) for f in found)
    assert [p.reason for p in problems(found)] == ["limit_exceeded"]
