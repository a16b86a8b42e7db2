"""Pictures that repeat: slices, views or stages of one thing, side by side without a gutter.

Moved by the width of a panel such a figure is nearly itself again, and moved by less or more it
is not; and where one ends and the next begins there is less to see than elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsift.decode.boxes import Box

_MOST_PARTS = 10
_LEAST_ALIKE = 0.5
_PEAK = 0.12
_NEAR = 0.02
_BESIDE = 0.14
_VALLEY = 0.75
_ACROSS, _ALONG = 4, 2


def cuts(luma: NDArray[np.uint8], box: Box, axis: int, least: float) -> list[int]:
    """Places that part a picture into equal ones that look alike.

    Parameters
    ----------
    luma : ndarray of uint8, shape (h, w)
    box : Box
        The picture in the figure.
    axis : int
        0 for vertical cuts, 1 for horizontal ones.
    least : float
        Shortest side of a part, in pixels.
    """
    x0, y0, x1, y1 = box
    part = luma[y0:y1, x0:x1] if axis == 0 else luma[y0:y1, x0:x1].T
    length = part.shape[1]
    thin = part[::_ACROSS, ::_ALONG].astype(np.float32)
    lines = part[:, ::1].mean(axis=0)
    usual = float(lines.mean())
    known: dict[int, float] = {}

    def alike(shift: int) -> float:
        if shift not in known:
            known[shift] = _correlation(thin, shift)
        return known[shift]

    best: list[int] = []
    for parts in range(2, min(_MOST_PARTS, int(length // least)) + 1):
        pitch = length / parts / _ALONG
        near = max(1, round(_NEAR * pitch))
        middle = round(pitch)
        if middle + near >= thin.shape[1] - 2:
            continue
        here = max(alike(shift) for shift in range(middle - near, middle + near + 1))
        if here < _LEAST_ALIKE:
            continue
        beside = max(alike(round(pitch * (1 - _BESIDE))), alike(round(pitch * (1 + _BESIDE))))
        places = [round(length * number / parts) for number in range(1, parts)]
        low = np.mean([lines[max(0, p - 1) : p + 2].min() for p in places])
        if here - beside >= _PEAK and low <= _VALLEY * usual:
            best = places
            break
    return best


def _correlation(picture: NDArray[np.float32], shift: int) -> float:
    """Pearson's correlation of a picture with itself, moved."""
    one, other = picture[:, : picture.shape[1] - shift], picture[:, shift:]
    if one.size < 16:
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / size if size else 0.0
