"""Figures of merit, in plain numpy.

Throughout, ``scores`` are probabilities of medical, float64 of shape (n,), 0 to 1, and
``positive`` is bool of shape (n,): whether the picture is medical.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Truth = NDArray[np.bool_]

_Z95 = 1.959963984540054
"""0.975 quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share ``right / n`` with its 95 % interval.

    Attributes
    ----------
    right, n : int
    value : float
        ``right / n``; nan where n is 0.
    low, high : float
        Wilson score interval, see :func:`wilson_interval`.
    """

    right: int
    n: int
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, right: int, n: int) -> Share:
        """Make the share, with its interval."""
        low, high = wilson_interval(right, n)
        return cls(right, n, right / n if n else math.nan, low, high)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a cut at some score costs and brings.

    Attributes
    ----------
    fpr : float
        The false-positive rate that was asked for.
    threshold : float
        Pictures with a score above it count as medical.
    recall : Share
        Of the medical pictures.
    false_positives, negatives : int
    resolved : bool
        False where there are too few negatives to allow even one false positive; the recall
        is then that at zero false positives.
    """

    fpr: float
    threshold: float
    recall: Share
    false_positives: int
    negatives: int
    resolved: bool


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Pictures whose probabilities lie in one interval: mean probability and medical share."""

    low: float
    high: float
    n: int
    mean_probability: float
    medical_share: float


def wilson_interval(right: int, n: int, z: float = _Z95) -> tuple[float, float]:
    """Score interval of a binomial proportion (Wilson 1927).

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1; (0, 1) where n is 0.
    """
    if n == 0:
        return 0.0, 1.0
    share = right / n
    denominator = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / denominator
    spread = z / denominator * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends the bound is exact; rounding must not push it beyond.
    low = 0.0 if right == 0 else max(0.0, centre - spread)
    high = 1.0 if right == n else min(1.0, centre + spread)
    return low, high


def auroc(scores: Scores, positive: Truth) -> float:
    """Area under the ROC curve: the chance that a medical picture scores above another.

    Ties count one half (Mann and Whitney 1947). nan where one class is absent.
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    mean_rank = last_rank - (counts - 1) / 2
    rank_sum = float(mean_rank[inverse][positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def recall_at_fpr(scores: Scores, positive: Truth, fpr: float) -> OperatingPoint:
    """Best recall of medical with a false-positive rate of at most ``fpr``.

    The cut lies at the highest score of a negative that may no longer pass, so that ties
    with it count as misses: the estimate is never too good.
    """
    negatives = np.sort(scores[~positive])[::-1]
    allowed = math.floor(fpr * len(negatives) + 1e-9)
    threshold = float(negatives[allowed]) if allowed < len(negatives) else -math.inf
    passed = scores > threshold
    return OperatingPoint(
        fpr=fpr,
        threshold=threshold,
        recall=Share.of(int(passed[positive].sum()), int(positive.sum())),
        false_positives=int(passed[~positive].sum()),
        negatives=len(negatives),
        resolved=allowed > 0,
    )


def calibration_bins(scores: Scores, positive: Truth, bins: int = 15) -> list[CalibrationBin]:
    """Reliability of the probabilities in bins of equal width; empty bins are left out."""
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.digitize(scores, edges[1:-1]), 0, bins - 1)
    result = []
    for index in range(bins):
        inside = which == index
        if inside.any():
            result.append(
                CalibrationBin(
                    low=float(edges[index]),
                    high=float(edges[index + 1]),
                    n=int(inside.sum()),
                    mean_probability=float(scores[inside].mean()),
                    medical_share=float(positive[inside].mean()),
                )
            )
    return result


def expected_calibration_error(scores: Scores, positive: Truth, bins: int = 15) -> float:
    """Mean distance of probability of medical and medical share (Naeini et al. 2015).

    Over the probability of medical, 0 to 1, not over the confidence: errors of both sides
    cannot cancel. nan where there are no pictures.
    """
    total = len(scores)
    if not total:
        return math.nan
    return sum(
        b.n / total * abs(b.mean_probability - b.medical_share)
        for b in calibration_bins(scores, positive, bins)
    )


def expected_precision(recall: float, fpr: float, prevalence: float) -> float:
    """Share of truly medical among the pictures called medical, where few are (Bayes).

    Parameters
    ----------
    recall, fpr : float
        Of the cut, as measured.
    prevalence : float
        Share of medical pictures in what is sifted.
    """
    hits = recall * prevalence
    called = hits + fpr * (1 - prevalence)
    return hits / called if called > 0 else math.nan


def roc_curve(scores: Scores, positive: Truth) -> tuple[Scores, Scores]:
    """Return false- and true-positive rates for each cut, from (0, 0) to (1, 1)."""
    order = np.argsort(-scores, kind="stable")
    distinct = np.append(np.diff(scores[order]) != 0, True)[: len(scores)]
    hits = np.cumsum(positive[order])[distinct]
    alarms = np.cumsum(~positive[order])[distinct]
    true_rate = np.concatenate([[0.0], hits / max(1, int(positive.sum()))])
    false_rate = np.concatenate([[0.0], alarms / max(1, int((~positive).sum()))])
    return false_rate, true_rate


def risk_coverage(scores: Scores, positive: Truth) -> tuple[Scores, Scores]:
    """Share of errors among the most confident pictures, for each share of them kept.

    Returns
    -------
    coverage, risk : ndarray of float64, shape (n,)
    """
    order = np.argsort(-np.maximum(scores, 1 - scores), kind="stable")
    wrong = ((scores >= 0.5) != positive)[order]
    kept = np.arange(1, len(scores) + 1)
    return kept / max(1, len(scores)), np.cumsum(wrong) / kept


def confusion_matrix(
    truth: Sequence[str], predicted: Sequence[str]
) -> tuple[list[str], NDArray[np.int64]]:
    """Count the pairs of true and predicted names.

    Returns
    -------
    names : list of str
        Sorted; all that occur on either side.
    counts : ndarray of int64, shape (len(names), len(names))
        Rows are the truth.
    """
    names = sorted({*truth, *predicted})
    index = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for true, guess in zip(truth, predicted, strict=True):
        counts[index[true], index[guess]] += 1
    return names, counts
