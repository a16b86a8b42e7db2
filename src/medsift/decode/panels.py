"""Where the panels of a compound figure lie.

A printed figure is often several pictures in one: side by side, with gutters between them, with
letters, axes and captions in the gutters, or touching. :func:`find_panels` cuts a figure along
its gutters, again and again within the pieces (a recursive X-Y cut: Nagy and Seth 1984,
"Hierarchical representation of optically scanned documents"), keeps the pieces that look like
pictures, and cuts those where others touch, see :mod:`medsift.decode.seams`. What is left of text,
axes and legends is no panel.

Knows of nothing but pixels, needs NumPy alone, and gives the same answer every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsift.core.picture import Pixels
from medsift.decode.grounds import Ground, grounds_of
from medsift.decode.seams import Seams

Box: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels from the upper left corner; x1 and y1 are one past the last."""

SIDE = 400
"""Longer side, in pixels, that figures are best shrunk to before they are looked at."""

MOST = 100
"""Panels of a figure that are told at most; what seems to have more is a texture or a table."""

_LEAST_SIDE = 0.04
_LEAST_PIXELS = 14
_MOST_SLENDER = 5.0
_MOST_CUTS = 300
_DEPTH = 8
_STRAIGHT = 0.75
_STRAIGHT_IN_ALL = 2.6
_FILLED = 0.6
_PLAIN_SHARE = 0.88
_TONES = 5
_DARK = 80
_COLOUR = 10
_PAPER = 0.04
_LONE = 0.5
_EMPTY = 0.97
_PICTURES = 0.6
_MOST_UNLIKE = 25
_LEAST_CHART = 0.15
_MOST_SLENDER_CHART = 3.0
_AXIS = 0.8
_MOST_OF_IT = 0.5


def find_panels(pixels: Pixels) -> tuple[Box, ...]:
    """Tell the panels of a figure.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        The whole figure; best shrunk to a longer side of :data:`SIDE`, as time grows with pixels.

    Returns
    -------
    tuple of Box
        In reading order, at least two; empty where there is one panel, or none that can be told.
    """
    if min(pixels.shape[:2]) < 2 * _LEAST_PIXELS:
        return ()
    found = _Cutter(pixels).panels()
    return tuple(reading_order(found)) if 2 <= len(found) <= MOST else ()


def reading_order(boxes: Sequence[Box]) -> list[Box]:
    """Sort boxes as one reads: by rows from the top, and from the left within a row.

    Parameters
    ----------
    boxes : sequence of Box
    """
    return [box for row in rows_of(boxes) for box in row]


