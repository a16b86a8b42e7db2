"""Two models on the same pictures: what differs, and whether by more than chance.

Differences of figures get an interval from the bootstrap over whole sources, both models on the
same draws (Efron and Tibshirani 1993, chapter 16), and the pictures that only one of two gets
right McNemar's exact test (McNemar 1947): under the hypothesis that neither is better, they fall
to either side like a coin.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsift.evaluation.measure import Measurement
from medsift.evaluation.metrics import auroc, expected_calibration_error, recall_at_fpr
from medsift.evaluation.summary import is_right

_RESAMPLES = 1000
_MOST_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of two models, and the second less the first with its 95 % interval.

    Attributes
    ----------
    first, second, difference, low, high : float
        nan where the figure cannot be computed.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Discordance:
    """Pictures that only one of two models gets right, and McNemar's p.

    Attributes
    ----------
    only_first, only_second, both, neither : int
    p : float
        Chance of a split this uneven or more, were neither model better; 0 to 1.
    """

    only_first: int
    only_second: int
    both: int
    neither: int
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models, figure by figure.

    Attributes
    ----------
    first, second : str
        Names of the models.
    n, sources : int
        Pictures that both could read, and their sources.
    figures : mapping of str to Difference
    label, kind : Discordance
        Of the label, and of label and kind together where the kind is known.
    """

    first: str
    second: str
    n: int
    sources: int
    figures: Mapping[str, Difference]
    label: Discordance
    kind: Discordance

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, the figures at the top."""
        row = asdict(self)
        return {**row.pop("figures"), **row}


Pair = tuple[Measurement, Measurement]


def pairs(first: Sequence[Measurement], second: Sequence[Measurement]) -> list[Pair]:
    """Measurements of the same pictures by two models, those that both could read."""
    known = {m.example.path: m for m in second if m.prediction is not None}
    return [
        (m, known[m.example.path])
        for m in first
        if m.prediction is not None and m.example.path in known
    ]


def compare(
    both: Sequence[Pair],
    names: tuple[str, str],
    groups: Sequence[str] | None = None,
    resamples: int = _RESAMPLES,
    seed: int = 1,
) -> Comparison:
    """Compare two models.

    Parameters
    ----------
    both : sequence of (Measurement, Measurement)
        See :func:`pairs`.
    names : tuple of str
        Of the models.
    groups : sequence of str, optional
        What is drawn as one, of each pair; the source where left out.
    resamples, seed : int
    """
    examples = [first.example for first, _ in both]
    keys = list(groups) if groups is not None else [f"{e.label}/{e.group}" for e in examples]
    known = sorted(set(keys))
    number = {name: i for i, name in enumerate(known)}
    which = np.array([number[k] for k in keys], dtype=np.int64)
    members = [np.flatnonzero(which == i) for i in range(len(known))]
    rng = np.random.default_rng(seed)
    draws = [
        np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        for _ in range(resamples if both else 0)
    ]
    table = _Table.of(both)
    everything = np.arange(len(both))
    figures = {}
    for name, figure in table.figures().items():
        values = np.array([figure(draw, 1) - figure(draw, 0) for draw in draws])
        values = values[~np.isnan(values)]
        low, high = np.quantile(values, (0.025, 0.975)) if len(values) else (math.nan, math.nan)
        one, two = (figure(everything, i) if both else math.nan for i in (0, 1))
        figures[name] = Difference(one, two, two - one, float(low), float(high))
    return Comparison(
        *names,
        n=len(both),
        sources=len(known),
        figures=figures,
        label=_discordance(table.label_right),
        kind=_discordance(table.kind_right[:, table.has_kind]),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Scores and hits of both models: arrays of shape (2, n), or (n,)."""

    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]
    label_right: NDArray[np.bool_]
    kind_right: NDArray[np.bool_]
    has_kind: NDArray[np.bool_]
    uncertain: NDArray[np.bool_]

    @classmethod
    def of(cls, both: Sequence[Pair]) -> _Table:
        sides = [[pair[i] for pair in both] for i in (0, 1)]
        shape = (2, len(both))
        said = [[m.prediction for m in side] for side in sides]
        scores = np.array([[p.p_medical for p in s if p] for s in said]).reshape(shape)
        positive = np.array([m.example.label == "medical" for m in sides[0]], dtype=np.bool_)
        label_right = (scores >= 0.5) == positive
        same = np.array([[kind_is_right(m) for m in side] for side in sides], np.bool_)
        doubt = np.array([[p.label == "uncertain" for p in s if p] for s in said], np.bool_)
        return cls(
            scores=scores,
            positive=positive,
            label_right=label_right,
            kind_right=same.reshape(shape),
            has_kind=np.array([bool(m.example.kind) for m in sides[0]], dtype=np.bool_),
            uncertain=doubt.reshape(shape),
        )

    def figures(self) -> dict[str, Callable[[NDArray[np.int64], int], float]]:
        def mean(rows: NDArray[np.bool_], mask: NDArray[np.bool_] | None = None) -> Any:
            def figure(draw: NDArray[np.int64], side: int) -> float:
                chosen = draw if mask is None else draw[mask[draw]]
                return float(rows[side, chosen].mean()) if len(chosen) else math.nan

            return figure

        def scored(of: Callable[..., float]) -> Any:
            return lambda draw, side: of(self.scores[side, draw], self.positive[draw])

        return {
            "accuracy": mean(self.label_right),
            "accuracy_medical": mean(self.label_right, self.positive),
            "accuracy_non_medical": mean(self.label_right, ~self.positive),
            "kind_accuracy": mean(self.kind_right, self.has_kind),
            "uncertain": mean(self.uncertain),
            "auroc": scored(auroc),
            "recall_at_fpr_0.01": scored(lambda s, p: recall_at_fpr(s, p, 0.01).recall.value),
            "ece": scored(expected_calibration_error),
        }


