"""Bounds for ``--recall``: from which probability on a picture is possibly medical.

For each recall the largest threshold is found at or above which that share of medical pictures is
expected, by conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster 2024, "Conformal
Risk Control"): the largest one for which ``(missed + 1) / (n + 1)`` stays at or below
``1 - recall``, on answers of networks that had never seen the pictures' groups. Pictures of one
group resemble each other, so both counts are divided by the design effect, see
:mod:`medsift.evaluation.risk`; with whole groups the promise is approximate. Where hardly any
picture is missed that effect cannot be seen, so it is at least the one at a probability of a half.

Of ``n`` pictures, so counted, no recall above ``n / (n + 1)`` can be promised. Beyond that the
threshold is the largest at which the recall was *seen*, and the card says that it is no promise.

What the card tells besides is measured otherwise: folds of whole groups, each judged by bounds that
were fitted on the others.

    python -m medsift.evaluation.recalling out-of-fold.npz --model MODEL

The archive is told of in :mod:`medsift.evaluation.out_of_fold`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.classify.card import ModelCard, ModelClass
from medsift.classify.recall_spec import RecallBound, RecallSpec
from medsift.core.errors import UsageError
from medsift.core.taxonomy import KINDS
from medsift.evaluation.out_of_fold import OutOfFold, fit_command
from medsift.evaluation.risk import effective_counts

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Groups = NDArray[np.int64]

RECALLS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Recalls that bounds are fitted for."""

GRID = tuple(float(f"{1 / (1 + np.exp(-x)):.4g}") for x in np.arange(-9.0, 3.01, 0.1))
"""Thresholds that are tried, even in log-odds: 0.0001 to 0.95; fixed before any data are seen."""
_HALF = 0.5
_FOLDS = 5
_COST_STEP = 4
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Scores:
    """What networks said of pictures whose groups they had never seen.

    Attributes
    ----------
    p_medical : ndarray of float64, shape (n,)
        Calibrated probabilities, 0 to 1.
    medical : ndarray of bool, shape (n,)
        The truth.
    groups : ndarray of int64, shape (n,)
        What belongs together, such as a repository.
    """

    p_medical: Floats
    medical: Mask
    groups: Groups

    def __post_init__(self) -> None:
        if not len(self.p_medical) == len(self.medical) == len(self.groups):
            raise ValueError("scores, truth and groups must have one entry for each picture")

    @classmethod
    def of(
        cls,
        p_medical: Sequence[float] | Floats,
        medical: Sequence[bool] | Mask,
        groups: Sequence[str] | Sequence[int] | NDArray[Any],
    ) -> Scores:
        """From arrays; groups may be called anything."""
        numbers = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)
        truth = np.asarray(medical, dtype=np.bool_)
        return cls(np.asarray(p_medical, dtype=np.float64), truth, numbers.reshape(-1))

    @classmethod
    def over_folds(cls, answers: OutOfFold, classes: Sequence[ModelClass] = ()) -> Scores:
        """From answers over folds.

        Parameters
        ----------
        answers : OutOfFold
        classes : sequence of ModelClass
            Those of the model, for their labels; without them those of the taxonomy.

        Raises
        ------
        UsageError
            The answers name other classes.
        """
        labels = {c.name: c.label for c in classes} or {k: KINDS[k].label for k in KINDS}
        if missing := set(answers.classes) - set(labels):
            raise UsageError(f"the answers are of another model: {', '.join(sorted(missing))}")
        inside = np.array([labels[name] == "medical" for name in answers.classes])
        truth = [key.split("/", 1)[0] == "medical" for key in answers.keys]
        return cls.of(answers.probabilities[:, inside].sum(axis=1), truth, answers.groups)

    def part(self, chosen: Mask) -> Scores:
        """Some of the pictures."""
        return Scores(self.p_medical[chosen], self.medical[chosen], self.groups[chosen])


def threshold_for(scores: Scores, recall: float) -> float | None:
    """The largest threshold of the grid that promises a recall; None where none does.

    Parameters
    ----------
    scores : Scores
    recall : float
        Share of medical pictures that is to lie at or above it, 0 to 1.
    """
    return _largest(scores, recall, unseen=1)


def threshold_seen_for(scores: Scores, recall: float) -> float | None:
    """The largest threshold of the grid at which a recall was seen; None where it never was."""
    return _largest(scores, recall, unseen=0)


def _largest(scores: Scores, recall: float, unseen: int) -> float | None:
    """As for the functions above; ``unseen`` is the loss of the picture that is still to come."""
    p, groups = scores.p_medical[scores.medical], scores.groups[scores.medical]
    if not len(p):
        return None
    least = _design_effect(p < _HALF, groups)
    found = None
    for threshold in GRID:
        below = p < threshold
        effect = max(least, _design_effect(below, groups)) if unseen else 1.0
        missed, n = math.ceil(below.sum() / effect), math.floor(len(p) / effect)
        if (missed + unseen) / (n + unseen) > 1 - recall + 1e-12:
            break
        found = threshold
    return found


