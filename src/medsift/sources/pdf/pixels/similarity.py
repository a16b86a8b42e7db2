"""Structural similarity of two drawings of the same thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 7
"""Side of the windows, in pixels."""

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean structural similarity in windows of 7 x 7 pixels, -1 to 1.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity",
    with plain windows and the constants given there.

    Parameters
    ----------
    one, other : ndarray of uint8, shape (h, w)
        Grey pictures of one size, of at least 7 pixels each way.
    """
    a, b = one.astype(float), other.astype(float)
    mean_a, mean_b = _windows(a), _windows(b)
    var_a, var_b = _windows(a * a) - mean_a**2, _windows(b * b) - mean_b**2
    covariance = _windows(a * b) - mean_a * mean_b
    above = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    below = (mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2)
    return float((above / below).mean())


def _windows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each window."""
    total = np.cumsum(np.cumsum(np.pad(values, ((1, 0), (1, 0))), axis=0), axis=1)
    inner = total[WINDOW:, WINDOW:] - total[:-WINDOW, WINDOW:] - total[WINDOW:, :-WINDOW]
    mean: NDArray[np.float64] = (inner + total[:-WINDOW, :-WINDOW]) / WINDOW**2
    return mean
