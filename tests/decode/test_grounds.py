"""Plain colours of a figure, and the gutters that they make."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.decode.grounds import grounds_of, planes_of

FIGURE = (0, 0, 210, 100)


def pair(marks: int) -> tuple[np.ndarray, ...]:
    """Two grey pictures on white, and so many dark pixels in each column of their gutter."""
    pixels = np.full((100, 210, 3), 255, dtype=np.uint8)
    shades = np.random.default_rng(0).integers(40, 200, (100, 100, 1), dtype=np.uint8)
    pixels[:, :100] = pixels[:, 110:] = shades
    pixels[:marks, 100:110] = 0
    return planes_of(pixels)


@pytest.mark.parametrize(("marks", "parts"), [(0, 2), (2, 2), (5, 1)])
def test_a_gutter_may_have_a_few_marks(marks: int, parts: int) -> None:
    white = grounds_of(pair(marks))[0]
    pieces, widest = white.pieces(FIGURE, 0)
    if parts == 1:
        assert (pieces, widest) == ([FIGURE], 0)
    else:
        assert pieces == [(0, 0, 100, 100), (110, 0, 210, 100)]
        assert widest == 10
    assert white.pieces(FIGURE, 1) == ([FIGURE], 0)


def test_margins_of_the_colour_are_cut_off() -> None:
    pixels = np.full((100, 210, 3), 255, dtype=np.uint8)
    pixels[20:60, 30:90] = 0
    white, black = grounds_of(planes_of(pixels))
    assert white.trimmed(FIGURE) == (30, 20, 90, 60)
    assert (white.is_dark, black.is_dark) == (False, True)
    assert white.trimmed((0, 70, 210, 100)) is None
    assert black.share((30, 20, 90, 60)) == 1
