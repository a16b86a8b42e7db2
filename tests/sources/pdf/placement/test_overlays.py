"""Pictures that a page draws over are given as the page shows them, if that makes a difference."""

from __future__ import annotations

import hashlib
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from medsift.core.errors import LimitError
from medsift.core.picture import Picture
from medsift.sources.pdf.placement import overlays
from tests.sources.pdf.making_pdfs import (
    Pdf,
    draw,
    far,
    findings,
    pictures,
    problems,
    scene,
    to_jpeg,
)

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


@pytest.mark.parametrize(
    "cover",
    [
        "0 0 0 rg 100 200 200 150 re f\n",
        "0 0 0 rg 100 200 200 150 re f BT 1 g /F 30 Tf 110 260 Td (REDACTED) Tj ET\n",
        "1 g 100 200 200 150 re f BT 0 g /F 14 Tf 105 270 Td (Image removed for privacy) Tj ET\n",
        "0.2 g 100 200 100 150 re f 0.7 g 200 200 100 150 re f\n",
    ],
)
def test_a_picture_that_is_covered_altogether_is_still_found(cover: str) -> None:
    [found] = pictures(page_with(after=cover))
    assert is_original(found)
    assert found.note == "hidden"


def test_text_in_a_thin_frame_is_part_of_the_picture() -> None:
    pixels = np.full((400, 400, 3), 255, np.uint8)
    pixels[190:193, 10:390] = 0
    pdf = Pdf()
    text = "BT /F 40 Tf 110 310 Td (MMMM) Tj ET\n"
    pdf.page(draw("Im", 100, 200, 200, 200) + text, {"Im": pdf.picture(pixels)}, resources=_FONT)
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"
    assert (found.pixels[100:180] < 128).any()
    assert (found.pixels[191, 20:380] < 128).all()


def test_much_text_in_a_thin_frame_does_not_cover_the_frame() -> None:
    pixels = np.full((400, 400, 3), 255, np.uint8)
    pixels[190:192, 10:390] = 0
    lines = "".join(f"0 g 110 {y} 180 4 re f\n" for y in range(210, 395, 8) if abs(y - 300) > 8)
    pdf = Pdf()
    pdf.page(draw("Im", 100, 200, 200, 200) + lines, {"Im": pdf.picture(pixels)})
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"


def test_a_dark_picture_on_a_dark_page_is_not_taken_for_covered() -> None:
    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[20:120, 20:100] = scene(100, 80)
    pdf = Pdf()
    ground = "0 g 0 0 600 800 re f\n"
    bars = "1 g 110 215 180 20 re f 110 245 180 20 re f\n"
    pdf.page(ground + draw("Im", 100, 200, 200, 200) + bars, {"Im": pdf.picture(pixels)})
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"


def test_very_large_pictures_stay_as_they_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlays, "_MOST_PIXELS", 400 * 300 - 1)
    [found] = pictures(page_with(after=BARS))
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


@pytest.mark.parametrize("side", [400, 500, 800, 1000])
def test_the_answer_does_not_depend_on_the_size_that_is_asked_for(side: int) -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(scene(side, side) + rng.normal(0, 12, (side, side, 3)), 0, 255)
    data = to_jpeg(noisy.astype(np.uint8))
    pdf = Pdf()
    number = pdf.jpeg(data, (side, side), "/ColorSpace /DeviceRGB")
    pdf.page(draw("Im", 100, 200, 200, 200) + "0.3 w 100 200 m 300 400 l S\n", {"Im": number})
    pdf.page(draw("Im", 100, 200, 200, 200) + BARS, {"Im": number})
    answers = [
        [(found.where.extraction, found.sha256) for found in pictures(pdf, target=target)]
        for target in (0, 128, 176)
    ]
    assert [way for way, _ in answers[0]] == ["embedded", "rendered"]
    assert answers[0] == answers[1] == answers[2]


def test_a_small_picture_may_be_changed_by_a_small_mark() -> None:
    pdf = Pdf()
    number = pdf.picture(scene(32, 32))
    mark = "0 0 0 rg 200 300 25 25 re f\n"
    pdf.page(draw("Im", 100, 200, 256, 256) + mark, {"Im": number})
    [found] = pictures(pdf)
    assert found.where.extraction == "rendered"


def test_a_picture_ground_is_seen_through_a_picture_too() -> None:
    pdf = Pdf()
    alpha = np.zeros((60, 80), np.uint8)
    alpha[:, :40] = 255
    mask = pdf.picture(alpha)
    ground, above = pdf.picture(scene(seed=5)), pdf.picture(scene(), f"/SMask {mask} 0 R")
    content = draw("Ground", 90, 190, 260, 200) + draw("Above", *PLACE)
    pdf.page(content, {"Ground": ground, "Above": above})
    lower, upper = pictures(pdf)
    assert lower.where.extraction == "embedded"
    assert upper.where.extraction == "rendered"
    assert far(upper.pixels[:, 50:], np.full((60, 30, 3), 255, np.uint8)) > 40


def test_the_ground_is_seen_beside_what_a_clip_path_leaves() -> None:
    pdf = Pdf()
    diamond = "q 200 200 m 300 275 l 200 350 l 100 275 l h W n "
    content = "0 0 1 rg 50 150 400 400 re f\n" + diamond + draw("Im", *PLACE) + "Q\n"
    pdf.page(content, {"Im": pdf.picture(scene(seed=2))})
    [found] = pictures(pdf)
    assert found.pixels[1, 1].tolist() == [0, 0, 255]


