"""The plots of an evaluation; needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.core.taxonomy import KINDS, TAXONOMY
from medsift.evaluation.measure import Measurement
from medsift.evaluation.metrics import (
    calibration_bins,
    risk_coverage,
    roc_curve,
    wilson_interval,
)
from medsift.evaluation.summary import EvaluationSummary

_DPI = 120
_SIDE = 5.2
_CELL = 0.27
_MARGIN = 2.2


def write_plots(
    measurements: Sequence[Measurement], summary: EvaluationSummary, folder: Path
) -> None:
    """Write confusion matrix, reliability diagram, ROC and risk-coverage curve as PNG."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    read = [(m.example, m.prediction) for m in measurements if m.prediction is not None]
    scores = np.array([p.p_medical for _, p in read], dtype=np.float64)
    positive = np.array([e.label == "medical" for e, _ in read], dtype=np.bool_)
    decided = float(np.mean([p.label != "uncertain" for _, p in read])) if read else 1.0
    drawings: dict[str, Callable[[], Any]] = {
        "roc": lambda: _roc(plt, scores, positive, summary),
        "reliability": lambda: _reliability(plt, scores, positive, summary),
        "risk-coverage": lambda: _risk_coverage(plt, scores, positive, summary, decided),
        "confusion": lambda: draw_confusion(plt, summary),
    }
    for name, draw in drawings.items():
        figure = draw()
        figure.savefig(folder / f"{name}.png", dpi=_DPI)
        plt.close(figure)


def _roc(plt: Any, scores: NDArray[Any], positive: NDArray[Any], summary: EvaluationSummary) -> Any:
    figure, axes = plt.subplots(figsize=(_SIDE, _SIDE), layout="constrained")
    false_rate, true_rate = roc_curve(scores, positive)
    # Rare alarms are what matters in a sweep: a logarithmic axis shows them. It ends at half a
    # false positive, the left edge of which stands for none at all.
    floor = 0.5 / max(1, int((~positive).sum()))
    axes.plot(np.maximum(false_rate, floor), true_rate, drawstyle="steps-post")
    for point in summary.operating_points:
        if point.fpr > floor and point.recall.n:
            axes.plot(point.fpr, point.recall.value, "o", color="firebrick", clip_on=False)
            axes.annotate(
                f"{point.recall.value:.1%} at {point.fpr:g}",
                (point.fpr, point.recall.value),
                xytext=(8, -14),
                textcoords="offset points",
                fontsize=8,
            )
    axes.set(
        xscale="log",
        xlim=(floor, 1),
        ylim=(0, 1.02),
        xlabel="false-positive rate (left edge: none)",
        ylabel="recall of medical",
        title=f"ROC, area {_known(summary.auroc)}",
    )
    axes.grid(alpha=0.3)
    return figure


def _reliability(
    plt: Any, scores: NDArray[Any], positive: NDArray[Any], summary: EvaluationSummary
) -> Any:
    figure, (upper, lower) = plt.subplots(
        2, figsize=(_SIDE, _SIDE * 1.25), layout="constrained", sharex=True, height_ratios=(3, 1)
    )
    bins = calibration_bins(scores, positive)
    means = np.array([b.mean_probability for b in bins])
    shares = np.array([b.medical_share for b in bins])
    # A bin of five pictures says little, and its interval says so.
    bounds = np.array([wilson_interval(round(b.medical_share * b.n), b.n) for b in bins])
    bounds = bounds.reshape(-1, 2)
    errors = np.abs(np.stack([shares - bounds[:, 0], bounds[:, 1] - shares]))
    upper.plot([0, 1], [0, 1], color="grey", linewidth=1)
    upper.errorbar(means, shares, yerr=errors, fmt="o", markersize=4, capsize=2, linewidth=1)
    upper.set(
        ylim=(-0.02, 1.02),
        ylabel="share of medical, 95 % interval",
        title=f"Reliability, expected calibration error {_known(summary.ece)}",
    )
    lower.bar(
        [b.low for b in bins],
        [b.n for b in bins],
        width=[b.high - b.low for b in bins],
        align="edge",
        edgecolor="white",
    )
    for b in bins:
        middle = (b.low + b.high) / 2
        lower.annotate(
            str(b.n),
            (middle, b.n),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=7,
        )
    lower.set(xlim=(-0.02, 1.02), xlabel="probability of medical", ylabel="pictures")
    # From below one picture, so that a bin of one has a height, with room for the numbers above.
    lower.set(yscale="log", ylim=(0.5, 8 * max((b.n for b in bins), default=1)))
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
    return figure


