"""Which pictures of a page may be of one figure, by how they stand to each other."""

from __future__ import annotations

from collections.abc import Callable

from medsift.core.picture import Bbox
from medsift.sources.pdf.captions.captions import PageText
from medsift.sources.pdf.geometry import area, intersection

CLOSE = 14.0
"""Points between pictures of one figure, unless text stands between them."""

_PAPER_BETWEEN = 2 * CLOSE
"""Points of bare paper, margins of pictures included, from which on two are apart."""

_LAID_OVER = 0.1
"""Share of the smaller of two pictures from which on one lies on the other."""

_FLUSH = 3.0
_SAME_HEIGHT = 0.1
_LONG_TEXT = 30
"""Letters from which on a line is text and no label of a panel."""


class Links:
    """Which pictures may be of one figure, by what stands between them.

    Parameters
    ----------
    text : PageText
    ink_of : callable
        Gives the part of a picture's box that is not bare paper.
    """

    def __init__(self, text: PageText, ink_of: Callable[[Bbox], Bbox] = lambda box: box) -> None:
        self._walls = [caption.box for caption in text.captions]
        self._walls += [line.box for line in text.others if len(line.text) > _LONG_TEXT]
        self._ink_of = ink_of

    def close(self, one: Bbox, other: Bbox) -> bool:
        """Whether two pictures overlap, abut, or nearly do."""
        if area(intersection(one, other)) > 0:
            return True
        across, up = gaps(one, other)
        if across >= 0 and up >= 0:
            return max(across, up) <= CLOSE / 2
        return max(across, up) <= CLOSE and self.free(one, other)

    def together(self, one: Bbox, other: Bbox) -> bool:
        """Whether two pictures that have no caption are one figure.

        Closeness alone does not say so: text processors stack pictures that have nothing to do
        with each other, and many have margins as white as the paper.
        """
        if not self.close(one, other):
            return False
        common = area(intersection(one, other))
        if common >= _LAID_OVER * min(area(one), area(other)):
            return True
        across, up = gaps(one, other)
        if up > across and not _is_stack(one, other, up):
            return False
        return max(gaps(self._ink_of(one), self._ink_of(other))) <= _PAPER_BETWEEN

    def free(self, one: Bbox, other: Bbox) -> bool:
        """Whether no caption and no text of any length stands between two pictures."""
        return not any(_parts_two(wall, one, other) for wall in self._walls)


def gaps(one: Bbox, other: Bbox) -> tuple[float, float]:
    """How far two boxes are apart, across and up; negative where they overlap."""
    across = max(one[0], other[0]) - min(one[2], other[2])
    return across, max(one[1], other[1]) - min(one[3], other[3])


def _is_stack(one: Bbox, other: Bbox, gap: float) -> bool:
    """Whether pictures above each other are flush, and alike in height unless they abut."""
    if min(abs(one[0] - other[0]), abs(one[2] - other[2])) > _FLUSH:
        return False
    heights = sorted((one[3] - one[1], other[3] - other[1]))
    return gap <= CLOSE / 2 or heights[1] - heights[0] <= _SAME_HEIGHT * heights[1]


def _parts_two(wall: Bbox, one: Bbox, other: Bbox) -> bool:
    """Whether a line of text stands between two boxes."""
    x, y = (wall[0] + wall[2]) / 2, (wall[1] + wall[3]) / 2
    low, high = min(one[3], other[3]), max(one[1], other[1])
    if low <= y <= high and wall[0] < max(one[2], other[2]) and wall[2] > min(one[0], other[0]):
        return True
    left, right = min(one[2], other[2]), max(one[0], other[0])
    return left <= x <= right and min(one[1], other[1]) < y < max(one[3], other[3])
