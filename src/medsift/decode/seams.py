"""Where panels touch: straight edges and thin lines right through a picture.

At a seam the pictures on both sides end, so that nearly every line across it has a step at the
very same place, and what lies beyond has nothing to do with what lies before. Edges of things in
a picture are seldom that long and never that straight; lines that are drawn over a picture have
the same on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsift.decode.boxes import Box

_STEP = 18
_FLAT = 6
_DECIDABLE = 0.5
_DECIDABLE_IN_GRID = 0.2
_BEYOND = 4
_FAR = 12
_UNLIKE = 1.15
_VARIED = 0.6
_UNLIKE_ALONE = 1.4
_VARIED_ALONE = 0.75
_TEXTURE = 2.0
_RIDGE = 10
_DRAWN = 0.85
_DRAWN_IN_GRID = 0.75
_DRAWN_ALONE = 0.9
_UNLIKE_BESIDE = 1.3
_UNBROKEN = 0.99
_UNLIKE_BESIDE_LINE = 2.0
_PLAIN_BESIDE = 40

_SURE = 0.85
_LEAST_STEPS = {2: 0.5, 3: 0.45}
_LEAST_STEPS_OF_MANY = 0.4
_MOST_PARTS = 10
_MARGIN = 0.12
_REACH = 0.012


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """What is known of each place of a figure, for seams along one axis: 1 where it is so."""

    steps: NDArray[np.uint8]
    bright: NDArray[np.uint8]
    dark: NDArray[np.uint8]
    decidable: NDArray[np.uint8]


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
        if length < 2 * least or length < 4 * _BEYOND:
            return []
        x0, y0, x1, y1 = box
        part = self._luma[y0:y1, x0:x1]
        part = part if axis == 0 else part.T
        scores, alone = self._scores(box, axis, part)
        drawn = self._drawn(box, axis)
        places = _even(np.maximum(scores, np.where(drawn >= _DRAWN_IN_GRID, drawn, 0)), least, 3)
        drawn = np.where(drawn >= _DRAWN, drawn, 0.0)
        for place in np.flatnonzero(drawn >= _UNBROKEN).tolist():
            # Beside a line that is drawn over a picture are steps, too.
            if not _parts_unlike(part, place, _UNLIKE_BESIDE_LINE):
                alone[max(0, place - 2) : place + 3] = 0.0
        if np.count_nonzero(np.diff(np.flatnonzero(drawn)) > 1) > len(places):
            # More lines than a grid of panels has: squared paper.
            places = []
            drawn = np.zeros_like(drawn)
        places = (
            places
            or _even(alone, least, 2)
            or _single(alone, least)
            or self._gutter(drawn, part, least)
        )
        return [box[axis] + place for place in places]

    def _scores(
        self, box: Box, axis: int, part: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How much of each line is a seam, of what could be one: for a grid, and for one alone."""
        lines = self._of(axis)
        steps = _share(lines.steps, box, axis)
        in_a_grid, alone = np.zeros_like(steps), np.zeros_like(steps)
        candidates = np.flatnonzero(steps >= _LEAST_STEPS_OF_MANY * _DECIDABLE_IN_GRID)
        if not candidates.size:
            return in_a_grid, alone
        decidable = _share(lines.decidable, box, axis)
        usual = max(_TEXTURE, _usual(part))
        for place in candidates.tolist():
            certain = float(decidable[place])
            if certain < _DECIDABLE or place < _BEYOND or place >= len(steps) - _BEYOND:
                continue
            score = float(steps[place]) / certain
            if score < _LEAST_STEPS_OF_MANY:
                continue
            beyond = np.subtract(
                part[:, place + _BEYOND], part[:, place - _BEYOND], dtype=np.float32
            )
            unlike, spread = float(np.abs(beyond).mean()), float(beyond.std())
            if unlike >= _UNLIKE * usual and spread >= _VARIED * unlike:
                in_a_grid[place] = score
            if unlike >= _UNLIKE_ALONE * usual and spread >= _VARIED_ALONE * unlike:
                alone[place] = score
        return in_a_grid, alone

    def _drawn(self, box: Box, axis: int) -> NDArray[np.float64]:
        """How much of each line is a thin line of a gutter, brighter or darker than both sides."""
        lines = self._of(axis)
        return np.maximum(_share(lines.bright, box, axis), _share(lines.dark, box, axis))

    def _gutter(
        self, drawn: NDArray[np.float64], part: NDArray[np.uint8], least: float
    ) -> list[int]:
        """Thin lines anywhere that part what is unlike, or stand in nothing."""
        margin = max(round(least), 4 * _BEYOND)
        inside = np.flatnonzero(drawn >= _DRAWN_ALONE)
        found: list[int] = []
        for place in inside.tolist():
            if not margin <= place < len(drawn) - margin:
                continue
            if found and place - found[-1] < margin:
                continue
            unbroken = drawn[place] >= _UNBROKEN
            if _parts_unlike(part, place, _UNLIKE_BESIDE_LINE if unbroken else _UNLIKE_BESIDE):
                found.append(place)
        return found

    def _of(self, axis: int) -> _Lines:
        if axis not in self._lines:
            self._lines[axis] = _lines(self._luma, axis)
        return self._lines[axis]


