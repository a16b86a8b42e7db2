"""Bounds for ``accept``: from which probability on a wanted picture is taken, or left.

For each group and kind of the taxonomy two bounds are found on answers of networks that had never
seen the pictures' origins. From the first on, at most a small share of all *other* pictures is
accepted; below the second, at most a small share of the *wanted* ones is rejected. Both by
conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster 2024, "Conformal Risk
Control"): the largest set of answers for which ``(errors + 1) / (n + 1)`` stays at or below what is
allowed, which bounds the expected share for a picture drawn like these. Pictures of one origin
resemble each other, so counts are divided by the design effect, see
:mod:`medsift.evaluation.risk`; with whole origins the promise is approximate.

What the card tells besides is measured otherwise: folds of whole groups, each judged by bounds
that were fitted on the others.

    python -m medsift.evaluation.accepting out-of-fold.npz --model MODEL

The archive is told of in :mod:`medsift.evaluation.out_of_fold`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.classify.accept_spec import Bounds
from medsift.classify.card import ModelCard
from medsift.classify.prediction import KINDS_FLOOR
from medsift.core.errors import UsageError
from medsift.core.taxonomy import GROUPS, KINDS
from medsift.evaluation.folds import assign_folds
from medsift.evaluation.labelled import Example
from medsift.evaluation.out_of_fold import OutOfFold, fit_command
from medsift.evaluation.risk import effective_counts

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

OTHERS_TAKEN = 0.005
"""Largest share of other pictures that may be accepted."""

ALLOWED = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Shares of others that the card tells the price of, for operators who allow more or less."""

WANTED_LEFT = 0.02
"""Largest share of wanted pictures that may be rejected without a look."""

_GRID = np.round(np.linspace(0.01, 0.99, 197), 4)
_FOLDS = 5
_FEWEST = 30
"""With fewer wanted pictures, or fewer than :data:`_FEWEST_GROUPS` of their groups, nothing is
fitted."""
_FEWEST_GROUPS = 5


@dataclass(frozen=True, slots=True)
class KindScores:
    """What networks said of pictures whose groups they had never seen.

    Attributes
    ----------
    kinds, sources : sequence of str
        The truth of each picture, and where it came from.
    groups : ndarray of int64, shape (n,)
        What must not be cut through.
    folds : ndarray of int64, shape (n,)
        Folds of whole groups.
    classes : tuple of str
    probabilities : ndarray of float64, shape (n, classes)
    """

    kinds: NDArray[np.str_]
    sources: NDArray[np.str_]
    groups: NDArray[np.int64]
    folds: NDArray[np.int64]
    classes: tuple[str, ...]
    probabilities: Floats

    @classmethod
    def of(
        cls,
        keys: Sequence[str],
        groups: Sequence[str],
        classes: Sequence[str],
        probabilities: Floats,
    ) -> KindScores:
        """Take keys apart, and deal the groups to folds."""
        parts = [key.split("/") for key in keys]
        examples = [
            Example(Path(p[-1]), "medical" if p[0] == "medical" else "non_medical", p[1], p[2])
            for p in parts
        ]
        # As records tell them, so that the bounds fit what they are held against.
        told = np.where(probabilities >= KINDS_FLOOR, np.round(probabilities, 4), 0.0)
        return cls(
            kinds=np.array([e.kind for e in examples]),
            sources=np.array(["/".join((e.label, e.kind, e.source)) for e in examples]),
            groups=np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64),
            folds=assign_folds(examples, groups, _FOLDS),
            classes=tuple(classes),
            probabilities=told,
        )

    def scores(self, part: frozenset[str]) -> Floats:
        """Probability that a picture is of the kinds of a part: shape (n,)."""
        inside = np.array([name in part for name in self.classes])
        summed: Floats = self.probabilities[:, inside].sum(axis=1)
        return summed

    def wanted(self, part: frozenset[str]) -> Mask:
        """Which pictures are of these kinds: shape (n,)."""
        return np.isin(self.kinds, sorted(part))


