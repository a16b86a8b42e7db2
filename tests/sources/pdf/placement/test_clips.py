"""Of a clipped image, the picture is what the page shows."""

from __future__ import annotations

import numpy as np
import pytest

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


def _clipped(path: str, pixels: np.ndarray, rotate: int = 0) -> Pdf:
    pdf = Pdf()
    content = f"q {path} W n " + draw("Im", 100, 200, 160, 120) + "Q"
    pdf.page(content, {"Im": pdf.picture(pixels)}, extra=f"/Rotate {rotate}")
    return pdf


def test_a_crop_is_cut_from_the_stored_pixels_one_to_one() -> None:
    [found] = pictures(_clipped("120 200 80 90 re", scene()))
    assert found.where.extraction == "rendered"
    assert found.where.bbox == pytest.approx((120, 200, 200, 290))
    assert np.array_equal(found.pixels, scene()[15:, 10:50])


def test_a_crop_on_a_turned_page_stands_as_seen() -> None:
    [found] = pictures(_clipped("120 200 80 90 re", scene(), rotate=90))
    assert np.array_equal(found.pixels, np.rot90(scene()[15:, 10:50], -1))
    assert found.where.bbox == pytest.approx((200, 400, 290, 480))


@pytest.mark.parametrize("as_jpeg", [False, True])
def test_a_round_crop_leaves_white_corners(as_jpeg: bool) -> None:
    pdf = Pdf()
    pixels = scene(240, 320)
    number = pdf.picture(pixels)
    if as_jpeg:
        number = pdf.jpeg(to_jpeg(pixels), (320, 240), "/ColorSpace /DeviceRGB")
    circle = "100 260 m 100 340 260 340 260 260 c 260 180 100 180 100 260 c W n"
    pdf.page(f"q {circle} " + draw("Im", 100, 200, 160, 120) + "Q", {"Im": number})
    [found] = pictures(pdf)
    assert found.pixels.shape == (240, 320, 3)
    assert found.pixels[2, 2].tolist() == [255, 255, 255]
    assert far(found.pixels[80:160, 80:240], pixels[80:160, 80:240]) < 3
    assert found.data is None


def test_a_frame_that_hides_next_to_nothing_keeps_the_file() -> None:
    pdf = Pdf()
    data = to_jpeg(scene())
    number = pdf.jpeg(data, (80, 60), "/ColorSpace /DeviceRGB")
    pdf.page("q 101 200 158 120 re W n " + draw("Im", 100, 200, 160, 120) + "Q", {"Im": number})
    [found] = pictures(pdf)
    assert found.data == data


def test_forms_clip_by_their_box() -> None:
    pdf = Pdf()
    number = pdf.picture(scene())
    form = pdf.form(draw("Im", 0, 0, 160, 120), {"Im": number}, box="0 0 80 120")
    pdf.page("q 1 0 0 1 100 200 cm /F Do Q", {"F": form})
    [found] = pictures(pdf)
    assert np.array_equal(found.pixels, scene()[:, :40])
    assert found.where.bbox == pytest.approx((100, 200, 180, 320))


def test_two_crops_of_one_image_are_two_pictures() -> None:
    pdf = Pdf()
    content = "".join(
        f"q {x} 200 80 120 re W n " + draw("Im", 100, 200, 160, 120) + "Q\n" for x in (100, 180)
    )
    pdf.page(content, {"Im": pdf.picture(scene())})
    left, right = pictures(pdf)
    assert np.array_equal(np.hstack([left.pixels, right.pixels]), scene())


def test_an_image_that_is_clipped_away_is_counted_as_unseen() -> None:
    found = findings(_clipped("300 300 10 10 re", scene()))
    [left_out] = problems(found)
    assert len(found) == 1
    assert (left_out.status, left_out.reason) == ("skipped", "unseen")
    assert left_out.where.locator == "page 1, 1 unseen image"
