"""Pictures with nothing on them."""

from __future__ import annotations

import numpy as np

from medsift.core.picture import Pixels

_TOLERANCE = 8
"""Grey levels that a channel may differ from the most common value: noise of JPEG."""

_SHARE = 0.9995
"""Share of the pixels that must be of the one colour: dust and a hair are not a picture."""


_FRAME = 1 / 16
"""Share of the shorter side that is left out at each edge, and so may hold a frame ..."""

_LEAST_FRAME = 3
"""... and the least of it, in pixels."""

_LEAST_INSIDE = 16


def is_blank(pixels: Pixels) -> bool:
    """Whether a picture is of (nearly) one colour, but for a thin frame around it.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    bool
    """
    if pixels.size == 0:
        return True
    margin = max(_LEAST_FRAME, int(_FRAME * min(pixels.shape[:2])))
    if min(pixels.shape[:2]) >= 2 * margin + _LEAST_INSIDE:
        pixels = pixels[margin:-margin, margin:-margin]
    # Most pictures are settled by a few pixels, nearly all others by some tens of thousands.
    coarse = _sampled(pixels, 16)
    middle = np.median(coarse.reshape(-1, 3), axis=0).astype(np.int16)
    low = np.clip(middle - _TOLERANCE, 0, 255).astype(np.uint8)
    high = np.clip(middle + _TOLERANCE, 0, 255).astype(np.uint8)
    if not _share(coarse, low, high) >= 0.9 or not _share(_sampled(pixels, 256), low, high) >= 0.99:
        return False
    return _share(pixels, low, high) >= _SHARE


def _sampled(pixels: Pixels, side: int) -> Pixels:
    """Every n-th row and column, at least ``side`` of each where there are as many."""
    return pixels[:: max(1, pixels.shape[0] // side), :: max(1, pixels.shape[1] // side)]


def _share(pixels: Pixels, low: Pixels, high: Pixels) -> float:
    near = np.ones(pixels.shape[:2], dtype=np.bool_)
    for channel in range(3):
        # What is below the range wraps around to above it.
        near &= pixels[..., channel] - low[channel] <= high[channel] - low[channel]
    return float(near.mean())