def bounds_of(scores: Floats, wanted: Mask, groups: NDArray[np.int64]) -> Bounds:
    """Find both bounds on pictures.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Probability of what is wanted, 0 to 1.
    wanted : ndarray of bool, shape (n,)
    groups : ndarray of int, shape (n,)
        Number of the group of each picture.
    """
    return _bounds_at((OTHERS_TAKEN,), scores, wanted, groups)[0]


def _bounds_at(
    allowed: Sequence[float], scores: Floats, wanted: Mask, groups: NDArray[np.int64]
) -> list[Bounds]:
    """Both bounds for each share of others that may be accepted."""
    others = ~wanted
    takes = dict.fromkeys(allowed, 1.0)
    open_ = set(allowed)
    for bound in _GRID[::-1]:
        risk = _risk(scores[others] >= bound, groups[others])
        open_ = {share for share in open_ if risk <= share}
        if not open_:
            break
        takes.update(dict.fromkeys(open_, float(bound)))
    lowest = 0.0
    for bound in _GRID:
        if _risk(scores[wanted] < bound, groups[wanted]) > WANTED_LEFT:
            break
        lowest = float(bound)
    # What is accepted is never rejected.
    return [Bounds(take, min(lowest, take)) for take in takes.values()]


def _risk(wrong: Mask, groups: NDArray[np.int64]) -> float:
    errors, n = effective_counts(wrong, groups)
    return (errors + 1) / (n + 1)


def parts() -> Iterator[tuple[str, frozenset[str]]]:
    """All groups and kinds that bounds are fitted for."""
    yield from GROUPS.items()
    for name in KINDS:
        yield name, frozenset({name})


def fit(answers: KindScores) -> dict[str, Bounds]:
    """Bounds for all parts with enough pictures, each with its rates over folds."""
    found = {}
    for name, part in parts():
        wanted = answers.wanted(part)
        groups = len(set(answers.groups[wanted].tolist()))
        if wanted.sum() < _FEWEST or groups < _FEWEST_GROUPS or wanted.all():
            continue
        bounds = bounds_of(answers.scores(part), wanted, answers.groups)
        told = rates(answers, part)
        if name in GROUPS:
            told["expected"] = expected(answers, part)
        found[name] = replace(bounds, rates=told)
    return found


def rates(answers: KindScores, part: frozenset[str]) -> dict[str, Any]:
    """How pictures fare by bounds that were fitted on other groups.

    Returns
    -------
    dict
        ``wanted`` and ``others``: how many pictures of how many groups, how many of them were
        accepted, looked at and rejected, and the mean share that was accepted over sources.
    """
    wanted = answers.wanted(part)
    ((taken, left),) = _over_folds(answers, part, (OTHERS_TAKEN,))

    def told(chosen: Mask) -> dict[str, Any]:
        n, accepted = int(chosen.sum()), int((chosen & taken).sum())
        rejected = int((chosen & left).sum())
        names = answers.sources[chosen]
        sources, which = np.unique(names, return_inverse=True)
        shares = np.bincount(which, taken[chosen]) / np.bincount(which)
        return {
            "n": n,
            "groups": len(set(answers.groups[chosen].tolist())),
            "sources": len(sources),
            "accept": accepted,
            "look": n - accepted - rejected,
            "reject": rejected,
            "accepted_share": round(accepted / max(1, n), 5),
            "accepted_share_over_sources": round(float(shares.mean()), 5) if n else None,
        }

    return {"folds": _FOLDS, "wanted": told(wanted), "others": told(~wanted)}