def rows_of(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes by rows, each sorted from the left; of one row are those whose middles lie in it."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda b: (b[1] + b[3], b[0])):
        middle = (box[1] + box[3]) / 2
        if rows and any(b[1] <= middle < b[3] and b[1] + b[3] > 2 * box[1] for b in rows[-1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row) for row in rows]


@dataclass(slots=True)
class _Cutter:
    """One figure while it is cut."""

    pixels: Pixels
    luma: NDArray[np.uint8] = field(init=False)
    grounds: tuple[Ground, ...] = field(init=False)
    seams: Seams = field(init=False)
    least: float = field(init=False)
    ground: Ground | None = None
    cuts: int = 0
    rejected: list[Box] = field(default_factory=list)
    framed: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        height, width = self.pixels.shape[:2]
        # Green alone is nearly the luminance, and costs a sixth.
        self.luma = np.ascontiguousarray(self.pixels[..., 1])
        self.grounds = grounds_of(self.pixels)
        self.seams = Seams(self.luma)
        self.least = max(_LEAST_PIXELS, _LEAST_SIDE * max(height, width))

    def panels(self) -> list[Box]:
        height, width = self.luma.shape
        whole = (0, 0, width, height)
        found = self._cut(whole, None, _DEPTH)
        if len(found) < 2:
            found = max(found, self._touching(whole), key=len)
        found += self._like(found)
        found = [cell for box in found for cell in self._cells(box, found)]
        found += self._missing(found)
        found += self._charts(found)
        if len(found) < 2:
            return []
        largest = max(map(_area, found))
        found = [box for box in found if _area(box) * _MOST_UNLIKE >= largest]
        return found if self._are_most(found, whole) and _are_in_line(found) else []

    def _are_most(self, found: Sequence[Box], whole: Box) -> bool:
        """Whether panels are most of what there is besides the ground: else they are its parts."""
        if self.ground is None:
            return True
        ink = (1 - self.ground.share(whole)) * _area(whole)
        inside = sum((1 - self.ground.share(box)) * _area(box) for box in found)
        return inside >= _MOST_OF_IT * ink

    def _cut(self, box: Box, outer: Ground | None, depth: int) -> list[Box]:
        """Panels inside a piece that lies on ``outer``; the piece itself, if it is one."""
        is_panel = self._is_panel(box, outer)
        if depth and self.cuts < _MOST_CUTS:
            for ground, pieces in self._ways(box, outer):
                self.cuts += 1
                found = [
                    inner
                    for piece in pieces
                    if self._is_large(piece)
                    for inner in self._cut(piece, ground, depth - 1)
                ]
                if len(found) > (is_panel and outer is not None):
                    # The last word is that of the outermost cut.
                    self.ground = ground
                    return found
        if not is_panel:
            if outer is not None and self._is_large(box):
                self.rejected.append(box)
                if self._is_framed(box, outer):
                    self.framed.append(box)
            return []
        return self._touching(box)

    def _ways(self, box: Box, outer: Ground | None) -> Iterator[tuple[Ground, list[Box]]]:
        """Ways to cut a piece along gutters, those along the widest first."""
        ways = []
        for ground in self.grounds:
            inner = ground.trimmed(box)
            if inner is None:
                continue
            for axis in (0, 1):
                pieces, widest = ground.pieces(inner, axis)
                if len(pieces) > 1:
                    ways.append((widest, ground, pieces))
            if inner != box and ground is not outer:
                ways.append((0, ground, [inner]))
        ways.sort(key=lambda way: -way[0])
        for _, ground, pieces in ways[:3]:
            yield ground, pieces

    def _touching(self, box: Box, depth: int = 4) -> list[Box]:
        """A picture, or the pictures that it is made of where they touch."""
        columns = self.seams.places(box, 0, self.least)
        rows = self.seams.places(box, 1, self.least)
        if not depth or not (columns or rows):
            return [box]
        pieces = _grid(box, columns, rows)
        fitting = self._is_mottled if len(columns) > 1 and len(rows) > 1 else self._is_picture
        if sum(map(fitting, pieces)) < max(2, _PICTURES * len(pieces)):
            return [box]
        return [inner for piece in pieces for inner in self._touching(piece, depth - 1)]

    def _is_large(self, box: Box) -> bool:
        width, height = box[2] - box[0], box[3] - box[1]
        return min(width, height) >= self.least

    def _is_panel(self, box: Box, outer: Ground | None) -> bool:
        if not self._is_large(box):
            return False
        if outer is None:
            return True
        width, height = box[2] - box[0], box[3] - box[1]
        if max(width, height) > _MOST_SLENDER * min(width, height):
            return False
        sides = sorted(outer.sides(box))
        if sides[1] < _STRAIGHT or sum(sides) < _STRAIGHT_IN_ALL or outer.share(box) > 1 - _FILLED:
            return False
        return self._is_picture(box) and not self._is_print(box, outer)

    def _is_picture(self, box: Box) -> bool:
        """Whether there are tones enough for a picture: bars, keys and boxes of text have few."""
        plain, tones = self._tones(box)
        return plain < _PLAIN_SHARE and tones >= _TONES

    def _is_mottled(self, box: Box) -> bool:
        """Whether there is anything in a piece."""
        return self._tones(box)[1] > 1

    def _tones(self, box: Box) -> tuple[float, int]:
        """Part of a piece that has its most frequent tone, and how many tones it has."""
        x0, y0, x1, y1 = box
        counts = np.bincount(self.luma[y0:y1, x0:x1].ravel() >> 4, minlength=16)
        shares = counts / counts.sum()
        # Two tones side by side, as one that lies between them is told to both.
        return float((shares[1:] + shares[:-1]).max()), int((shares > 0.01).sum())

    def _is_print(self, box: Box, outer: Ground) -> bool:
        """Whether a piece looks like printed text made small: grey, without any dark, on paper."""
        if outer.share(box) < _PAPER:
            return False
        x0, y0, x1, y1 = box
        part = self.pixels[y0:y1, x0:x1]
        if float((part[..., 1] < _DARK).mean()) > 0.02:
            return False
        spread = np.maximum(part[..., 0], part[..., 2]) - np.minimum(part[..., 0], part[..., 2])
        return float(spread.mean()) < _COLOUR

    def _cells(self, box: Box, found: Sequence[Box]) -> list[Box]:
        """What is as large as several panels of a row or column, next to others, is that many."""
        for axis in (0, 1):
            across = 1 - axis
            length, depth = box[axis + 2] - box[axis], box[across + 2] - box[across]
            alike = [
                other[axis + 2] - other[axis]
                for other in found
                if abs(other[across + 2] - other[across] - depth) <= 0.1 * depth
                and other[axis + 2] - other[axis] < 0.6 * length
                and min(abs(other[axis] - box[axis]), abs(other[axis + 2] - box[axis + 2]))
                <= 0.05 * length
            ]
            if len(alike) < 2:
                continue
            side = sorted(alike)[len(alike) // 2]
            parts = round(length / side)
            if not -0.04 <= length / side / parts - 1 <= 0.12:
                continue
            cuts = [box[axis] + round(length * n / parts) for n in range(1, parts)]
            return _grid(box, *((cuts, []) if axis == 0 else ([], cuts)))
        return [box]

    def _missing(self, found: Sequence[Box]) -> Iterator[Box]:
        """Cells of a grid between panels that are not plain: a picture on a ground of its own."""
        columns, rows = _bands(found, 0), _bands(found, 1)
        if columns is None or rows is None or len(columns) * len(rows) > 2 * len(found):
            return
        for top, bottom in rows:
            for left, right in columns:
                cell = (left, top, right, bottom)
                if any(_overlap(cell, box) for box in found):
                    continue
                if self.ground is not None and self.ground.share(cell) < _EMPTY:
                    yield cell

    def _is_framed(self, box: Box, outer: Ground) -> bool:
        """Whether a piece has axes: a line all along its left side, and one along its bottom."""
        width, height = box[2] - box[0], box[3] - box[1]
        if min(width, height) < _LEAST_CHART * max(self.luma.shape):
            return False
        if max(width, height) > _MOST_SLENDER_CHART * min(width, height):
            return False
        columns, rows = 1 - outer.columns(box), 1 - outer.rows(box)
        left, bottom = columns[: max(2, width // 4)], rows[-max(2, height // 4) :]
        return float(left.max()) >= _AXIS and float(bottom.max()) >= _AXIS

    def _charts(self, found: Sequence[Box]) -> Iterator[Box]:
        """Charts beside pictures, if they are not much smaller than these."""
        if not found:
            return
        least = sorted(map(_area, found))[len(found) // 2] / 3
        taken = list(found)
        for box in sorted(dict.fromkeys(self.framed), key=_area):
            if _area(box) >= least and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield box

    def _like(self, found: Sequence[Box]) -> Iterable[Box]:
        """What was rejected, but has the size of a panel in its row or column: a mask, say."""
        for box in dict.fromkeys(self.rejected):
            if any(_alike(box, panel) for panel in found) and not any(
                _overlap(box, panel) for panel in found
            ):
                yield box


def _grid(box: Box, columns: Sequence[int], rows: Sequence[int]) -> list[Box]:
    x0, y0, x1, y1 = box
    xs, ys = [x0, *columns, x1], [y0, *rows, y1]
    return [
        (left, top, right, bottom) for top, bottom in pairwise(ys) for left, right in pairwise(xs)
    ]


def _alike(one: Box, other: Box) -> bool:
    width, height = other[2] - other[0], other[3] - other[1]
    slack = 0.1 * max(width, height)
    same_size = abs(one[2] - one[0] - width) <= slack and abs(one[3] - one[1] - height) <= slack
    in_line = min(abs(one[0] - other[0]), abs(one[1] - other[1])) <= slack
    return same_size and in_line


def _bands(found: Sequence[Box], axis: int) -> list[tuple[int, int]] | None:
    """The columns (0) or rows (1) of a grid of equal panels; None where they make none."""
    spans = sorted((box[axis], box[axis + 2]) for box in found)
    bands: list[list[tuple[int, int]]] = []
    for span in spans:
        slack = 0.1 * (span[1] - span[0])
        if bands and abs(span[0] - bands[-1][0][0]) <= slack:
            if abs(span[1] - bands[-1][0][1]) > slack:
                return None
            bands[-1].append(span)
        elif bands and span[0] < bands[-1][0][1] - slack:
            return None
        else:
            bands.append([span])
    return [band[len(band) // 2] for band in bands]


def _are_in_line(found: Sequence[Box]) -> bool:
    """Whether most of several panels have the width or the height of another one."""
    if len(found) < 4:
        return True
    sizes = [(box[2] - box[0], box[3] - box[1]) for box in found]
    paired = sum(
        any(
            place != other
            and (
                abs(width - sizes[other][0]) <= 0.05 * width
                or abs(height - sizes[other][1]) <= 0.05 * height
            )
            for other in range(len(sizes))
        )
        for place, (width, height) in enumerate(sizes)
    )
    return paired >= _LONE * len(found)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(one: Box, other: Box) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(
        one[1], other[1]
    )
