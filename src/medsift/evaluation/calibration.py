"""Probabilities that mean what they say (Platt 1999), also on sources that were left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CLIP = 1e-7


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
    design = np.stack([_log_odds(p_medical), np.ones(len(p_medical))], axis=1)
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


def apply_platt(p_medical: Floats, curve: tuple[float, float]) -> Floats:
    """Put probabilities on a curve that :func:`fit_platt` found.

    Parameters
    ----------
    p_medical : ndarray of float64, shape (n,)
    curve : tuple of float
        Slope and offset in log-odds.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    slope, offset = curve
    calibrated: Floats = 1 / (1 + np.exp(-(slope * _log_odds(p_medical) + offset)))
    return calibrated


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
        curve = fit_platt(p_medical[rest], positive[rest], np.ones(int(rest.sum())))
        result[part] = apply_platt(p_medical[part], curve)
    return result


def _log_odds(p_medical: Floats) -> Floats:
    clipped = np.clip(p_medical, _CLIP, 1 - _CLIP)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds
