"""Where panels touch: straight edges and thin lines right through a picture.

At a seam the pictures on both sides end, so that most lines across it have a step or a thin line
at the very same place, and what lies beyond has nothing to do with what lies before. One such line
is weak evidence: window frames, tables and horizons are straight and long, too. So each line that
might be a seam gets a number, the log-odds that it is one, and the panels are told by all lines of
a grid together: for a regular grid of many panels each may be doubtful, a lone one may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsift.decode.boxes import Box
from medsift.decode.seam_odds import log_odds

_REACH = 6
_STEP = 12
_VISIBLE = 8
_RIDGE = 10
_LEAST_SHARE = 0.4
_MOST_LINES = 24
_SEGMENTS = 8
_FEW = 257
_DECIDABLE = 0.25
_USUAL = 16
_TEXTURE = 2.0
_MOST_PARTS = 10
_NEAR = 0.012
_UNLIKELY = -9.0
_OF_A_GRID = -0.5
_WORST_OF_A_GRID = -3.5
_BY_NUMBER = 0.9
_SURE = 4.0
_WORTH = 1.0
_ALONE = 2.0
_ALONE_OF_SEVERAL = 0.5
_MARGIN = 0.12
_LINE = 0.99
_MORE = 1.5
_UNLIKE = 0.35
_SEEN = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """What is known of each place of a figure, for seams along one axis: every second line across.

    A place is a row of each array, so that little has to be gathered for a few places.

    Attributes
    ----------
    step : ndarray of uint8
        1 where the picture changes at this place and what lies beyond is unlike.
    texture : ndarray of uint8
        1 where there is as much change beside the place as across it.
    visible : ndarray of uint8
        1 where there is any change.
    bright, dark : ndarray of uint8
        1 where a thin line is brighter or darker than both sides.
    across : ndarray of uint8
        How unlike the two sides are.
    luma : ndarray of uint8
    """

    step: NDArray[np.uint8]
    texture: NDArray[np.uint8]
    visible: NDArray[np.uint8]
    bright: NDArray[np.uint8]
    dark: NDArray[np.uint8]
    across: NDArray[np.uint8]
    luma: NDArray[np.uint8]


class Seams:
    """The seams of a figure.

    Parameters
    ----------
    planes : sequence of ndarray of uint8, shape (h, w)
        Red, green and blue.
    """

    def __init__(self, planes: Sequence[NDArray[np.uint8]]) -> None:
        red, green, blue = planes
        is_grey = np.array_equal(red, green) and np.array_equal(green, blue)
        self._planes = (green,) if is_grey else (green, red, blue)
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
        places, features = self.features(box, axis, least)
        if not places.size:
            return []
        scores = np.full(length, _UNLIKELY)
        scores[places] = log_odds(features)
        found = _even(scores, least)
        if len(found) < 2:
            thin = places[features[:, -1] >= _LINE].tolist()
            y0, y1 = box[1 - axis] // 2, (box[3 - axis] + 1) // 2
            luma = self._of(axis).luma[box[axis] : box[axis + 2], y0:y1]
            drawn = [place for place in thin if is_drawn_over(luma, place, place + 1)]
            if drawn:
                scores[drawn] = _UNLIKELY
                found = _even(scores, least)
            found = found or _alone(scores, least)
        return [box[axis] + place for place in found]

    def features(
        self, box: Box, axis: int, least: float, share: float = _LEAST_SHARE
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Lines of a picture that might be seams, and what tells whether they are.

        Parameters
        ----------
        box, axis, least
            As for :meth:`places`.
        share : float
            Part of a line, at least, where the picture changes or that is a thin line.

        Returns
        -------
        ndarray of int, shape (n,)
            Places, counted from the beginning of the box.
        ndarray of float, shape (n, 9)
            See :mod:`medsift.decode.seam_odds`.
        """
        x0, x1, y0, y1 = box[axis], box[axis + 2], box[1 - axis] // 2, (box[3 - axis] + 1) // 2
        margin = max(_REACH, int(least))
        nothing = np.zeros(0, dtype=np.intp), np.zeros((0, 9))
        if x1 - x0 < 2 * margin or y1 - y0 < _SEGMENTS:
            return nothing
        known = self._of(axis)
        inside = slice(x0, x1), slice(y0, y1)
        step = known.step[inside]
        thin = np.maximum(_share(known.bright[inside]), _share(known.dark[inside]))
        shares = np.maximum(_share(step), thin)
        places = _peaks(shares, margin, share)
        if not places.size:
            return nothing
        # Steps of pictures that were made smaller lie one beside the other.
        here = step[places] | step[places - 1] | step[places + 1]
        texture, visible = known.texture[inside][places], known.visible[inside][places]
        starts = np.arange(_SEGMENTS) * (y1 - y0) // _SEGMENTS
        covered = np.add.reduceat(here, starts, axis=1, dtype=np.uint16)
        possible = np.add.reduceat(here | visible, starts, axis=1, dtype=np.uint16)
        decidable = possible >= _DECIDABLE * (y1 - y0) / _SEGMENTS
        cover = np.where(decidable, covered / np.maximum(possible, 1), 1.0).min(axis=1)
        cover[~decidable.any(axis=1)] = 0.0
        luma = known.luma[inside]
        beyond = luma[places + 2].astype(np.float32) - luma[places - 2]
        unlike = np.maximum(1.0, np.abs(beyond).mean(axis=1))
        sides = [luma[places + offset].std(axis=1, dtype=np.float32) for offset in (-3, 3)]
        across = _share(known.across[inside])
        usual = max(_TEXTURE, float(np.median(across)))
        rank = max(_SEGMENTS, len(shares) // _USUAL)
        columns = (
            shares[places],
            here.sum(axis=1) / np.maximum(1, (here | texture).sum(axis=1)),
            cover,
            beyond.std(axis=1) / unlike,
            np.minimum(4.0, across[places] / usual),
            visible.mean(axis=1),
            shares[places] - np.partition(shares, -rank)[-rank],
            np.minimum(1.0, np.maximum(*sides) / 64),
            thin[places],
        )
        return places, np.stack(columns, axis=1)

    def _of(self, axis: int) -> _Lines:
        if axis not in self._lines:
            planes = self._planes if axis == 1 else [plane.T for plane in self._planes]
            self._lines[axis] = _lines([np.ascontiguousarray(plane[:, ::2]) for plane in planes])
        return self._lines[axis]


def is_drawn_over(luma: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether a thin line has the same on both sides, and something: an axis, a crosshair.

    Parameters
    ----------
    luma : ndarray of uint8
        A picture whose rows are the places along which the line is one.
    start, end : int
        The rows of the line.
    """
    # The line may be blurred, so that only what lies two places away is of the picture.
    left, right = start - 2, end + 1
    away = right - left
    if left < away or right + away >= len(luma):
        return False
    outer, here, there, beyond = (
        luma[place].astype(np.int16) for place in (left - away, left, right, right + away)
    )
    within = np.maximum(np.abs(here - outer), np.abs(there - beyond))
    across = np.abs(here - there)
    seen = np.count_nonzero(np.maximum(within, across) > _VISIBLE)
    unlike = np.count_nonzero(across > _MORE * within + _VISIBLE)
    return bool(seen >= _SEEN * len(here) and unlike <= _UNLIKE * seen)


def _share(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    # Sums of so many lines have room in sixteen bits, which are faster than more.
    across = mask.shape[1]
    room = np.uint16 if across <= _FEW else np.uint32
    shares: NDArray[np.float64] = np.add.reduce(mask, axis=1, dtype=room) / across
    return shares


def _peaks(shares: NDArray[np.float64], margin: int, least: float) -> NDArray[np.intp]:
    """Places with more than there is anywhere near."""
    inside = shares[margin - 3 : len(shares) - margin + 3]
    width = len(inside) - 6
    highest = inside[:width]
    for offset in range(1, 7):
        highest = np.maximum(highest, inside[offset : offset + width])
    middle = inside[3 : 3 + width]
    found: list[int] = []
    for place in np.flatnonzero((middle >= least) & (middle == highest)).tolist():
        if not found or place - found[-1] > 3:
            found.append(place)
    places = np.array(found, dtype=np.intp) + margin
    if len(places) > _MOST_LINES:
        places = np.sort(places[np.argsort(-shares[places], kind="stable")[:_MOST_LINES]])
    return places


def _even(scores: NDArray[np.float64], least: float) -> list[int]:
    """Seams that cut a picture into equal parts, if they are likely together."""
    length = len(scores)
    if scores.max() < _OF_A_GRID - _BY_NUMBER * np.log(_MOST_PARTS - 1):
        return []
    reach = max(2, round(_NEAR * length))
    windows = np.lib.stride_tricks.sliding_window_view(scores, 2 * reach + 1)
    highest = windows.max(axis=1)
    starts: list[int] = []
    most = 0.0
    for parts in range(2, min(_MOST_PARTS, int(length // least)) + 1):
        first = [max(0, round(number * length / parts) - reach) for number in range(1, parts)]
        values = highest[first]
        # The more parts, the less a chance that all lines are where a grid has its seams.
        likely = float(values.mean()) + _BY_NUMBER * float(np.log(parts - 1)) >= _OF_A_GRID
        if likely and float(values.min()) >= _OF_A_GRID + _WORST_OF_A_GRID:
            value = float((np.minimum(values, _SURE) + _WORTH).sum())
            if value > most:
                starts, most = first, value
    return [start + int(windows[start].argmax()) for start in starts]


def _alone(scores: NDArray[np.float64], least: float) -> list[int]:
    """Seams anywhere, if there is no doubt of one, or little of several."""
    known: list[int] = []
    count = 0
    margin = _MARGIN * len(scores)
    for place in np.argsort(-scores, kind="stable").tolist():
        if scores[place] < _ALONE_OF_SEVERAL:
            break
        if not margin <= place < len(scores) - margin:
            continue
        if all(abs(place - other) >= least for other in known):
            known.append(place)
            if scores[known].mean() + _BY_NUMBER * np.log(len(known)) >= _ALONE:
                count = len(known)
    return sorted(known[:count])


def _lines(planes: Sequence[NDArray[np.uint8]]) -> _Lines:
    """Look at each place for seams between columns; by the channel that tells most."""
    shape = planes[0].shape
    # All distances are of two, three or four places, so that each is worked out once.
    two, three, four = (_distance(planes, places) for places in (2, 3, 4))
    across, edge = _from(four, -2, shape), _from(two, -1, shape)
    within = np.maximum(_from(three, -5, shape), _from(three, 2, shape))
    beside = np.maximum(_from(two, -4, shape), _from(two, 2, shape))
    sharp = (edge >= _STEP) & (edge // 2 >= beside // 2 + beside // 8)
    step = sharp & (across >= _STEP) & (across // 2 >= within // 2)
    texture = (within >= _STEP) & (across <= within) & ~sharp
    visible = (across >= _VISIBLE) | (within >= _VISIBLE)
    # Green alone is nearly the luminance.
    luma = planes[0]
    middle, left, right = (_from(luma, offset, shape) for offset in (0, -2, 2))
    low, high = np.minimum(left, right), np.maximum(left, right)
    bright = (middle > high) & (middle - high >= _RIDGE)
    dark = (middle < low) & (low - middle >= _RIDGE)
    return _Lines(
        step=_framed(step, shape),
        texture=_framed(texture, shape),
        visible=_framed(visible, shape),
        bright=_framed(bright, shape),
        dark=_framed(dark, shape),
        across=_framed(across, shape),
        luma=luma,
    )


def _distance(planes: Sequence[NDArray[np.uint8]], places: int) -> NDArray[np.uint8]:
    """How much each place differs from the one so far beyond it, in any channel at most."""
    most = np.zeros_like(planes[0][places:])
    for plane in planes:
        one, other = plane[:-places], plane[places:]
        np.maximum(most, np.maximum(one, other) - np.minimum(one, other), out=most)
    return most


def _from(array: NDArray[np.uint8], offset: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The rows of an array that belong to the inner places, moved."""
    return array[_REACH + offset : shape[0] - _REACH + offset]


def _framed(
    inner: NDArray[np.uint8] | NDArray[np.bool_], shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """As large as the figure again; nothing is known of its outermost places."""
    whole = np.zeros(shape, dtype=np.uint8)
    whole[_REACH : shape[0] - _REACH] = inner
    return whole
