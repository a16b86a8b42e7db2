"""A file that lost its trailer gets one that leads to what is left."""

from __future__ import annotations

import io
import zlib

import pypdfium2 as pdfium
import pytest

from medsift.sources.pdf.document.repair import with_trailer
from tests.sources.pdf.making_pdfs import Pdf, draw, scene


def rest(*lost: bytes) -> bytes:
    """What stands before the trailer, without the types of some objects."""
    pdf = Pdf()
    number = pdf.picture(scene())
    for _ in range(3):
        pdf.page(draw("I", 10, 20, 80, 60), {"I": number})
    data = pdf.to_bytes()
    data = data[: data.index(b"xref\n")]
    for name in lost:
        data = data.replace(b"/Type /" + name + b" ", b"/Type /Nothing ")
    return data


@pytest.mark.parametrize("lost", [(), (b"Catalog",), (b"Catalog", b"Pages")])
def test_all_pages_are_found_from_whatever_is_left(lost: tuple[bytes, ...]) -> None:
    patched = with_trailer(rest(*lost))
    assert patched is not None
    document = pdfium.PdfDocument(patched)
    try:
        assert len(document) == 3
    finally:
        document.close()


def test_where_no_page_is_left_there_is_nothing_to_lead_to() -> None:
    assert with_trailer(rest(b"Catalog", b"Pages", b"Page")) is None
    assert with_trailer(b"") is None


def with_streams(damage: bytes = b"") -> bytes:
    """A file whose objects lie in an object stream, without the table that tells so."""
    written = io.BytesIO()
    inside = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>",
    ]
    places = [sum(len(one) + 1 for one in inside[:n]) for n in range(3)]
    head = b" ".join(b"%d %d" % pair for pair in zip((1, 2, 3), places, strict=True)) + b" "
    packed = zlib.compress(head + b"\n".join(inside))
    written.write(b"%PDF-1.5\n4 0 obj\n<< /Length 9 >>\nstream\n0 0 m 9 9\nendstream\nendobj\n")
    written.write(
        b"5 0 obj\n<< /Type /ObjStm /N 3 /First %d /Length %d " % (len(head), len(packed))
    )
    written.write(
        b"/Filter /FlateDecode >>\nstream\n" + (damage or packed) + b"\nendstream\nendobj\n"
    )
    return written.getvalue()


def test_objects_in_streams_are_found_without_a_table() -> None:
    patched = with_trailer(with_streams())
    assert patched is not None
    document = pdfium.PdfDocument(patched)
    try:
        assert len(document) == 1
    finally:
        document.close()


@pytest.mark.parametrize("damage", [b"junk", zlib.compress(b"x y"), zlib.compress(b"1 2 3")])
def test_streams_that_make_no_sense_are_passed_over(damage: bytes) -> None:
    assert with_trailer(with_streams(damage)) is None
