"""Pictures that a page draws over are given as the page shows them, if that makes a difference."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from medsift.core.picture import Picture
from medsift.sources.pdf import overlays
from tests.sources.pdf.making_pdfs import Pdf, draw, far, pictures, scene, to_jpeg

PHOTO = to_jpeg(scene(300, 400))
PLACE = (100, 200, 200, 150)
_FONT = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
BARS = "0 0 0 rg 110 220 180 40 re f 110 290 180 40 re f\n"
ARROW = "1 0 0 RG 2 w 130 230 m 150 250 l S\n"


def page_with(before: str = "", after: str = "", *, extra: str = "") -> Pdf:
    """A photograph on a page, with something drawn before and after it."""
    pdf = Pdf()
    number = pdf.jpeg(PHOTO, (400, 300), f"/ColorSpace /DeviceRGB {extra}")
    pdf.page(before + draw("Im", *PLACE) + after, {"Im": number}, resources=_FONT)
    return pdf


def is_original(found: Picture) -> bool:
    return found.data == PHOTO and found.where.extraction == "embedded"


def test_what_covers_much_of_a_picture_is_part_of_it() -> None:
    [found] = pictures(page_with(after=BARS))
    assert found.where.extraction == "rendered"
    assert (found.width, found.height, found.format, found.data) == (400, 300, "raw", None)
    assert found.where.bbox == pytest.approx((100, 200, 300, 350))
    # The lower bar: from 220 to 260 of 200 to 350 points, counted from below.
    assert found.pixels[300 - 80, 200].tolist() == [0, 0, 0]
    assert far(found.pixels[:30], scene(300, 400)[:30]) < 4


def test_it_is_drawn_at_the_resolution_that_is_stored() -> None:
    pdf = Pdf()
    number = pdf.picture(scene(900, 1200))
    pdf.page(draw("Im", *PLACE) + BARS, {"Im": number})
    [found] = pictures(pdf)
    assert found.pixels.shape == (900, 1200, 3)
    assert (found.width, found.height) == (1200, 900)


def test_a_small_mark_leaves_the_original_file() -> None:
    [found] = pictures(page_with(after=ARROW))
    assert is_original(found)
    assert found.sha256 == hashlib.sha256(PHOTO).hexdigest()


def test_who_asks_for_stored_pixels_gets_the_original_file() -> None:
    [found] = pictures(page_with(after=BARS), pixels="stored")
    assert is_original(found)


def test_what_is_drawn_before_an_opaque_picture_does_not_matter() -> None:
    [found] = pictures(page_with(before=BARS))
    assert is_original(found)


def test_labels_that_only_touch_the_side_do_not_matter() -> None:
    [found] = pictures(page_with(after="0 0 0 rg 100 120 200 80.5 re f\n"))
    assert is_original(found)


def test_the_invisible_text_of_a_scan_that_was_read_does_not_matter() -> None:
    lines = "".join(f"1 0 0 1 105 {210 + 12 * i} Tm (MMMMMMMMMMMMMMMM) Tj " for i in range(11))
    text = f"BT /F 14 Tf {{mode}} Tr {lines} ET\n"
    [unread] = pictures(page_with(after=text.format(mode=3)))
    [shown] = pictures(page_with(after=text.format(mode=0)))
    assert is_original(unread)
    assert shown.where.extraction == "rendered"


def test_a_picture_that_is_hidden_altogether_is_still_found() -> None:
    [found] = pictures(page_with(after="0 0 0 rg 100 200 200 150 re f\n"))
    assert is_original(found)


def test_an_empty_panel_with_text_on_it_stays_empty() -> None:
    pdf = Pdf()
    number = pdf.picture(np.full((150, 200, 3), 230, np.uint8))
    pdf.page(draw("Im", *PLACE) + BARS, {"Im": number})
    [found] = pictures(pdf)
    assert found.where.extraction == "embedded"
    assert (found.pixels == 230).all()


def test_the_ground_below_a_picture_that_can_be_seen_through_is_part_of_it() -> None:
    pdf = Pdf()
    alpha = np.zeros((60, 80), np.uint8)
    alpha[:, :40] = 255
    mask = pdf.picture(alpha)
    number = pdf.picture(scene(), f"/SMask {mask} 0 R")
    pdf.page("0 0 1 rg 50 150 400 400 re f\n" + draw("Im", *PLACE), {"Im": number})
    [seen], [stored] = pictures(pdf), pictures(pdf, pixels="stored")
    assert seen.pixels[30, 70].tolist() == [0, 0, 255]
    assert stored.pixels[30, 70].tolist() == [255, 255, 255]
    assert far(seen.pixels[:, :30], stored.pixels[:, :30]) < 4


def with_other(width: float, height: float, after: str = "") -> list[Picture]:
    """A photograph, and another picture on its lower left corner."""
    pdf = Pdf()
    below = pdf.jpeg(PHOTO, (400, 300), "/ColorSpace /DeviceRGB")
    above = pdf.picture(255 - scene(seed=3))
    content = draw("Below", *PLACE) + draw("Above", 100, 200, width, height) + after
    pdf.page(content, {"Below": below, "Above": above})
    return pictures(pdf)


def test_an_inset_is_part_of_a_picture_and_told_by_itself() -> None:
    large, small = with_other(80, 60)
    assert (large.where.extraction, large.width) == ("rendered", 400)
    assert (small.where.extraction, small.width) == ("embedded", 80)
    assert far(large.pixels[:160], scene(300, 400)[:160]) < 4
    assert far(large.pixels[200:, :140], scene(300, 400)[200:, :140]) > 20


def test_a_ground_for_other_pictures_is_shown_without_them() -> None:
    ground, _ = with_other(120, 100)
    assert is_original(ground)
    marked, _ = with_other(120, 100, after="0 0 0 rg 100 310 200 30 re f\n")
    assert marked.where.extraction == "rendered"
    assert marked.pixels[50, 200].tolist() == [0, 0, 0]
    assert far(marked.pixels[120:], scene(300, 400)[120:]) < 4


def test_pictures_at_an_angle_come_upright_as_they_are_stored() -> None:
    pdf = Pdf()
    number = pdf.jpeg(PHOTO, (400, 300), "/ColorSpace /DeviceRGB")
    pdf.page("q 195 43 -32 146 150 200 cm /Im Do Q\n" + BARS, {"Im": number})
    [found] = pictures(pdf)
    assert is_original(found)


def test_marks_within_a_form_count_where_the_form_puts_them() -> None:
    pdf = Pdf()
    photo = pdf.jpeg(PHOTO, (400, 300), "/ColorSpace /DeviceRGB")
    form = pdf.form("0 0 0 rg 0 0 180 40 re f 0 70 180 40 re f\n", {})
    names = {"Im": photo, "Fm": form}
    pdf.page(draw("Im", *PLACE) + "q 1 0 0 1 110 220 cm /Fm Do Q\n", names)
    pdf.page(draw("Im", *PLACE) + "q 1 0 0 1 110 500 cm /Fm Do Q\n", names)
    covered, free = pictures(pdf)
    assert covered.where.extraction == "rendered"
    assert is_original(free)


def test_the_digest_does_not_depend_on_the_size_that_is_asked_for() -> None:
    pdf = page_with(after=BARS)
    [large], [small] = pictures(pdf), pictures(pdf, target=50)
    assert small.sha256 == large.sha256
    assert (small.width, small.height) == (400, 300)
    assert small.pixels.shape[0] < 300


def test_a_page_of_many_pictures_and_marks_is_not_drawn_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overlays, "_MOST_WORK", 3 * 5_100)
    pdf = Pdf()
    names = {}
    content = ""
    for number in range(8):
        names[f"Im{number}"] = pdf.picture(scene(60, 80, seed=number))
        x, y = 40 + 130 * (number % 4), 100 + 200 * (number // 4)
        content += draw(f"Im{number}", x, y, 100, 75) + f"{x} {y} 100 40 re f\n"
    pdf.page(content, names)
    ways = [found.where.extraction for found in pictures(pdf)]
    assert ways == ["rendered"] * 3 + ["embedded"] * 5
