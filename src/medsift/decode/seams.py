"""Where panels touch: straight edges right through a picture.

At a seam the pictures on both sides end, so that nearly every line across it has a step at the
very same place, and what lies beyond has nothing to do with what lies before. Edges of things in
a picture are seldom that long and never that straight; lines that are drawn over a picture have
the same on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Box: TypeAlias = tuple[int, int, int, int]

_STEP = 18
_OVER_TEXTURE = 1.5
_FLAT = 6
_DECIDABLE = 0.5
_BEYOND = 4
_FAR = 12
_UNLIKE = 1.15
_VARIED = 0.6
_UNLIKE_ALONE = 1.4
_VARIED_ALONE = 0.75
_TEXTURE = 2.0
_RIDGE = 10
_DRAWN = 0.85

_SURE = 0.85
_LEAST_STEPS = {2: 0.5, 3: 0.45}
_LEAST_STEPS_OF_MANY = 0.4
_MOST_PARTS = 10
_MARGIN = 0.15
_REACH = 0.012


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """What is known of each place of a figure, for seams along one axis."""

    steps: NDArray[np.bool_]
    bright: NDArray[np.bool_]
    dark: NDArray[np.bool_]
    flat: NDArray[np.bool_]
    beyond: NDArray[np.int16]


class Seams:
    """The seams of a figure.

    Parameters
    ----------
    luma : ndarray of uint8, shape (h, w)
    """

    def __init__(self, luma: NDArray[np.uint8]) -> None:
        self._luma = luma
        self._lines: dict[int, _Lines] = {}

    def places(self, box: Box, axis: int, least: float) -> list[int]:
        """Seams of a picture, as places in the figure.

        Parameters
        ----------
        box : Box
            x0, y0, x1, y1 of the picture in the figure.
        axis : int
            0 for vertical seams, 1 for horizontal ones.
        least : float
            Shortest side of what a seam cuts off, in pixels.
        """
        length = box[axis + 2] - box[axis]
        if length < 2 * least:
            return []
        scores, alone = self._scores(box, axis)
        drawn = self._drawn(box, axis)
        places = _even(np.maximum(scores, drawn), least, 3)
        if np.count_nonzero(np.diff(np.flatnonzero(drawn)) > 1) > len(places):
            # More lines than a grid of panels has: squared paper.
            places = []
        places = places or _even(alone, least, 2) or _single(alone, least)
        return [box[axis] + place for place in places]

    def _scores(self, box: Box, axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How much of each line is a seam, of what could be one: for a grid, and for one alone."""
        x0, y0, x1, y1 = box
        lines = self._of(axis)
        part = slice(y0, y1), slice(x0, x1)
        steps, flat = lines.steps[part].mean(axis=axis), lines.flat[part].mean(axis=axis)
        decidable = 1 - flat
        scores: NDArray[np.float64] = np.where(
            decidable >= _DECIDABLE, steps / np.maximum(decidable, _DECIDABLE), 0.0
        )
        beyond = lines.beyond[part].astype(np.float32)
        unlike, shift = np.abs(beyond).mean(axis=axis), beyond.mean(axis=axis)
        spread = np.sqrt(np.maximum((beyond**2).mean(axis=axis) - shift**2, 0))
        usual = max(_TEXTURE, float(np.median(unlike)))
        in_a_grid = (unlike >= _UNLIKE * usual) & (spread >= _VARIED * unlike)
        alone = (unlike >= _UNLIKE_ALONE * usual) & (spread >= _VARIED_ALONE * unlike)
        return np.where(in_a_grid, scores, 0.0), np.where(alone, scores, 0.0)

    def _drawn(self, box: Box, axis: int) -> NDArray[np.float64]:
        """How much of each line is a thin line of a gutter, brighter or darker than both sides."""
        x0, y0, x1, y1 = box
        lines = self._of(axis)
        part = slice(y0, y1), slice(x0, x1)
        shares = np.maximum(lines.bright[part].mean(axis=axis), lines.dark[part].mean(axis=axis))
        drawn: NDArray[np.float64] = np.where(shares >= _DRAWN, shares, 0.0)
        return drawn

    def _of(self, axis: int) -> _Lines:
        if axis not in self._lines:
            luma = self._luma if axis == 0 else np.ascontiguousarray(self._luma.T)
            lines = _lines(luma)
            if axis == 1:
                lines = _Lines(
                    lines.steps.T, lines.bright.T, lines.dark.T, lines.flat.T, lines.beyond.T
                )
            self._lines[axis] = lines
        return self._lines[axis]


def _even(scores: NDArray[np.float64], least: float, fewest: int) -> list[int]:
    """Seams that cut a picture into equal parts: as many as there can be."""
    length = len(scores)
    reach = max(1, round(_REACH * length))
    best: list[int] = []
    for parts in range(fewest, min(_MOST_PARTS, int(length // least)) + 1):
        places, heights = [], []
        for number in range(1, parts):
            first = max(0, round(number * length / parts) - reach)
            window = scores[first : first + 2 * reach + 1]
            offset = int(window.argmax())
            places.append(first + offset)
            heights.append(float(window[offset]))
        # The more parts, the less a chance that all steps are where a grid has its seams.
        enough = _LEAST_STEPS.get(parts, _LEAST_STEPS_OF_MANY)
        if min(heights) >= enough and len(places) > len(best):
            best = places
    return best


def _single(scores: NDArray[np.float64], least: float) -> list[int]:
    """One seam anywhere, if there is no doubt of it."""
    margin = max(round(least), round(_MARGIN * len(scores)))
    inside = scores[margin : len(scores) - margin]
    if inside.size and float(inside.max()) >= _SURE:
        return [margin + int(inside.argmax())]
    return []


def _lines(luma: NDArray[np.uint8]) -> _Lines:
    """Look at each place for seams between columns."""
    steps = _distance(luma, 1)
    around = np.zeros_like(steps)
    around[:, 3:-3] = np.maximum(steps[:, :-6], steps[:, 6:])
    # Half of the bound on both sides, as unsigned numbers have no room for more.
    sharp = (steps >= _STEP) & (steps // 3 >= around // 2)
    beyond = np.zeros(luma.shape, dtype=np.int16)
    np.subtract(
        luma[:, 2 * _BEYOND :],
        luma[:, : -2 * _BEYOND],
        dtype=np.int16,
        out=beyond[:, _BEYOND:-_BEYOND],
    )
    sharp &= np.abs(beyond) >= _FAR
    bright, dark = np.zeros(luma.shape, dtype=np.bool_), np.zeros(luma.shape, dtype=np.bool_)
    middle, left, right = luma[:, 2:-2], luma[:, :-4], luma[:, 4:]
    low, high = np.minimum(left, right), np.maximum(left, right)
    bright[:, 2:-2] = (middle > high) & (middle - high >= _RIDGE)
    dark[:, 2:-2] = (middle < low) & (low - middle >= _RIDGE)
    return _Lines(sharp, bright, dark, (steps < _FLAT) & (around < _FLAT), beyond)


def _distance(luma: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """How unlike the columns left and right of each one are, so far away."""
    left, right = luma[:, : -2 * reach], luma[:, 2 * reach :]
    distance = np.zeros_like(luma)
    distance[:, reach:-reach] = np.maximum(left, right) - np.minimum(left, right)
    return distance
