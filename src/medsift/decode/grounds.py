"""The plain colours of a figure, and the gutters that they make.

A gutter is a line, right through a piece of a figure, nearly all of which has one plain colour:
nearly, as letters and scale bars stand in gutters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medsift.core.picture import Pixels
from medsift.decode.boxes import Box, between

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
    _known: dict[tuple[Box, int], NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def lines(self, box: Box, axis: int) -> NDArray[np.float64]:
        """Part of each column (axis 0) or row (axis 1) of a box that has the colour."""
        # Whoever cuts a box has trimmed it before, and asks later whether it is a panel.
        shares = self._known.get((box, axis))
        if shares is None:
            x0, y0, x1, y1 = box
            # Sums over a part of the mask are cheaper than cumulated ones, and few are needed.
            sums = np.add.reduce(self.mask[y0:y1, x0:x1], axis=axis, dtype=np.uint16)
            shares = self._known[box, axis] = sums / (box[3 - axis] - box[1 - axis])
        return shares

    def share(self, box: Box) -> float:
        """Part of a box that has the colour."""
        shares = self.lines(box, 0)
        return float(np.add.reduce(shares)) / len(shares)

    def trimmed(self, box: Box) -> Box | None:
        """A box without its margins of the colour; None where nothing else is in it."""
        # What stands in a margin makes lines across it busy: so twice, if the first time told.
        for _ in range(2):
            before = box
            for axis in (0, 1):
                shares = self.lines(box, axis)
                if shares[0] < _GUTTER and shares[-1] < _GUTTER:
                    continue
                (kept,) = (shares < _GUTTER).nonzero()
                if not kept.size:
                    return None
                box = between(box, axis, int(kept[0]), int(kept[-1]) + 1)
            if box[1] == before[1] and box[3] == before[3]:
                break
        return box

    def pieces(self, box: Box, axis: int) -> tuple[list[Box], int]:
        """What gutters leave of a trimmed box, and the width of the widest of them.

        Parameters
        ----------
        box : Box
        axis : int
            0 for vertical gutters, 1 for horizontal ones.
        """
        shares = self.lines(box, axis)
        if np.maximum.reduce(shares) < _GUTTER:
            return [box], 0
        starts, ends = _runs(shares < _CLEAN)
        if len(starts) < 2:
            starts, ends = _runs(shares < _GUTTER)
        if len(starts) < 2:
            return [box], 0
        widest = max(b - a for a, b in zip(ends, starts[1:], strict=False))
        return [between(box, axis, *run) for run in zip(starts, ends, strict=True)], widest


def _runs(busy: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    """Where runs of busy lines start and end."""
    edges = ((busy[1:] != busy[:-1]).nonzero()[0] + 1).tolist()
    if busy[0]:
        edges.insert(0, 0)
    if busy[-1]:
        edges.append(len(busy))
    return edges[::2], edges[1::2]


def grounds_of(planes: tuple[NDArray[np.uint8], ...]) -> tuple[Ground, ...]:
    """The plain colours that may make gutters: white, black, and the most frequent other one.

    Parameters
    ----------
    planes : tuple of ndarray of uint8, shape (h, w)
        Red, green and blue.
    """
    levels = [plane[::2, ::2].ravel() for plane in planes]
    keys = np.zeros(levels[0].shape, dtype=np.uint16)
    for level in levels:
        keys <<= 4
        keys |= level >> 4
    counts = np.bincount(keys, minlength=4096)
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
        (inside,) = (keys == key).nonzero()
        colour = [_median(level[inside]) for level in levels]
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