def kind_is_right(measurement: Measurement) -> bool:
    """Whether label and kind are the true ones."""
    prediction, example = measurement.prediction, measurement.example
    if prediction is None:
        return False
    side = "medical" if prediction.p_medical >= 0.5 else "non_medical"
    return side == example.label and prediction.kind == example.kind


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test, two-sided: 1 where no picture tells the two apart."""
    n, least = only_first + only_second, min(only_first, only_second)
    if not n:
        return 1.0
    tail = math.fsum(math.exp(_log_choose(n, k) - n * math.log(2)) for k in range(least + 1))
    return min(1.0, 2 * tail)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _discordance(right: NDArray[np.bool_]) -> Discordance:
    one, two = right
    first, second = int((one & ~two).sum()), int((two & ~one).sum())
    return Discordance(
        first, second, int((one & two).sum()), int((~one & ~two).sum()), mcnemar(first, second)
    )


def render(comparison: Comparison) -> str:
    """Lay a comparison out as text."""
    c = comparison
    lines = [
        "",
        f"A: {c.first}",
        f"B: {c.second}",
        f"{c.n} pictures of {c.sources} sources; B less A with its 95 % interval over sources",
        "",
        f"  {'':22} {'A':>8} {'B':>8} {'B - A':>9}",
    ]
    for name, row in c.figures.items():
        lines.append(
            f"  {name:22} {row.first:8.4f} {row.second:8.4f} {row.difference:+9.4f}"
            f"  [{row.low:+.4f}, {row.high:+.4f}]"
        )
    for name, d in (("label", c.label), ("kind", c.kind)):
        lines.append(
            f"  {name} right: both {d.both}, only A {d.only_first}, only B {d.only_second},"
            f" neither {d.neither}; McNemar p = {d.p:.2g}"
        )
    return "\n".join(lines) + "\n"


def differing(both: Sequence[Pair]) -> list[tuple[Pair, str, str]]:
    """Pairs that only one model gets right, the surest mistakes first.

    Returns
    -------
    list of (Pair, str, str)
        With what is meant, ``label`` or ``kind``, and who is right, ``A`` or ``B``.
    """
    found = []
    for pair in both:
        sides = [is_right(m) for m in pair]
        kinds = [kind_is_right(m) for m in pair]
        if sides[0] != sides[1]:
            found.append((pair, "label", "A" if sides[0] else "B"))
        elif pair[0].example.kind and kinds[0] != kinds[1]:
            found.append((pair, "kind", "A" if kinds[0] else "B"))
    return sorted(found, key=lambda row: (row[1] == "kind", -_sureness(row[0], row[2])))


def _sureness(pair: Pair, right: str) -> float:
    prediction = pair[1 if right == "A" else 0].prediction
    return prediction.confidence if prediction else 0.0


def write_differing(both: Sequence[Pair], folder: Path) -> int:
    """Write ``differing.csv`` and sheets of what only one model gets right; how many there are."""
    from medsift.evaluation.report import contact_sheet
    from medsift.report.csv_file import inert

    folder.mkdir(parents=True, exist_ok=True)
    rows = differing(both)
    names = ("path", "label", "kind", "source", "differs_in", "right")
    said = ("p_medical", "kind", "p_kind")
    with (folder / "differing.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, *(f"{which}_{name}" for which in "ab" for name in said)])
        for pair, what, right in rows:
            e = pair[0].example
            cells: list[str] = [str(e.path), e.label, e.kind, e.source, what, right]
            for m in pair:
                p = m.prediction
                cells += [f"{p.p_medical:.4f}", p.kind, f"{p.p_kind:.4f}"] if p else ["", "", ""]
            writer.writerow([inert(cell) for cell in cells])
    for right, wrong in (("A", 1), ("B", 0)):
        shown = [pair[wrong] for pair, _, who in rows if who == right][:_MOST_SHOWN]
        if shown:
            contact_sheet(shown).save(folder / f"only-{right.lower()}-is-right.png")
    return len(rows)
