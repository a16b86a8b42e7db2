"""Pictures stand as they are seen, and their boxes are those of the page that is seen."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sources.pdf.making_pdfs import Pdf, pictures, scene

UPRIGHT = scene()


@pytest.mark.parametrize(
    ("matrix", "stored"),
    [
        ("80 0 0 60 100 200", UPRIGHT),
        ("80 0 0 -60 100 260", np.flipud(UPRIGHT)),
        ("-80 0 0 60 180 200", np.fliplr(UPRIGHT)),
        ("-80 0 0 -60 180 260", np.rot90(UPRIGHT, 2)),
        # The unit square turned by a quarter counter-clockwise: stored clockwise.
        ("0 60 -80 0 180 200", np.rot90(UPRIGHT, -1)),
        ("0 -60 80 0 100 260", np.rot90(UPRIGHT, 1)),
    ],
)
def test_quarter_turns_and_flips_of_the_matrix_are_undone(matrix: str, stored: np.ndarray) -> None:
    pdf = Pdf()
    number = pdf.picture(np.ascontiguousarray(stored))
    pdf.page(f"q {matrix} cm /Im Do Q", {"Im": number})
    [found] = pictures(pdf)
    assert np.array_equal(found.pixels, UPRIGHT)
    assert (found.width, found.height) == (80, 60)
    assert found.where.bbox == pytest.approx((100, 200, 180, 260))


@pytest.mark.parametrize(
    ("rotate", "turns", "bbox"),
    [
        (0, 0, (90, 180, 170, 240)),
        (90, -1, (180, 480 - 170, 240, 480 - 90)),
        (180, 2, (480 - 170, 660 - 240, 480 - 90, 660 - 180)),
        (270, 1, (660 - 240, 90, 660 - 180, 170)),
    ],
)
def test_a_turned_and_cropped_page_is_reported_as_seen(
    rotate: int, turns: int, bbox: tuple[float, ...]
) -> None:
    pdf = Pdf()
    number = pdf.picture(UPRIGHT)
    crop = f"/MediaBox [0 0 600 800] /CropBox [10 20 490 680] /Rotate {rotate}"
    pdf.page("q 80 0 0 60 100 200 cm /Im Do Q", {"Im": number}, extra=crop)
    [found] = pictures(pdf)
    assert np.array_equal(found.pixels, np.rot90(UPRIGHT, turns))
    assert found.where.bbox == pytest.approx(bbox)
