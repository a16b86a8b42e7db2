"""The temperature of one network; how the ensemble is calibrated: evaluation.calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Floats = NDArray[np.float64]

_TEMPERATURES = np.geomspace(0.25, 4.0, 81)


def fit_temperature(logits: Logits, targets: NDArray[np.int64], weights: Floats) -> float:
    """Find the temperature with the least cross-entropy over kinds (Guo et al. 2017).

    Parameters
    ----------
    logits : ndarray of float32, shape (n, classes)
    targets : ndarray of int64, shape (n,)
        -1 where the kind is none of the model's classes.
    weights : ndarray of float64, shape (n,)
        See :func:`even_weights`.
    """
    known = targets >= 0
    if not known.any():
        return 1.0
    rows, wanted, share = logits[known].astype(np.float64), targets[known], weights[known]

    def loss(temperature: float) -> float:
        scaled = rows / temperature
        highest = scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled - highest).sum(axis=1)) + highest[:, 0]
        return float((share * (log_sum - scaled[np.arange(len(wanted)), wanted])).sum())

    return float(min(_TEMPERATURES, key=loss))


def even_weights(positive: NDArray[np.bool_]) -> Floats:
    """Weights that give both labels half of the total.

    What share of a user's pictures is medical is not known here; half of them is the
    assumption that favours neither side.
    """
    n1, n0 = max(1, int(positive.sum())), max(1, int((~positive).sum()))
    return np.where(positive, 0.5 / n1, 0.5 / n0)