def _risk_coverage(
    plt: Any,
    scores: NDArray[Any],
    positive: NDArray[Any],
    summary: EvaluationSummary,
    decided: float,
) -> Any:
    figure, axes = plt.subplots(figsize=(_SIDE, _SIDE), layout="constrained")
    coverage, risk = risk_coverage(scores, positive)
    axes.plot(100 * coverage, 100 * risk)
    if summary.decided.n:
        axes.plot(
            100 * decided,
            100 * (1 - summary.decided.value),
            "o",
            color="firebrick",
            label=f"without the {summary.uncertain} that were called uncertain",
        )
        axes.legend(loc="upper left", fontsize=8)
    axes.set(
        xlim=(0, 101),
        xlabel="pictures kept, the most confident first (%)",
        ylabel="wrong among them (%)",
        title=f"Risk and coverage, mean risk {risk.mean() if len(risk) else 0:.3%}",
    )
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    return figure


def matrix_to_show(
    summary: EvaluationSummary,
) -> tuple[list[str], list[str], NDArray[np.int64], tuple[int, int]]:
    """Rows and columns of the confusion matrix as they are drawn: medical kinds first.

    Returns
    -------
    rows : list of str
        Kinds that have pictures.
    columns : list of str
        These, and those that were only predicted.
    counts : ndarray of int64, shape (rows, columns)
    medical : tuple of int
        How many of the rows and columns are medical; none where a kind is not in the taxonomy.
    """
    place = {kind.name: number for number, kind in enumerate(TAXONOMY)}
    order = sorted(range(len(summary.kinds)), key=lambda i: place.get(summary.kinds[i], len(place)))
    counts = np.array(summary.confusion, dtype=np.int64).reshape(len(order), len(order))
    filled = [i for i in order if counts[i].any()]
    rows, columns = [summary.kinds[i] for i in filled], [summary.kinds[i] for i in order]
    medical = tuple(
        sum(name in KINDS and KINDS[name].label == "medical" for name in names)
        for names in (rows, columns)
    )
    return rows, columns, counts[np.ix_(filled, order)], (medical[0], medical[1])


def draw_confusion(plt: Any, summary: EvaluationSummary) -> Any:
    """Draw the confusion matrix, each row coloured by its shares; return the figure."""
    rows, columns, counts, (medical_rows, medical_columns) = matrix_to_show(summary)
    size = (_MARGIN + _CELL * len(columns) + 0.8, _MARGIN + _CELL * len(rows))
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    if not counts.size:
        axes.set_axis_off()
        axes.set_title("No kinds are known")
        return figure
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / totals
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=7)
    names = [f"{name} ({int(n)})" for name, n in zip(rows, totals[:, 0], strict=True)]
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_xticks(np.arange(-0.5, len(columns)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(rows)), minor=True)
    axes.grid(which="minor", color="0.92", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    if 0 < medical_columns < len(columns):
        axes.axvline(medical_columns - 0.5, color="firebrick", linewidth=1)
    if 0 < medical_rows < len(rows):
        axes.axhline(medical_rows - 0.5, color="firebrick", linewidth=1)
    axes.set(
        xlabel="predicted kind", ylabel="true kind (pictures)", title="Kinds, medical ones first"
    )
    for i, j in zip(*np.nonzero(counts), strict=True):
        axes.annotate(
            int(counts[i, j]),
            (j, i),
            ha="center",
            va="center",
            fontsize=6,
            color="white" if shares[i, j] > 0.55 else "black",
        )
    figure.colorbar(drawn, ax=axes, shrink=0.5, aspect=40, label="share of the true kind")
    return figure


def _known(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.4f}"