def expected(answers: KindScores, part: frozenset[str]) -> list[dict[str, float]]:
    """What an operator may expect who allows more, or less, of the others.

    Returns
    -------
    list of dict
        For each share of others that may be accepted (``allowed``): the bound that was fitted on
        all pictures (``take``), and how wanted pictures and others fared by bounds of other groups:
        shares that were accepted and rejected.
    """
    scores, wanted = answers.scores(part), answers.wanted(part)
    bounds = _bounds_at(ALLOWED, scores, wanted, answers.groups)
    rows = []
    for allowed, found, (taken, left) in zip(
        ALLOWED, bounds, _over_folds(answers, part, ALLOWED), strict=True
    ):
        row = {"allowed": allowed, "take": found.take}
        for side, chosen in (("wanted", wanted), ("others", ~wanted)):
            row[f"{side}_accepted"] = round(float(taken[chosen].mean()), 5)
            row[f"{side}_rejected"] = round(float(left[chosen].mean()), 5)
        rows.append(row)
    return rows


def _over_folds(
    answers: KindScores, part: frozenset[str], allowed: Sequence[float]
) -> list[tuple[Mask, Mask]]:
    """Which pictures are accepted and rejected by bounds of other folds, for each allowed share."""
    scores, wanted = answers.scores(part), answers.wanted(part)
    found = [
        (np.zeros(len(scores), dtype=np.bool_), np.zeros(len(scores), dtype=np.bool_))
        for _ in allowed
    ]
    for fold in range(_FOLDS):
        inside = answers.folds == fold
        fitted = _bounds_at(allowed, scores[~inside], wanted[~inside], answers.groups[~inside])
        for bounds, (taken, left) in zip(fitted, found, strict=True):
            taken[inside] = scores[inside] >= bounds.take
            left[inside] = scores[inside] < bounds.leave
    return found


def render(found: dict[str, Bounds]) -> str:
    """A table for people."""
    lines = [
        "| wanted | take | leave | accepted | rejected | others accepted |",
        "|" + " --- |" * 6,
    ]
    for name, bounds in found.items():
        own, others = bounds.rates["wanted"], bounds.rates["others"]
        lines.append(
            f"| {name} | {bounds.take:.3f} | {bounds.leave:.3f} |"
            f" {own['accept'] / own['n']:.1%} of {own['n']} ({own['groups']} groups) |"
            f" {own['reject'] / own['n']:.1%} |"
            f" {others['accept'] / others['n']:.2%} of {others['n']} |"
        )
    for name, bounds in found.items():
        if rows := bounds.rates.get("expected"):
            lines += ["", f"{name}, for more or fewer others:", "", *expected_table(rows)]
    return "\n".join(lines) + "\n"


def expected_table(rows: Sequence[Mapping[str, float]]) -> list[str]:
    """Lines of a table of what :func:`expected` tells."""
    sides = "accepted | looked at | rejected"
    lines = [
        f"| others allowed | threshold | wanted: {sides} | others: {sides} |",
        "|" + " --- |" * 8,
    ]
    for row in rows:
        cells = [f"{row['allowed']:.1%}", f"{row['take']:.3f}"]
        for side, digits in (("wanted", 1), ("others", 2)):
            accepted, rejected = row[f"{side}_accepted"], row[f"{side}_rejected"]
            shares = (accepted, max(0.0, 1 - accepted - rejected), rejected)
            cells += [f"{share:.{digits}%}" for share in shares]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, print, and with ``--model`` write into the card."""
    module, what = "medsift.evaluation.accepting", "Fit the bounds of accept on answers over folds."
    return fit_command(argv, module, what, _fitted)


def _fitted(answers: OutOfFold, card: ModelCard | None) -> tuple[dict[str, Any], str]:
    found = fit(KindScores.of(answers.keys, answers.groups, answers.classes, answers.probabilities))
    if card is not None and (other := {c.name for c in card.classes} ^ set(answers.classes)):
        raise UsageError(f"the answers are of another model: {', '.join(sorted(other))}")
    return {"accept": found}, render(found)


if __name__ == "__main__":
    sys.exit(main())
