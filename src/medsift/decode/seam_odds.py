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
        *(-6.399, 1.862, 0.2302, -0.4168, -0.3022, -0.2903, -1.896, 2.714),
        *(-1.963, 1.51, 0.3063, -2.005, -1.849, 0.8334, -0.2689, 0.8151),
        *(2.842, -0.4224, 2.087, 1.177, 0.2992, 0.5124, -0.0097, 1.786),
        *(-0.6269, 1.687, -1.644, 2.429, 0.06286, -0.1059, -0.05592, -0.2763),
        *(-1.491, 0.8728, -0.0712, 0.01114, -0.08065, 0.8004, 0.2206, -1.315),
        *(-0.01439, 0.5393, -0.1328, 0.3669, 0.0007521, 1.909, 2.821, -0.8184),
        *(-1.623, -3.95, 1.818, 1.126, 0.6371, 2.132, -1.661),
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
