"""Pages on which PDFium sees nothing, or not all: another reader is asked."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from medsift.core.errors import DecodeError
from medsift.core.picture import Picture

from .making_pdfs import Pdf, draw, far, findings, pictures, problems, scene

PLACE = (50.0, 50.0, 250.0, 200.0)
SHOWN = draw("I", 50, 50, 200, 150)


def one_page(entries: str, content: str = SHOWN) -> Pdf:
    pdf = Pdf()
    entries = f"/Type /XObject /Subtype /Image {entries}"
    image = pdf.add(entries, zlib.compress(scene().tobytes()))
    pdf.page(content, {"I": image})
    return pdf


PLAIN = "/Width 80 /Height 60 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode"


def test_streams_that_end_without_a_line_of_their_own_are_read() -> None:
    data = one_page(PLAIN).to_bytes().replace(b"\nendstream\nendobj", b"\nendstreamendobj")
    (found,) = pictures(data)
    assert far(found.pixels, scene()) == 0
    assert found.where.bbox == pytest.approx(PLACE, abs=0.01)
    assert found.where.locator == "page 1, image 1"


@pytest.mark.parametrize(
    "entries",
    [
        "/W 80 /H 60 /CS /RGB /BPC 8 /F /Fl",
        "/W 80 /H 60 /ColorSpace /DeviceRGB /BPC 8 /Filter /FlateDecode",
        "/W 80 /H 60 /CS /DeviceRGB /BPC 8 /F [/Fl] /D [0 1 0 1 0 1]",
        "/Width 80 /Height 60 /CS /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode",
        "/Width 80 /Height 60 /ColorSpace /DeviceRGB /BPC 8 /Filter /FlateDecode",
    ],
)
def test_image_objects_with_the_short_names_of_inline_images_are_read(entries: str) -> None:
    (found,) = pictures(one_page(entries))
    assert far(found.pixels, scene()) == 0


def test_a_palette_with_short_names_keeps_its_colours() -> None:
    levels = np.arange(256, dtype=np.uint8)
    colours = np.stack([levels, 255 - levels, levels // 2], axis=1)
    indices = np.resize(levels, (60, 80))
    entries = f"/W 80 /H 60 /CS [/I /RGB 255 <{colours.tobytes().hex()}>] /BPC 8 /F [/Fl]"
    pdf = Pdf()
    image = pdf.add(f"/Type /XObject /Subtype /Image {entries}", zlib.compress(indices.tobytes()))
    pdf.page(SHOWN, {"I": image})
    (found,) = pictures(pdf)
    assert far(found.pixels, colours[indices]) == 0


def test_a_picture_in_a_stream_that_pdfium_skips_is_found_beside_what_it_sees() -> None:
    pdf = one_page(PLAIN, content="0 0 m 30 30 l S")
    seen, unseen = len(pdf.objects) - 1, pdf.add("", SHOWN.encode())
    pdf.objects[-1] = pdf.objects[-1].replace(b"\nendstream", b"\nendstreamendobj")
    page = pdf.pages[-1] - 1
    both = f"/Contents [{seen} 0 R {unseen} 0 R]".encode()
    pdf.objects[page] = pdf.objects[page].replace(f"/Contents {seen} 0 R".encode(), both)
    assert [f.width for f in pictures(pdf)] == [80]


def test_pages_beyond_a_count_that_is_too_small_are_read() -> None:
    pdf = one_page(PLAIN)
    second = pdf.picture(scene(seed=1))
    pdf.page(draw("I", 10, 10, 80, 60), {"I": second})
    data = pdf.to_bytes().replace(b"/Count 2", b"/Count 1")
    assert [f.where.page for f in pictures(data)] == [1, 2]


def test_a_page_that_is_empty_indeed_has_no_picture() -> None:
    for content in ("", " \n", "q Q", "0 0 300 300 re W n"):
        pdf = Pdf()
        pdf.page(content)
        assert findings(pdf) == []


def test_images_that_a_page_has_and_does_not_draw_are_none_of_it() -> None:
    assert pictures(one_page(PLAIN, content="0 0 m 30 30 l S")) == []


def test_an_image_that_no_reader_can_decode_is_told() -> None:
    pdf = Pdf()
    image = pdf.add("/Type /XObject /Subtype /Image /W 80 /H 60 /CS /RGB /BPC 8 /F /Fl", b"junk")
    pdf.page(SHOWN, {"I": image})
    found = findings(pdf)
    assert not any(isinstance(f, Picture) for f in found)
    assert {(p.status, p.reason) for p in problems(found)} == {("failed", "undecodable")}


def test_content_that_is_no_text_is_a_failure() -> None:
    pdf = Pdf()
    pdf.page(bytes(range(128, 256)) * 3)
    assert [problem.reason for problem in problems(findings(pdf))] == ["undecodable"]
    plain = Pdf()
    plain.page("BT (words) Tj ET")
    assert findings(plain) == []


@pytest.mark.parametrize(
    ("held", "lost"), [(b"/Subtype /Image", b"/Subtype /Imagx"), (b"/I 3 0 R", b"/I 9 0 R")]
)
def test_a_page_that_draws_what_is_lost_is_a_failure(held: bytes, lost: bytes) -> None:
    data = one_page(PLAIN).to_bytes()
    assert held in data
    damaged = data.replace(held, lost, 1)
    assert [problem.reason for problem in problems(findings(damaged))] == ["undecodable"]


def test_content_that_cannot_be_decoded_is_a_failure() -> None:
    pdf = Pdf()
    image = pdf.picture(scene())
    content = zlib.compress(SHOWN.encode())
    pdf.page(b"", {"I": image})
    number = pdf.add("/Filter /FlateDecode", b"junk" + content[4:])
    pdf.objects[pdf.pages[0] - 1] = pdf.objects[pdf.pages[0] - 1].replace(
        b"/Contents %d 0 R" % (pdf.pages[0] - 1), b"/Contents %d 0 R" % number
    )
    assert [problem.reason for problem in problems(findings(pdf))] == ["undecodable"]


def test_a_damaged_document_that_speaks_of_images_is_a_failure() -> None:
    data = one_page(PLAIN).to_bytes().replace(b"/Contents", b"/Cxntents")
    with pytest.raises(DecodeError, match="no page leads to"):
        findings(data)
    words = Pdf()
    words.page("")
    assert findings(words.to_bytes().replace(b"/Contents", b"/Cxntents")) == []


def test_a_blank_image_that_cannot_be_inflated_is_a_failure() -> None:
    pdf = Pdf()
    packed = zlib.compress(scene().tobytes())
    image = pdf.add(f"/Type /XObject /Subtype /Image {PLAIN}", packed[:20] + b"\xff" * 5000)
    pdf.page(SHOWN, {"I": image})
    assert [problem.reason for problem in problems(findings(pdf))] == ["undecodable"]
