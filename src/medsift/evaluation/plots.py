"""The plots of an evaluation; needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medsift.evaluation.measure import Measurement
from medsift.evaluation.metrics import calibration_bins, risk_coverage, roc_curve
from medsift.evaluation.summary import Summary


def write_plots(measurements: Sequence[Measurement], summary: Summary, folder: Path) -> None:
    """Write confusion matrix, reliability diagram, ROC and risk-coverage curve as PNG."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    predictions = [m.prediction for m in measurements if m.prediction is not None]
    scores = np.array([p.p_medical for p in predictions], dtype=np.float64)
    positive = np.array(
        [m.example.label == "medical" for m in measurements if m.prediction is not None],
        dtype=np.bool_,
    )
    drawings: dict[str, Callable[[Any], None]] = {
        "roc": lambda axes: _roc(axes, scores, positive),
        "reliability": lambda axes: _reliability(axes, scores, positive),
        "risk-coverage": lambda axes: _risk_coverage(axes, scores, positive),
        "confusion": lambda axes: _confusion(axes, summary),
    }
    for name, draw in drawings.items():
        side = 12 if name == "confusion" else 5
        figure, axes = plt.subplots(figsize=(side, side), layout="constrained")
        draw(axes)
        figure.savefig(folder / f"{name}.png", dpi=110)
        plt.close(figure)


def _roc(axes: Any, scores: Any, positive: Any) -> None:
    false_rate, true_rate = roc_curve(scores, positive)
    # Rare alarms are what matters in a sweep: a logarithmic axis shows them.
    axes.plot(np.maximum(false_rate, 1e-4), true_rate, drawstyle="steps-post")
    axes.set(xscale="log", xlabel="false-positive rate", ylabel="recall of medical")
    axes.grid(alpha=0.3)


def _reliability(axes: Any, scores: Any, positive: Any) -> None:
    bins = calibration_bins(scores, positive)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot([b.mean_probability for b in bins], [b.medical_share for b in bins], marker="o")
    for b in bins:
        axes.annotate(str(b.n), (b.mean_probability, b.medical_share), fontsize=7)
    axes.set(xlabel="probability of medical", ylabel="share of medical")


def _risk_coverage(axes: Any, scores: Any, positive: Any) -> None:
    coverage, risk = risk_coverage(scores, positive)
    axes.plot(coverage, risk)
    axes.set(xlabel="share of images kept, the most confident first", ylabel="share of errors")
    axes.grid(alpha=0.3)


def _confusion(axes: Any, summary: Summary) -> None:
    counts = np.array(summary.confusion, dtype=np.float64)
    if not counts.size:
        return
    axes.imshow(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)), cmap="Blues")
    ticks = range(len(summary.kinds))
    axes.set_xticks(ticks, summary.kinds, rotation=90, fontsize=7)
    axes.set_yticks(ticks, summary.kinds, fontsize=7)
    axes.set(xlabel="predicted kind", ylabel="true kind")
    for i, j in zip(*np.nonzero(counts), strict=True):
        axes.annotate(int(counts[i, j]), (j, i), ha="center", va="center", fontsize=6)