def _parts_unlike(part: NDArray[np.uint8], place: int, times: float) -> bool:
    """Whether a line has something else on either side, or nothing."""
    if not 3 * _BEYOND <= place < part.shape[1] - 3 * _BEYOND:
        return False
    left, right = (part[:, place + step].astype(np.int16) for step in (-_BEYOND, _BEYOND))
    within = max(
        _TEXTURE,
        float(np.abs(left - part[:, place - 3 * _BEYOND]).mean()),
        float(np.abs(right - part[:, place + 3 * _BEYOND]).mean()),
    )
    plain = max(float(left.max()), float(right.max())) <= _PLAIN_BESIDE
    return plain or float(np.abs(left - right).mean()) >= times * within


def _share(mask: NDArray[np.uint8], box: Box, axis: int) -> NDArray[np.float64]:
    x0, y0, x1, y1 = box
    sums = np.add.reduce(mask[y0:y1, x0:x1], axis=axis, dtype=np.uint16)
    shares: NDArray[np.float64] = sums / (box[3 - axis] - box[1 - axis])
    return shares


def _usual(part: NDArray[np.uint8]) -> float:
    """How unlike places so far apart are in a picture, at the median of its lines."""
    span = 2 * _BEYOND
    left, right = part[::2, :-span:5], part[::2, span::5]
    distance = np.maximum(left, right) - np.minimum(left, right)
    means = np.add.reduce(distance, axis=0, dtype=np.uint32) / max(1, distance.shape[0])
    return float(np.median(means))


def _even(scores: NDArray[np.float64], least: float, fewest: int) -> list[int]:
    """Seams that cut a picture into equal parts: as many as there can be."""
    length = len(scores)
    if not scores.any():
        return []
    reach = max(1, round(_REACH * length))
    best: list[int] = []
    for parts in range(fewest, min(_MOST_PARTS, int(length // least)) + 1):
        enough = _LEAST_STEPS.get(parts, _LEAST_STEPS_OF_MANY)
        places = []
        for number in range(1, parts):
            first = max(0, round(number * length / parts) - reach)
            window = scores[first : first + 2 * reach + 1]
            offset = int(window.argmax())
            # The more parts, the less a chance that all steps are where a grid has its seams.
            if window[offset] < enough:
                break
            places.append(first + offset)
        if len(places) == parts - 1:
            best = places
    return best


def _single(scores: NDArray[np.float64], least: float) -> list[int]:
    """One seam anywhere, if there is no doubt of it."""
    margin = max(round(least), round(_MARGIN * len(scores)))
    inside = scores[margin : len(scores) - margin]
    if inside.size and float(inside.max()) >= _SURE:
        return [margin + int(inside.argmax())]
    return []


def _lines(luma: NDArray[np.uint8], axis: int) -> _Lines:
    """Look at each place for seams along an axis."""
    steps = _distance(luma, 1, axis)
    around = np.zeros_like(steps)
    np.maximum(_at(steps, -3, 3, axis), _at(steps, 3, 3, axis), out=_at(around, 0, 3, axis))
    # Half of the bound on both sides, as unsigned numbers have no room for more.
    sharp = (steps >= _STEP) & (steps // 3 >= around // 2)
    sharp &= _distance(luma, _BEYOND, axis) >= _FAR
    bright, dark = np.zeros_like(luma), np.zeros_like(luma)
    middle = _at(luma, 0, 2, axis)
    left, right = _at(luma, -2, 2, axis), _at(luma, 2, 2, axis)
    low, high = np.minimum(left, right), np.maximum(left, right)
    _at(bright, 0, 2, axis)[...] = (middle > high) & (middle - high >= _RIDGE)
    _at(dark, 0, 2, axis)[...] = (middle < low) & (low - middle >= _RIDGE)
    decidable = (steps >= _FLAT) | (around >= _FLAT)
    return _Lines(sharp.view(np.uint8), bright, dark, decidable.view(np.uint8))


def _at(array: NDArray[np.uint8], offset: int, margin: int, axis: int) -> NDArray[np.uint8]:
    """The inner part of an array, moved along an axis."""
    along = slice(margin + offset, array.shape[1 - axis] - margin + offset)
    return array[:, along] if axis == 0 else array[along]


def _distance(luma: NDArray[np.uint8], reach: int, axis: int) -> NDArray[np.uint8]:
    """How unlike the places on both sides of each one are, so far away."""
    left, right = _at(luma, -reach, reach, axis), _at(luma, reach, reach, axis)
    distance = np.zeros_like(luma)
    np.subtract(np.maximum(left, right), np.minimum(left, right), out=_at(distance, 0, reach, axis))
    return distance
