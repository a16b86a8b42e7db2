"""How far the figures would move with other sources.

Pictures of one source resemble each other, so an interval that takes them for independent is too
narrow. The bootstrap here draws whole sources with replacement (Field and Welsh 2007,
"Bootstrapping clustered data"), those of either label apart, so that both
are always there. Leaving out one source at a time tells which of them a figure hangs on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsift.evaluation.measure import Measurement
from medsift.evaluation.metrics import (
    Scores,
    Truth,
    auroc,
    expected_calibration_error,
    recall_at_fpr,
)

_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval from the bootstrap over sources.

    Attributes
    ----------
    value, low, high : float
        nan where the figure cannot be computed.
    sources : int
    """

    value: float
    low: float
    high: float
    sources: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the accuracy is without one source.

    Attributes
    ----------
    source : str
        Label, kind and source.
    n, wrong : int
        Pictures of the source, and how many of them are wrong.
    accuracy : float
        Of all other pictures.
    auroc : float
        Of all other pictures.
    """

    source: str
    n: int
    wrong: int
    accuracy: float
    auroc: float


def intervals_over_sources(
    measurements: Sequence[Measurement],
    groups_of_sources: Mapping[str, str] | None = None,
    resamples: int = _RESAMPLES,
    seed: int = 1,
) -> dict[str, Interval]:
    """Bootstrap the main figures over sources, or over groups of them.

    Parameters
    ----------
    measurements : sequence of Measurement
        Those that could not be read are passed over.
    groups_of_sources : mapping, optional
        Source to the group that is drawn as one, see :func:`.folds.read_groups`.
    resamples : int
    seed : int

    Returns
    -------
    dict
        ``accuracy``, ``mean accuracy of sources``, ``mean accuracy of kinds``, ``auroc``,
        ``recall at FPR 0.01``, ``recall at FPR 0.001`` and ``ece``.
    """
    scores, positive, groups, names = _arrays(measurements, groups_of_sources or {})
    kinds = np.unique(
        [f"{m.example.label}/{m.example.kind}" for m in measurements if m.prediction],
        return_inverse=True,
    )[1]
    of_kind = np.bincount(kinds)
    sizes = np.bincount(groups, minlength=len(names))
    figures: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "accuracy": lambda i: _accuracy(scores[i], positive[i]),
        "mean accuracy of sources": lambda i: _mean_of_sources(
            scores[i], positive[i], groups[i], sizes
        ),
        "mean accuracy of kinds": lambda i: _mean_of_sources(
            scores[i], positive[i], kinds[i], of_kind
        ),
        "auroc": lambda i: auroc(scores[i], positive[i]),
        "recall at FPR 0.01": lambda i: recall_at_fpr(scores[i], positive[i], 0.01).recall.value,
        "recall at FPR 0.001": lambda i: recall_at_fpr(scores[i], positive[i], 0.001).recall.value,
        "ece": lambda i: expected_calibration_error(scores[i], positive[i]),
    }
    everything = np.arange(len(scores))
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == g) for g in range(len(names))]
    strata = [[m for m in members if bool(positive[m[0]]) == label] for label in (True, False)]
    draws = [_draw(strata, rng) for _ in range(resamples)] if len(scores) else []
    found = {}
    for name, figure in figures.items():
        values = np.array([figure(draw) for draw in draws])
        known = values[~np.isnan(values)]
        low, high = np.quantile(known, (0.025, 0.975)) if len(known) else (math.nan, math.nan)
        value = figure(everything) if len(scores) else math.nan
        found[name] = Interval(value, float(low), float(high), len(names))
    return found


def leave_one_source_out(measurements: Sequence[Measurement]) -> list[LeftOut]:
    """Compute the accuracy without each source in turn, the most telling sources first."""
    scores, positive, groups, names = _arrays(measurements, {})
    wrong = (scores >= 0.5) != positive
    rows = []
    for number, name in enumerate(names):
        inside = groups == number
        rest = ~inside
        rows.append(
            LeftOut(
                source=name,
                n=int(inside.sum()),
                wrong=int(wrong[inside].sum()),
                accuracy=_accuracy(scores[rest], positive[rest]),
                auroc=auroc(scores[rest], positive[rest]),
            )
        )
    overall = _accuracy(scores, positive)
    return sorted(rows, key=lambda row: (-abs(row.accuracy - overall), row.source))


def render_intervals(intervals: dict[str, Interval], parts: str = "sources") -> str:
    """Lay the intervals out as text; ``parts`` names what was drawn."""
    lines = ["", f"95 % intervals by bootstrap over whole {parts}"]
    width = max(map(len, intervals))
    for name, row in intervals.items():
        lines.append(f"  {name:{width}}  {row.value:.4f}  [{row.low:.4f}, {row.high:.4f}]")
    return "\n".join(lines) + "\n"


def render_left_out(rows: Sequence[LeftOut], most: int = 15) -> str:
    """Lay the sources that move the figures most out as text."""
    lines = ["", f"Without one source ({len(rows)} sources; those that move the accuracy most)"]
    width = max((len(row.source) for row in rows[:most]), default=0)
    lines += [
        f"  {row.source:{width}}  {row.wrong:4} of {row.n:4} wrong"
        f"   without it: accuracy {row.accuracy:.2%}, AUROC {row.auroc:.4f}"
        for row in rows[:most]
    ]
    return "\n".join(lines) + "\n"


def _arrays(
    measurements: Sequence[Measurement], groups: Mapping[str, str]
) -> tuple[Scores, Truth, NDArray[np.int64], list[str]]:
    read = [m for m in measurements if m.prediction is not None]
    scores = np.array([m.prediction.p_medical for m in read if m.prediction], dtype=np.float64)
    positive = np.array([m.example.label == "medical" for m in read], dtype=np.bool_)
    keys = [
        # Of a group that has both labels, either part is drawn by itself.
        "/".join((m.example.label, groups[m.example.source]))
        if m.example.source in groups
        else "/".join((m.example.label, m.example.kind, m.example.source))
        for m in read
    ]
    names = sorted(set(keys))
    index = {name: i for i, name in enumerate(names)}
    return scores, positive, np.array([index[k] for k in keys], dtype=np.int64), names


def _draw(
    strata: Sequence[Sequence[NDArray[np.int64]]], rng: np.random.Generator
) -> NDArray[np.int64]:
    parts = [s[i] for s in strata if s for i in rng.integers(0, len(s), len(s))]
    return np.concatenate(parts)


def _accuracy(scores: Scores, positive: Truth) -> float:
    return float(((scores >= 0.5) == positive).mean()) if len(scores) else math.nan


def _mean_of_sources(
    scores: Scores, positive: Truth, groups: NDArray[np.int64], sizes: NDArray[np.int64]
) -> float:
    if not len(scores):
        return math.nan
    right = ((scores >= 0.5) == positive).astype(np.float64)
    # Each picture weighs one by the size of its source, so that a source that was drawn twice
    # counts twice.
    weights = 1 / sizes[groups]
    return float((right * weights).sum() / weights.sum())
