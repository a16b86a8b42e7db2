"""How likely a line of a picture is a seam, as fitted by ``benchmarks/panels/fit_seams.py``.

A line is told by nine numbers: the part of it where the picture changes, or that is a thin line;
the part of that, of what could tell; the same in the worst eighth; how varied the change is; how
large it is beside what is usual in the picture; the part where there is any change; how far it
stands out among all lines; how varied the sides are; and the part that is a thin line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WEIGHTS = np.array(
    [
        *(-5.64, 1.145, -0.2557, -0.569, -0.4657, -0.3987, -2.732, 2.698),
        *(-2.072, 1.073, 1.312, -2.203, -1.734, 0.4781, -0.1956, -0.04795),
        *(3.73, -1.672, 2.371, 1.351, 0.2711, 0.3493, 0.01547, 1.43),
        *(-0.2297, 2.077, -0.963, 2.561, 0.2156, -0.08231, -0.02875, -0.6189),
        *(-1.431, 0.7316, -0.107, -0.04301, 0.2844, 1.211, 0.6409, -1.142),
        *(-0.02077, 0.5496, -0.07546, 0.4549, 0.0411, 3.46, 2.472, -1.039),
        *(-1.93, -4.693, 1.656, 0.6954, 0.9821, 2.045, -1.693),
    ]
)
_ONE, _OTHER = np.triu_indices(10)


def quadratic(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """One, the features, and their products: the terms of a quadratic form."""
    whole = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    terms: NDArray[np.float64] = whole[:, _ONE] * whole[:, _OTHER]
    return terms


def log_odds(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of how much more likely each line is a seam than none.

    Parameters
    ----------
    features : ndarray of float, shape (n, 9)
    """
    odds: NDArray[np.float64] = quadratic(features) @ _WEIGHTS
    return odds
