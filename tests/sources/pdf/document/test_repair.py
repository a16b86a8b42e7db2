"""A file that lost its trailer gets one that leads to what is left."""

from __future__ import annotations

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
