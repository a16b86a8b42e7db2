"""Probabilities that mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Floats = NDArray[np.float64]

_CLIP = 1e-7
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


def fit_platt(
    p_medical: Floats, positive: NDArray[np.bool_], weights: Floats
) -> tuple[float, float]:
    """Fit ``logit(calibrated) = a * logit(p) + b`` by Newton's method (Platt 1999).

    Targets are softened as Platt does, so that separable data give finite values; a slope
    that would turn the order around is refused.

    Returns
    -------
    a, b : float
        (1, 0), which changes nothing, where only one label is present.
    """
    if positive.all() or not positive.any():
        return 1.0, 0.0
    n1, n0 = int(positive.sum()), int((~positive).sum())
    wanted = np.where(positive, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    clipped = np.clip(p_medical, _CLIP, 1 - _CLIP)
    design = np.stack([np.log(clipped / (1 - clipped)), np.ones(len(clipped))], axis=1)
    share = weights / weights.sum()
    ridge = np.diag([1e-4, 1e-6])
    start = np.array([1.0, 0.0])
    solution = start.copy()
    for _ in range(50):
        fitted = 1 / (1 + np.exp(-np.clip(design @ solution, -40, 40)))
        gradient = design.T @ (share * (fitted - wanted)) + ridge @ (solution - start)
        curvature = (design * (share * fitted * (1 - fitted))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        solution = solution - np.clip(step, -1, 1)
        if float(np.abs(step).max()) < 1e-8:
            break
    return (float(solution[0]), float(solution[1])) if solution[0] > 0.05 else (1.0, 0.0)


def cross_fitted(
    p_medical: Floats, positive: NDArray[np.bool_], groups: Sequence[str], seed: int = 0
) -> Floats:
    """Calibrate each half of the sources by what was fitted on the other half.

    What comes out is calibrated as pictures of unseen sources would be, and may be measured.

    Parameters
    ----------
    p_medical : ndarray of float64, shape (n,)
    positive : ndarray of bool, shape (n,)
    groups : sequence of str
        Source of each picture; none is cut through.
    seed : int

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    first = {names[i] for i in order[: len(names) // 2]}
    inside = np.array([g in first for g in groups], dtype=np.bool_)
    result = p_medical.astype(np.float64)
    for part in (inside, ~inside):
        rest = ~part
        slope, offset = fit_platt(p_medical[rest], positive[rest], np.ones(int(rest.sum())))
        clipped = np.clip(p_medical[part], _CLIP, 1 - _CLIP)
        odds = slope * np.log(clipped / (1 - clipped)) + offset
        result[part] = 1 / (1 + np.exp(-odds))
    return result


def even_weights(positive: NDArray[np.bool_]) -> Floats:
    """Weights that give both labels half of the total.

    What share of a user's pictures is medical is not known here; half of them is the
    assumption that favours neither side.
    """
    n1, n0 = max(1, int(positive.sum())), max(1, int((~positive).sum()))
    return np.where(positive, 0.5 / n1, 0.5 / n0)
