"""The plain colours of a figure, and the gutters that they make.

A gutter is a line, right through a piece of a figure, nearly all of which has one plain colour:
nearly, as letters and scale bars stand in gutters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsift.core.picture import Pixels

Box: TypeAlias = tuple[int, int, int, int]

_TOLERANCE = 22
"""Levels of 255 that a plain colour may vary in: what JPEG and resampling leave of it."""

_TIGHT = 9
"""The same for colours other than white and black, as smooth parts of pictures have these, too."""

_MOST_GROUNDS = 3
_LEAST_SHARE = 0.008
_GUTTER = 0.965
"""Part of a line that must have the colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A plain colour, and where it is.

    Attributes
    ----------
    down : ndarray of int32, shape (h + 1, w)
        Pixels of the colour above each row, by column.
    across : ndarray of int32, shape (h, w + 1)
        Pixels of the colour left of each column, by row.
    """

    down: NDArray[np.int32]
    across: NDArray[np.int32]

    def columns(self, box: Box) -> NDArray[np.float64]:
        """Part of each column of a box that has the colour, shape (width,)."""
        x0, y0, x1, y1 = box
        shares: NDArray[np.float64] = (self.down[y1, x0:x1] - self.down[y0, x0:x1]) / (y1 - y0)
        return shares

    def rows(self, box: Box) -> NDArray[np.float64]:
        """Part of each row of a box that has the colour, shape (height,)."""
        x0, y0, x1, y1 = box
        shares: NDArray[np.float64] = (self.across[y0:y1, x1] - self.across[y0:y1, x0]) / (x1 - x0)
        return shares

    def share(self, box: Box) -> float:
        """Part of a box that has the colour."""
        return float(self.columns(box).mean())

    def sides(self, box: Box) -> tuple[float, float, float, float]:
        """Part of each side of a box that has another colour: left, right, top, bottom.

        Of the two outermost lines the one that has more of it, since the outermost may be blurred.
        """
        columns, rows = self.columns(box), self.rows(box)
        return (
            1 - float(columns[:2].min()),
            1 - float(columns[-2:].min()),
            1 - float(rows[:2].min()),
            1 - float(rows[-2:].min()),
        )

    def trimmed(self, box: Box) -> Box | None:
        """A box without its margins of the colour; None where nothing else is in it."""
        x0, y0, x1, y1 = box
        # What stands in a margin makes lines across it busy: so twice.
        for _ in range(2):
            kept = np.flatnonzero(self.columns((x0, y0, x1, y1)) < _GUTTER)
            if not kept.size:
                return None
            x0, x1 = x0 + int(kept[0]), x0 + int(kept[-1]) + 1
            kept = np.flatnonzero(self.rows((x0, y0, x1, y1)) < _GUTTER)
            if not kept.size:
                return None
            y0, y1 = y0 + int(kept[0]), y0 + int(kept[-1]) + 1
        return x0, y0, x1, y1

    def pieces(self, box: Box, axis: int) -> tuple[list[Box], int]:
        """What gutters leave of a box, and the width of the widest of them.

        Parameters
        ----------
        box : Box
            Trimmed.
        axis : int
            0 for vertical gutters, 1 for horizontal ones.
        """
        x0, y0, x1, y1 = box
        busy = (self.columns(box) if axis == 0 else self.rows(box)) < _GUTTER
        edges = np.flatnonzero(np.diff(busy.astype(np.int8), prepend=0, append=0))
        starts, ends = edges[::2].tolist(), edges[1::2].tolist()
        if len(starts) < 2:
            return [box], 0
        widest = max(b - a for a, b in zip(ends, starts[1:], strict=False))
        pieces = []
        for start, end in zip(starts, ends, strict=True):
            piece = (x0 + start, y0, x0 + end, y1) if axis == 0 else (x0, y0 + start, x1, y0 + end)
            inner = self.trimmed(piece)
            if inner is not None:
                pieces.append(inner)
        return pieces, widest


def grounds_of(pixels: Pixels) -> tuple[Ground, ...]:
    """The plain colours that may make gutters: the most frequent ones.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    """
    planes = [np.ascontiguousarray(pixels[..., channel]) for channel in range(3)]
    keys = planes[0].astype(np.uint16) >> 4
    for plane in planes[1:]:
        keys <<= 4
        keys |= plane >> 4
    counts = np.bincount(keys.ravel(), minlength=4096)
    # White and black first: gutters of a figure full of pictures are a small part of it.
    usual = [4095, 0, *np.argsort(counts)[::-1][: 3 * _MOST_GROUNDS].tolist()]
    colours: list[NDArray[np.int64]] = []
    for key in usual:
        if counts[key] < _LEAST_SHARE * keys.size or len(colours) == _MOST_GROUNDS:
            continue
        inside = keys == key
        colour = np.array([int(np.median(plane[inside])) for plane in planes])
        if all(np.abs(colour - other).max() > _TOLERANCE for other in colours):
            colours.append(colour)
    return tuple(_ground(planes, colour) for colour in colours)


def _ground(planes: list[NDArray[np.uint8]], colour: NDArray[np.int64]) -> Ground:
    height, width = planes[0].shape
    mask = np.ones((height, width), dtype=np.bool_)
    usual = colour.min() > 255 - _TOLERANCE or colour.max() < _TOLERANCE
    slack = _TOLERANCE if usual else _TIGHT
    for plane, value in zip(planes, colour.tolist(), strict=True):
        low, high = max(0, value - slack), min(255, value + slack)
        # Unsigned numbers wrap around, so that one comparison tells both bounds.
        mask &= (plane - np.uint8(low)) <= np.uint8(high - low)
    down = np.zeros((height + 1, width), dtype=np.int32)
    across = np.zeros((height, width + 1), dtype=np.int32)
    np.cumsum(mask, axis=0, dtype=np.int32, out=down[1:])
    np.cumsum(mask, axis=1, dtype=np.int32, out=across[:, 1:])
    return Ground(down, across)
