"""Grey values of any depth become 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOW_PERCENTILE = 0.5
HIGH_PERCENTILE = 99.5
"""Values at these percentiles become black and white.

A few stray pixels, such as a burnt-in label or a defect of the detector, then do not press
everything else into a narrow band.
"""

_SAMPLES = 500_000
_ALL_16_BIT = 1 << 16
_PIECE = 1 << 16


def stretch(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale grey values between two percentiles to 0..255.

    Parameters
    ----------
    values : ndarray of any real dtype, any shape
        NaN counts as the least, infinities as the extremes of what is finite.

    Returns
    -------
    ndarray of uint8, same shape
        All zero where the values are all the same.
    """
    low, high = robust_range(values)
    return scale(values, low, high)


def robust_range(values: NDArray[Any]) -> tuple[float, float]:
    """Find the values at :data:`LOW_PERCENTILE` and :data:`HIGH_PERCENTILE` of what is finite.

    Falls back on the extremes where the two are the same: in a sparse picture nearly all is
    background.
    """
    sample = values.reshape(-1)
    # An odd step, so that the sample does not run down a single column.
    sample = sample[:: max(1, sample.size // _SAMPLES) | 1]
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 0.0
    low, high = (float(v) for v in np.percentile(sample, (LOW_PERCENTILE, HIGH_PERCENTILE)))
    if low < high:
        return low, high
    every = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return float(every.min()), float(every.max())


def scale(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Map ``low`` to 0 and ``high`` to 255, clip the rest."""
    scaled = np.zeros(values.shape, dtype=np.uint8)
    if not low < high:
        return scaled
    source, result = np.ascontiguousarray(values).reshape(-1), scaled.reshape(-1)
    table = None
    if values.dtype.kind in "iu" and values.dtype.itemsize == 2 and values.size > _ALL_16_BIT:
        # To look values up in a table of all that there can be is faster than arithmetic.
        source = source.astype(values.dtype.newbyteorder("="), copy=False)
        every = np.arange(_ALL_16_BIT, dtype=np.uint16).view(source.dtype)
        source, table = source.view(np.uint16), _scaled(every, low, high)
    # Piecewise, so that what is in between stays within the cache and takes little memory.
    for start in range(0, source.size, _PIECE):
        piece = source[start : start + _PIECE]
        done = _scaled(piece, low, high) if table is None else table.take(piece, mode="clip")
        result[start : start + _PIECE] = done
    return scaled


def _scaled(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    # float64 only where float32 cannot hold the range, or the last digits of integers.
    is_short = values.dtype.itemsize <= 2
    is_small = values.dtype.kind == "f" and abs(low) + abs(high) < 1e30
    exact = np.float32 if is_short or is_small else np.float64
    with np.errstate(all="ignore"):
        levels = values.astype(exact)
        levels -= exact(low)
        levels *= exact(255.0 / (high - low))
        np.nan_to_num(levels, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        np.clip(levels, 0.0, 255.0, out=levels)
        levels += exact(0.5)
    return levels.astype(np.uint8)
