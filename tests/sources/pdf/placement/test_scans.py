"""On a scanned page, the pictures that stand among the text are found as well."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from medsift.core.picture import Pixels
from medsift.sources.pdf.placement.scans import proposals_of
from tests.sources.pdf.making_pdfs import Pdf, draw, pictures, scene

_FONT = ImageFont.load_default(18)


def _text_page(paper: int = 245) -> Image.Image:
    page = Image.new("RGB", (900, 1200), (paper, paper, paper))
    pen = ImageDraw.Draw(page)
    for y in range(60, 1140, 26):
        pen.text(
            (70, y), "no fracture, effusion or malalignment was seen on the film " * 2, 30, _FONT
        )
    return page


def _with_picture(box: tuple[int, int, int, int]) -> Pixels:
    page = _text_page()
    left, top, right, bottom = box
    page.paste((245, 245, 245), (left - 15, top - 15, right + 15, bottom + 15))
    page.paste(Image.fromarray(scene(bottom - top, right - left)), (left, top))
    return np.asarray(page, dtype=np.uint8)


def test_a_picture_among_text_is_proposed() -> None:
    [found] = proposals_of(_with_picture((200, 300, 600, 640)))
    assert (found.left * 900, found.top * 1200) == pytest.approx((200, 300), abs=12)
    assert (found.right * 900, found.bottom * 1200) == pytest.approx((600, 640), abs=12)


@pytest.mark.parametrize("box", [(200, 300, 260, 700), (150, 300, 700, 380)])
def test_a_strip_is_not_proposed(box: tuple[int, int, int, int]) -> None:
    assert proposals_of(_with_picture(box)) == []
    left, top, right, bottom = box
    wider = (left, top, max(right, left + 200), max(bottom, top + 200))
    assert len(proposals_of(_with_picture(wider))) == 1


def test_text_alone_proposes_nothing() -> None:
    assert proposals_of(np.asarray(_text_page(), dtype=np.uint8)) == []


def test_a_plain_coloured_box_is_not_proposed() -> None:
    page = _text_page()
    page.paste((20, 60, 140), (100, 300, 800, 520))
    assert proposals_of(np.asarray(page, dtype=np.uint8)) == []


def test_a_photograph_that_fills_the_page_proposes_nothing() -> None:
    assert proposals_of(scene(1200, 900) // 2 + 10) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_any_size_is_fine(height: int, width: int, shade: int) -> None:
    pixels = np.full((height, width, 3), shade, dtype=np.uint8)
    assert proposals_of(pixels) == []


def test_page_and_picture_are_both_reported_with_their_places() -> None:
    scan = _with_picture((200, 300, 600, 640))
    pdf = Pdf()
    pdf.page(draw("Im", 0, 0, 600, 800), {"Im": pdf.picture(scan)})
    whole, part = pictures(pdf, target=224)
    assert whole.where.extraction == "embedded"
    assert whole.where.bbox == pytest.approx((0, 0, 600, 800))
    assert part.where.extraction == "rendered"
    assert part.where.bbox == pytest.approx((133, 373, 400, 600), abs=9)
    assert part.where.locator == "page 1, image 2"
    assert (part.width, part.height) == (part.pixels.shape[1], part.pixels.shape[0])
    x0, _, _, y1 = part.where.bbox or (0, 0, 0, 0)
    left, top = round(x0 * 1.5), round((800 - y1) * 1.5)
    assert np.array_equal(part.pixels, scan[top : top + part.height, left : left + part.width])
