"""Thresholds below which an answer is withheld, chosen so that errors stay rare with confidence.

*Learn then test* (Angelopoulos, Bates, Candes, Jordan and Lei 2021, "Learn then Test: Calibrating
Predictive Algorithms to Achieve Risk Control"): each threshold on a grid is a hypothesis, "among
the answers at or above it more than ``alpha`` are wrong", with an exact binomial p-value from
held-out pictures. Hypotheses are tested in a fixed order, from the highest threshold down, and
the first that cannot be rejected ends the sequence. Since few answers lie above the highest
thresholds, several sequences start at several places of the grid, and share ``delta`` evenly
(the same paper, section on fixed sequence testing). With probability at least ``1 - delta`` the
share of errors at the threshold found is at most ``alpha``, for pictures drawn like the held-out
ones.

Pictures of one source resemble each other, so that their number overstates what is known. Given
their sources, counts are divided by the design effect (Rao and Scott 1992, "A simple method for
the analysis of clustered binary data"); the guarantee then holds approximately.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRID = tuple(round(0.5 + 0.01 * i, 2) for i in range(50))
"""Confidences that are tried, 0.50 to 0.99; fixed before any data are seen."""
_STARTS = (0.99, 0.95, 0.90, 0.80, 0.65, 0.50)


@dataclass(frozen=True, slots=True)
class RiskControl:
    """A threshold with what is known of it.

    Attributes
    ----------
    threshold : float
        Answers with a lower confidence are to be withheld; 1.0 where no threshold of the grid
        could be shown to be safe.
    controlled : bool
        Whether ``alpha`` is kept with probability ``1 - delta``.
    alpha, delta : float
    kept, errors : int
        Held-out answers at or above the threshold, and how many of them are wrong.
    coverage : float
        Share of the held-out answers that is kept, 0 to 1.
    upper_bound : float
        Clopper and Pearson's (1934) upper bound of the share of errors, at level ``delta``.
    """

    threshold: float
    controlled: bool
    alpha: float
    delta: float
    kept: int
    errors: int
    coverage: float
    upper_bound: float


def smallest_safe_threshold(
    p_medical: Floats,
    positive: NDArray[np.bool_],
    sources: Sequence[str] | None = None,
    *,
    alpha: float = 0.02,
    delta: float = 0.1,
) -> RiskControl:
    """Find the lowest threshold whose share of errors is below ``alpha`` with confidence.

    Parameters
    ----------
    p_medical : ndarray of float64, shape (n,)
        Calibrated probabilities of held-out pictures, 0 to 1.
    positive : ndarray of bool, shape (n,)
        Whether they are medical.
    sources : sequence of str, optional
        Which pictures belong together; without it all count as independent.
    alpha : float
        Largest share of errors among confident answers, 0 to 1.
    delta : float
        Largest probability that the promise is broken, 0 to 1.

    Raises
    ------
    ValueError
        ``alpha`` or ``delta`` is not between 0 and 1, or the lengths differ.
    """
    if not (0 < alpha < 1 and 0 < delta < 1):
        raise ValueError("alpha and delta must lie between 0 and 1")
    if len(p_medical) != len(positive) or (sources is not None and len(sources) != len(positive)):
        raise ValueError("scores, truth and sources must have one entry for each picture")
    confidence = np.maximum(p_medical, 1 - p_medical)
    wrong = (p_medical >= 0.5) != positive
    groups = None if sources is None else np.unique(np.asarray(sources), return_inverse=True)[1]
    p_values = {}
    for threshold in GRID:
        kept = confidence >= threshold
        counts = effective_counts(wrong[kept], None if groups is None else groups[kept])
        p_values[threshold] = binomial_tail(*counts, alpha)
    level = delta / len(_STARTS)
    walks = (_walk_down(start, p_values, level) for start in _STARTS)
    safe = [threshold for threshold in walks if threshold is not None]
    threshold = min(safe, default=1.0)
    kept = confidence >= threshold if safe else np.zeros(len(wrong), dtype=np.bool_)
    n, errors = int(kept.sum()), int(wrong[kept].sum())
    return RiskControl(
        threshold=threshold,
        controlled=bool(safe),
        alpha=alpha,
        delta=delta,
        kept=n,
        errors=errors,
        coverage=n / len(wrong) if len(wrong) else 0.0,
        upper_bound=clopper_pearson_upper(errors, n, delta),
    )


def _walk_down(start: float, p_values: Mapping[float, float], level: float) -> float | None:
    """Lowest threshold of an unbroken sequence of rejections, None where there is none."""
    found = None
    for threshold in sorted((t for t in p_values if t <= start), reverse=True):
        if p_values[threshold] > level:
            break
        found = threshold
    return found


def effective_counts(wrong: NDArray[np.bool_], groups: NDArray[np.int64] | None) -> tuple[int, int]:
    """Errors and answers, as if all were independent; rounded to the unfavourable side.

    Parameters
    ----------
    wrong : ndarray of bool, shape (n,)
    groups : ndarray of int, shape (n,), or None
        Number of the source of each answer.
    """
    n, errors = len(wrong), int(wrong.sum())
    if groups is None or errors == 0 or errors == n:
        return errors, n
    _, which = np.unique(groups, return_inverse=True)
    sizes = np.bincount(which).astype(np.float64)
    if len(sizes) < 2:
        return errors, n
    share = errors / n
    residuals = np.bincount(which, weights=wrong.astype(np.float64)) - share * sizes
    clusters = len(sizes)
    variance = clusters / (clusters - 1) * float((residuals**2).sum()) / n**2
    effect = max(1.0, variance / (share * (1 - share) / n))
    return math.ceil(errors / effect), math.floor(n / effect)


def binomial_tail(errors: int, n: int, share: float) -> float:
    """Probability of at most ``errors`` errors among ``n`` at a true share of ``share``."""
    if errors >= n:
        return 1.0
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    # Summed in logarithms: the terms underflow, and factorials overflow.
    terms = np.arange(errors + 1)
    gammas = np.array([math.lgamma(k + 1) + math.lgamma(n - k + 1) for k in terms])
    logs = math.lgamma(n + 1) - gammas + terms * math.log(share) + (n - terms) * math.log1p(-share)
    return min(1.0, float(np.exp(logs).sum()))


def clopper_pearson_upper(errors: int, n: int, delta: float) -> float:
    """Exact upper bound of a share (Clopper and Pearson 1934), one-sided at level ``delta``.

    The share at which as few errors as were seen, or fewer, have probability ``delta``; 1 where
    there are no answers.
    """
    if errors >= n:
        return 1.0
    low, high = errors / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if binomial_tail(errors, n, middle) > delta:
            low = middle
        else:
            high = middle
    return high