def _design_effect(missed: Mask, groups: Groups) -> float:
    _, n = effective_counts(missed, groups)
    return len(missed) / max(1, n)


def fit(scores: Scores, recalls: Sequence[float] = RECALLS) -> RecallSpec:
    """Bounds for all recalls that can be promised, their rates over folds, and the cost.

    Parameters
    ----------
    scores : Scores
    recalls : sequence of float
    """
    bounds: list[RecallBound] = []
    for recall in sorted(recalls):
        threshold = threshold_for(scores, recall)
        promised = threshold is not None
        threshold = threshold if promised else threshold_seen_for(scores, recall)
        if threshold is not None:
            # What was only seen may lie above what less was promised from.
            threshold = min([threshold, *(b.threshold for b in bounds)])
            bounds.append(RecallBound(recall, threshold, promised, rates(scores, recall, promised)))
    return RecallSpec(tuple(bounds), cost(scores))


def cost(scores: Scores) -> tuple[tuple[float, float, float], ...]:
    """Threshold, share of medical pictures, share of others at or above it, for some thresholds."""
    rows = []
    for threshold in GRID[::_COST_STEP]:
        above = scores.p_medical >= threshold
        found, others = (_share(above[chosen]) for chosen in (scores.medical, ~scores.medical))
        rows.append((threshold, found, others))
    return tuple(rows)


def rates(scores: Scores, recall: float, promised: bool = True) -> dict[str, Any]:
    """How pictures fare by bounds that were fitted on other groups.

    Parameters
    ----------
    scores : Scores
    recall : float
    promised : bool
        Fit them by :func:`threshold_for`, otherwise by :func:`threshold_seen_for`.

    Returns
    -------
    dict
        ``medical``: how many pictures of how many groups, how many of them were missed, and the
        mean share that was found over groups; ``others``: how many, and the share above the bound;
        ``fitted_folds``: for how many of the folds the others gave a bound at all. For the rest it
        is 0, and all counts as found.
    """
    folds = fold_of(scores.groups)
    above = np.zeros(len(folds), dtype=np.bool_)
    choose = threshold_for if promised else threshold_seen_for
    fitted = 0
    for fold in range(_FOLDS):
        inside = folds == fold
        threshold = choose(scores.part(~inside), recall)
        fitted += threshold is not None
        above |= inside & (scores.p_medical >= (threshold or 0.0))
    medical = scores.medical
    which = np.unique(scores.groups[medical], return_inverse=True)[1]
    shares = np.bincount(which, above[medical]) / np.bincount(which)
    return {
        "folds": _FOLDS,
        "fitted_folds": fitted,
        "medical": {
            "n": int(medical.sum()),
            "groups": len(shares),
            "missed": int((medical & ~above).sum()),
            "found_share": _share(above[medical]),
            "found_share_over_groups": round(float(shares.mean()), _DIGITS),
        },
        "others": {"n": int((~medical).sum()), "above_share": _share(above[~medical])},
    }


def fold_of(groups: Groups) -> NDArray[np.int64]:
    """A fold for each picture: whole groups, largest first, each to the smallest fold."""
    sizes = np.bincount(groups)
    filled = np.zeros(_FOLDS, dtype=np.int64)
    dealt = np.zeros(len(sizes), dtype=np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        dealt[group] = filled.argmin()
        filled[dealt[group]] += sizes[group]
    return dealt[groups]


def render(spec: RecallSpec) -> str:
    """A table for people."""
    lines = [
        "| recall | from p | medical found, over folds | of groups, on average | others above |",
        "|" + " --- |" * 5,
    ]
    for bound in spec.bounds:
        own, others = bound.rates["medical"], bound.rates["others"]
        lines.append(
            f"| {bound.recall:g}{'' if bound.promised else ' (seen, not promised)'} |"
            f" {bound.threshold:.4g} |"
            f" {own['found_share']:.2%} of {own['n']:,} ({own['groups']} groups) |"
            f" {own['found_share_over_groups']:.2%} | {others['above_share']:.1%} |"
        )
    if left := [f"{r:g}" for r in RECALLS if r not in {b.recall for b in spec.bounds}]:
        lines += ["", f"Not reached: {', '.join(left)}."]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, print, and with ``--model`` write into the card."""
    module = "medsift.evaluation.recalling"
    return fit_command(argv, module, "Fit the bounds of --recall on answers over folds.", _fitted)


def _fitted(answers: OutOfFold, card: ModelCard | None) -> tuple[dict[str, Any], str]:
    spec = fit(Scores.over_folds(answers, card.classes if card is not None else ()))
    return {"recall": spec}, render(spec)


def _share(inside: Mask) -> float:
    return round(float(inside.mean()), _DIGITS) if inside.size else 0.0


if __name__ == "__main__":
    sys.exit(main())
