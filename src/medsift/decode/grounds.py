"""The plain colours of a figure, and the gutters that they make.

A gutter is a line, right through a piece of a figure, nearly all of which has one plain colour:
nearly, as letters and scale bars stand in gutters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsift.core.picture import Pixels
from medsift.decode.boxes import Box

_TOLERANCE = 22
"""Levels of 255 that a plain colour may vary in: what JPEG and resampling leave of it."""

_TIGHT = 9
"""The same for colours other than white and black, as smooth parts of pictures have these, too."""

_MOST_OTHERS = 3
_LEAST_SHARE = 0.01
_LEAST_OTHER = 0.02
_GUTTER = 0.965
"""Part of a line that must have the colour."""

_CLEAN = 0.992
"""The same of gutters that nothing stands in: more than lines that cross the axes of a chart."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A plain colour, and where it is.

    Attributes
    ----------
    mask : ndarray of uint8, shape (h, w)
        1 where the figure has the colour, 0 elsewhere.
    is_dark : bool
        Whether the colour is black or nearly so.
    """

    mask: NDArray[np.uint8]
    is_dark: bool

    def lines(self, box: Box, axis: int) -> NDArray[np.float64]:
        """Part of each column (axis 0) or row (axis 1) of a box that has the colour."""
        x0, y0, x1, y1 = box
        # Sums over a part of the mask are cheaper than cumulated ones, and few are needed.
        sums = np.add.reduce(self.mask[y0:y1, x0:x1], axis=axis, dtype=np.uint16)
        shares: NDArray[np.float64] = sums / (box[3 - axis] - box[1 - axis])
        return shares

    def share(self, box: Box) -> float:
        """Part of a box that has the colour."""
        return float(self.lines(box, 0).mean())

    def trimmed(self, box: Box) -> Box | None:
        """A box without its margins of the colour; None where nothing else is in it."""
        x0, y0, x1, y1 = box
        # What stands in a margin makes lines across it busy: so twice, if the first time told.
        for _ in range(2):
            kept = np.flatnonzero(self.lines((x0, y0, x1, y1), 0) < _GUTTER)
            if not kept.size:
                return None
            x0, x1 = x0 + int(kept[0]), x0 + int(kept[-1]) + 1
            kept = np.flatnonzero(self.lines((x0, y0, x1, y1), 1) < _GUTTER)
            if not kept.size:
                return None
            before, y0, y1 = (y0, y1), y0 + int(kept[0]), y0 + int(kept[-1]) + 1
            if before == (y0, y1):
                break
        return x0, y0, x1, y1

    def pieces(self, box: Box, axis: int) -> tuple[list[Box], int]:
        """What gutters leave of a trimmed box, and the width of the widest of them.

        Parameters
        ----------
        box : Box
        axis : int
            0 for vertical gutters, 1 for horizontal ones.
        """
        shares = self.lines(box, axis)
        starts, ends = _runs(shares < _CLEAN)
        if len(starts) < 2:
            starts, ends = _runs(shares < _GUTTER)
        if len(starts) < 2:
            return [box], 0
        widest = max(b - a for a, b in zip(ends, starts[1:], strict=False))
        pieces = []
        for start, end in zip(starts, ends, strict=True):
            piece = list(box)
            piece[axis], piece[axis + 2] = box[axis] + start, box[axis] + end
            pieces.append((piece[0], piece[1], piece[2], piece[3]))
        return pieces, widest


def _runs(busy: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    """Where runs of busy lines start and end."""
    padded = np.zeros(len(busy) + 2, dtype=np.bool_)
    padded[1:-1] = busy
    edges = np.flatnonzero(padded[1:] != padded[:-1]).tolist()
    return edges[::2], edges[1::2]


def grounds_of(planes: tuple[NDArray[np.uint8], ...]) -> tuple[Ground, ...]:
    """The plain colours that may make gutters: white, black, and the most frequent other one.

    Parameters
    ----------
    planes : tuple of ndarray of uint8, shape (h, w)
        Red, green and blue.
    """
    red, green, blue = (plane[::2, ::2] for plane in planes)
    keys = red.astype(np.intp) >> 4
    for plane in (green, blue):
        keys <<= 4
        keys |= plane >> 4
    counts = np.bincount(keys.ravel(), minlength=4096)
    found = []
    known: list[list[tuple[int, int]]] = []
    for key, low, high in ((4095, 255 - _TOLERANCE, 255), (0, 0, _TOLERANCE)):
        # Gutters of a figure full of pictures are a small part of it.
        if 2 * counts[key] >= _LEAST_SHARE * keys.size:
            mask = _between(planes, ((low, high),) * 3)
            if np.count_nonzero(mask) >= _LEAST_SHARE * mask.size:
                known.append([(low, high)] * 3)
                found.append(Ground(mask, is_dark=key == 0))
        counts[key] = 0
    for _ in range(_MOST_OTHERS):
        key = int(counts.argmax())
        if counts[key] < _LEAST_OTHER * keys.size:
            break
        counts[key] = 0
        inside = keys == key
        colour = [_median(plane[inside]) for plane in (red, green, blue)]
        # A colour that lies between two cells of the histogram is most frequent twice.
        is_known = any(
            all(low <= level <= high for level, (low, high) in zip(colour, bounds, strict=True))
            for bounds in known
        )
        if is_known or max(colour) <= _TOLERANCE:
            continue
        known.append([(max(0, level - _TIGHT), min(255, level + _TIGHT)) for level in colour])
        found.append(Ground(_between(planes, tuple(known[-1])), is_dark=False))
    return tuple(found)


def _median(values: NDArray[np.uint8]) -> int:
    return int(np.partition(values, len(values) // 2)[len(values) // 2])


def _between(
    planes: tuple[NDArray[np.uint8], ...], bounds: tuple[tuple[int, int], ...]
) -> NDArray[np.uint8]:
    """Where all channels lie within their bounds."""
    mask = np.ones(planes[0].shape, dtype=np.bool_)
    for plane, (low, high) in zip(planes, bounds, strict=True):
        # Unsigned numbers wrap around, so that one comparison tells both bounds.
        mask &= (plane - np.uint8(low)) <= np.uint8(high - low)
    return mask.view(np.uint8)


def planes_of(pixels: Pixels) -> tuple[NDArray[np.uint8], ...]:
    """The channels of a figure, each in a piece."""
    return tuple(np.ascontiguousarray(pixels[..., channel]) for channel in range(3))
