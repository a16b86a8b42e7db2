"""How pictures of a page lie to one another, and to text between them."""

from __future__ import annotations

import pytest

from medsift.core.picture import Bbox
from medsift.sources.pdf.captions.links import _parts_two, gaps

LEFT, RIGHT = (100.0, 500.0, 200.0, 600.0), (300.0, 500.0, 400.0, 600.0)
BELOW = (100.0, 300.0, 200.0, 400.0)


def test_gaps_are_negative_where_boxes_overlap() -> None:
    assert gaps(LEFT, RIGHT) == gaps(RIGHT, LEFT) == (100, -100)
    assert gaps(LEFT, BELOW) == gaps(BELOW, LEFT) == (-100, 100)


@pytest.mark.parametrize(
    ("wall", "across", "up"),
    [
        ((210.0, 540.0, 290.0, 550.0), True, False),  # between those side by side
        ((340.0, 540.0, 360.0, 550.0), False, False),  # a label on one of them
        ((140.0, 540.0, 160.0, 550.0), False, False),
        ((210.0, 440.0, 290.0, 450.0), False, False),  # lower than both
        ((110.0, 440.0, 190.0, 450.0), False, True),  # between those above each other
        ((20.0, 440.0, 90.0, 450.0), False, False),  # beside their column
        ((20.0, 440.0, 500.0, 450.0), False, True),  # wider than it
        ((110.0, 640.0, 190.0, 650.0), False, False),  # above all
    ],
)
def test_text_parts_pictures_that_it_stands_between(wall: Bbox, across: bool, up: bool) -> None:
    assert _parts_two(wall, LEFT, RIGHT) == _parts_two(wall, RIGHT, LEFT) == across
    assert _parts_two(wall, LEFT, BELOW) == _parts_two(wall, BELOW, LEFT) == up
