"""Leave one source, or one fold of them, out, with all that was fitted fitted again on the others.

For each source in turn, or each fold of whole groups, the curve of the probabilities
(:func:`.calibration.fit_platt`), the cuts for given false-positive rates and the threshold of
risk control are fitted on all others, and applied to the one that was left out. Summed up, each
picture is judged by settings that its source had no part in, which is how a source that nobody
has seen is judged.

The networks are not trained again, and neither are their temperatures, which one source moves
least. Where a network was trained on the pictures that are measured, or its epoch chosen by them,
these figures flatter as much as the plain ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsift.evaluation.calibration import apply_platt, fit_platt
from medsift.evaluation.folds import assign_folds, groups_of
from medsift.evaluation.measure import Measurement
from medsift.evaluation.metrics import (
    Scores,
    Share,
    Truth,
    auroc,
    expected_calibration_error,
    recall_at_fpr,
)
from medsift.evaluation.risk import smallest_safe_threshold
from medsift.evaluation.summary import FALSE_POSITIVE_RATES

ALPHA, DELTA = 0.02, 0.1
"""Of risk control: share of errors that is allowed, and chance that it is exceeded."""


@dataclass(frozen=True, slots=True)
class RefitCut:
    """Cuts for one false-positive rate, each applied to the source that it was not fitted on.

    Attributes
    ----------
    fpr : float
        That the other sources kept to.
    recall, alarms : Share
        Of the medical pictures, and of the others, those above their cut.
    """

    fpr: float
    recall: Share
    alarms: Share


@dataclass(frozen=True, slots=True)
class RefitSource:
    """One source, or one fold, by the settings of all others.

    Attributes
    ----------
    source : str
        Name of the source or the fold.
    n : int
    wrong, wrong_as_shipped : int
        Pictures on the wrong side of one half.
    slope, offset : float
        Of the curve, in log-odds of the shipped probability: 1 and 0 change nothing.
    threshold : float
        Of risk control; 1 where none can be shown to be safe, so that nothing is decided.
    decided, decided_wrong : int
    """

    source: str
    n: int
    wrong: int
    wrong_as_shipped: int
    slope: float
    offset: float
    threshold: float
    decided: int
    decided_wrong: int


@dataclass(frozen=True, slots=True)
class Refit:
    """Sums over the sources.

    Attributes
    ----------
    accuracy, accuracy_as_shipped : Share
        By the side of one half.
    auroc, ece : float
        Of the probabilities that the curves of the others give.
    cuts : tuple of RefitCut
    decided : Share
        Right among those whose confidence reaches the threshold of risk control.
    coverage : Share
        How many do.
    rows : tuple of RefitSource
        Those with most mistakes first.
    parts : str
        What was left out in turn: ``sources``, ``folds``.
    """

    accuracy: Share
    accuracy_as_shipped: Share
    auroc: float
    ece: float
    cuts: tuple[RefitCut, ...]
    decided: Share
    coverage: Share
    rows: tuple[RefitSource, ...]
    parts: str = "sources"


def refit_without_each_source(measurements: Sequence[Measurement]) -> Refit:
    """Fit on all sources but one, measure on that one, for each in turn.

    Parameters
    ----------
    measurements : sequence of Measurement
        Those that could not be read are passed over.
    """
    read = [m for m in measurements if m.prediction is not None]
    return _refit(read, [m.example.group for m in read], "sources")


def refit_over_folds(
    measurements: Sequence[Measurement], sources: Mapping[str, str], folds: int
) -> Refit:
    """Fit on all folds but one, measure on that one, for each in turn.

    Parameters
    ----------
    measurements : sequence of Measurement
        Those that could not be read are passed over.
    sources : mapping
        Source to its group, see :func:`.folds.read_groups`; others stand alone.
    folds : int

    Raises
    ------
    UsageError
        There are fewer groups than folds.
    """
    read = [m for m in measurements if m.prediction is not None]
    examples = [m.example for m in read]
    dealt = assign_folds(examples, groups_of(examples, sources), folds)
    return _refit(read, [f"fold {fold}" for fold in dealt], "folds")


def _refit(measurements: Sequence[Measurement], parts: Sequence[str], what: str) -> Refit:
    read = [(m.example, m.prediction) for m in measurements if m.prediction is not None]
    shipped = np.array([p.p_medical for _, p in read], dtype=np.float64)
    positive = np.array([e.label == "medical" for e, _ in read], dtype=np.bool_)
    names, groups = np.unique(list(parts), return_inverse=True)
    sources = [e.group for e, _ in read]
    scores = shipped.copy()
    passed = np.zeros((len(FALSE_POSITIVE_RATES), len(read)), dtype=np.bool_)
    kept = np.zeros(len(read), dtype=np.bool_)
    rows = []
    for number, name in enumerate(names):
        inside = groups == number
        rest = ~inside
        curve = fit_platt(shipped[rest], positive[rest], np.ones(int(rest.sum())))
        scores[inside] = apply_platt(shipped[inside], curve)
        others = apply_platt(shipped[rest], curve)
        for cut, fpr in enumerate(FALSE_POSITIVE_RATES):
            threshold = recall_at_fpr(others, positive[rest], fpr).threshold
            passed[cut, inside] = scores[inside] > threshold
        safe = smallest_safe_threshold(
            others,
            positive[rest],
            [name for name, other in zip(sources, rest, strict=True) if other],
            alpha=ALPHA,
            delta=DELTA,
        )
        confidence = np.maximum(scores[inside], 1 - scores[inside])
        kept[inside] = (confidence >= safe.threshold) & safe.controlled
        wrong = _wrong(scores, positive) & inside
        rows.append(
            RefitSource(
                source=str(name),
                n=int(inside.sum()),
                wrong=int(wrong.sum()),
                wrong_as_shipped=int((_wrong(shipped, positive) & inside).sum()),
                slope=curve[0],
                offset=curve[1],
                threshold=safe.threshold,
                decided=int((kept & inside).sum()),
                decided_wrong=int((wrong & kept).sum()),
            )
        )
    wrong = _wrong(scores, positive)
    return Refit(
        accuracy=_share(~wrong),
        accuracy_as_shipped=_share(~_wrong(shipped, positive)),
        auroc=auroc(scores, positive),
        ece=expected_calibration_error(scores, positive),
        cuts=tuple(
            RefitCut(fpr, _share(above[positive]), _share(above[~positive]))
            for fpr, above in zip(FALSE_POSITIVE_RATES, passed, strict=True)
        ),
        decided=_share(~wrong[kept]),
        coverage=_share(kept),
        rows=tuple(sorted(rows, key=lambda row: (-row.wrong, row.source))),
        parts=what,
    )


def render_refit(refit: Refit) -> str:
    """Lay the sums out as text."""
    title = f"Each of {len(refit.rows)} {refit.parts} by settings that were fitted on the others"
    right = f"{_text(refit.accuracy)}, as shipped {_text(refit.accuracy_as_shipped)}"
    lines = [
        "",
        f"{title} (curve, cuts, threshold; not the networks)",
        f"  accuracy                  {right}",
        f"  AUROC                     {refit.auroc:.4f}",
        f"  calibration error         {refit.ece:.4f}",
    ]
    lines += [
        f"  cuts for FPR {cut.fpr:<5g}        recall {_text(cut.recall)}, "
        f"false positives {_text(cut.alarms)}"
        for cut in refit.cuts
    ]
    lines.append(
        f"  at most {ALPHA:.0%} wrong wanted   decided {_text(refit.coverage)}, "
        f"right of these {_text(refit.decided)}"
    )
    return "\n".join(lines) + "\n"


def _wrong(scores: Scores, positive: Truth) -> Truth:
    wrong: Truth = (scores >= 0.5) != positive
    return wrong


def _share(hits: NDArray[np.bool_]) -> Share:
    return Share.of(int(hits.sum()), len(hits))


def _text(share: Share) -> str:
    return f"{share.value:.2%} ({share.right} / {share.n})" if share.n else "none"