@pytest.mark.parametrize("after", ["", "1 0 0 rg 110 210 180 30 re f\n"])
def test_annotations_are_no_part_of_a_picture(after: str) -> None:
    pdf = Pdf()
    number = pdf.jpeg(PHOTO, (400, 300), "/ColorSpace /DeviceRGB")
    look = pdf.add("/Type /XObject /Subtype /Form /BBox [0 0 200 75]", b"0 0 0 rg 0 0 200 75 re f")
    stamp = pdf.add(
        f"/Type /Annot /Subtype /Stamp /Rect [100 270 300 345] /F 4 /AP << /N {look} 0 R >>"
    )
    pdf.page(draw("Im", *PLACE) + after, {"Im": number}, extra=f"/Annots [{stamp} 0 R]")
    [found] = pictures(pdf)
    assert far(found.pixels[:140], scene(300, 400)[:140]) < 4


def test_what_reaches_far_beyond_the_page_stays_as_it_is_stored() -> None:
    pdf = Pdf()
    number = pdf.jpeg(PHOTO, (400, 300), "/ColorSpace /DeviceRGB")
    for x in (-10, -60):
        bars = f"0 0 0 rg {x} 220 180 40 re f {x} 290 180 40 re f\n"
        pdf.page(draw("Im", x, 200, 200, 150) + bars, {"Im": number})
    near, beyond = pictures(pdf)
    assert near.where.extraction == "rendered"
    assert is_original(beyond)


def test_a_drawing_that_fails_leaves_the_picture_and_the_pages_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: object, **__: object) -> NoReturn:
        raise LimitError("no memory to draw")

    monkeypatch.setattr(overlays, "draw_region", failing)
    pdf = page_with(after=BARS)
    pdf.pages *= 2
    assert [is_original(found) for found in pictures(pdf)] == [True, True]


def test_a_page_of_very_many_objects_is_not_drawn_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlays, "_MOST_OBJECTS", 2)
    [found] = pictures(page_with(after=BARS))
    assert is_original(found)


def test_a_page_of_many_pictures_and_marks_is_not_drawn_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each takes four drawings: three small ones to compare, and that of the result.
    monkeypatch.setattr(overlays, "_MOST_WORK", 3 * 4 * 5_100)
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


def _stacked(lower: NDArray[np.uint8], upper: NDArray[np.uint8]) -> Pdf:
    pdf = Pdf()
    names = {"A": pdf.picture(lower), "B": pdf.picture(upper)}
    pdf.page(draw("A", 100, 100, 160, 120) + draw("B", 100, 100, 160, 120), names)
    return pdf


def test_a_picture_below_an_unlike_one_is_told_as_hidden() -> None:
    below, above = pictures(_stacked(scene(60, 80), scene(60, 80, 1)))
    assert far(below.pixels, scene(60, 80)) < 1
    assert (below.where.locator, below.note) == ("page 1, image 1 (covered)", "hidden")
    assert (above.where.locator, above.note) == ("page 1, image 2", "")


def test_a_picture_below_one_that_looks_the_same_is_left_out_and_counted() -> None:
    anew = np.clip(scene(60, 80).astype(int) + 3, 0, 255).astype(np.uint8)
    pdf = _stacked(scene(60, 80), anew)
    found = findings(pdf)
    [shown] = pictures(pdf)
    assert far(shown.pixels, anew) < 1
    [left_out] = problems(found)
    assert (left_out.status, left_out.reason) == ("skipped", "covered")
    assert left_out.where.locator == "page 1, 1 covered image"
    assert [p.note for p in pictures(pdf, pixels="stored")] == ["", ""]


def test_a_hidden_picture_is_noted_where_pixels_are_given_as_stored_too() -> None:
    pdf = _stacked(scene(60, 80), scene(60, 80, 1))
    assert [p.note for p in pictures(pdf, pixels="stored")] == ["hidden", ""]


def test_an_empty_picture_below_another_one_hides_nothing() -> None:
    white = np.full((60, 80, 3), 255, np.uint8)
    assert [p.note for p in pictures(_stacked(white, scene(60, 80)))] == [""]


def test_a_picture_that_is_drawn_ten_times_in_one_place_is_told_once() -> None:
    pdf = Pdf()
    names = {"A": pdf.picture(scene(60, 80))}
    pdf.page(draw("A", 100, 100, 160, 120) * 10, names)
    assert len(pictures(pdf)) == 1
    assert [p.where.locator for p in problems(findings(pdf))] == ["page 1, 9 covered images"]


def test_a_picture_below_a_black_one_is_told() -> None:
    pdf = Pdf()
    black = np.zeros((60, 80, 3), np.uint8)
    names = {"A": pdf.picture(scene(60, 80)), "B": pdf.picture(black)}
    pdf.page(draw("A", 100, 100, 160, 120) + draw("B", 100, 100, 160, 120), names)
    found = pictures(pdf)
    assert far(found[0].pixels, scene(60, 80)) < 1
    assert [p.note for p in found] == ["hidden", ""]
