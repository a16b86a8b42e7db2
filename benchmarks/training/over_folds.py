"""What a model trained over folds may promise, from the answers that it keeps.

    python benchmarks/training/over_folds.py RUN/out-of-fold.npz [--beside OTHER.npz ...]

Every picture was judged by a network that saw nothing of its group. The tables have all pictures
pooled, means over sources, groups and kinds, 95 % intervals by bootstrap over whole groups, and
the kinds that come off worst.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsift.core.taxonomy import KINDS
from medsift.evaluation.metrics import auroc, expected_calibration_error, recall_at_fpr

RESAMPLES = 400
FEW = 30
"""Kinds with fewer pictures are not ranked."""


@dataclass(frozen=True, slots=True)
class Table:
    """The answers of an archive, as arrays by picture."""

    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]
    kind_right: NDArray[np.bool_]
    kinds: NDArray[np.str_]
    sources: NDArray[np.str_]
    groups: NDArray[np.str_]

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read what ``medsift train --folds`` wrote."""
        with np.load(path, allow_pickle=False) as found:
            keys = [str(key).split("/") for key in found["keys"]]
            classes, rows = found["classes"], found["probabilities"].astype(np.float64)
            groups = found["groups"]
        medical = np.array([KINDS[str(name)].label == "medical" for name in classes])
        scores = rows[:, medical].sum(axis=1)
        positive = np.array([key[0] == "medical" for key in keys])
        kinds, sources = (np.array([key[place] for key in keys]) for place in (1, 2))
        side = np.where((scores >= 0.5)[:, None], medical, ~medical)
        named = classes[np.where(side, rows, -1).argmax(axis=1)]
        return cls(scores, positive, named == kinds, kinds, sources, groups)

    def right(self) -> NDArray[np.float64]:
        """1 where the side of one half is that of the truth."""
        right: NDArray[np.float64] = ((self.scores >= 0.5) == self.positive).astype(np.float64)
        return right


def figures(t: Table, chosen: NDArray[np.int64]) -> dict[str, float]:
    """Compute all figures of some of the pictures, given by index."""
    scores, positive, right = t.scores[chosen], t.positive[chosen], t.right()[chosen]
    return {
        "right, all pictures": float(right.mean()),
        "right, mean over sources": mean_of(right, t.sources[chosen]),
        "right, mean over groups": mean_of(right, t.groups[chosen]),
        "right, mean over kinds": mean_of(right, t.kinds[chosen]),
        "AUROC": auroc(scores, positive),
        "medical found at one half": float(right[positive].mean()),
        "recall at 1 % false alarms": recall_at_fpr(scores, positive, 0.01).recall.value,
        "recall at 0.1 % false alarms": recall_at_fpr(scores, positive, 0.001).recall.value,
        "kind of medical right": float((t.kind_right[chosen] & (right > 0))[positive].mean()),
        "calibration error": expected_calibration_error(scores, positive),
    }


def mean_of(right: NDArray[np.float64], names: NDArray[np.str_]) -> float:
    """Mean over the names of the mean within each."""
    _, inverse = np.unique(names, return_inverse=True)
    return float((np.bincount(inverse, right) / np.bincount(inverse)).mean())


def intervals(t: Table, seed: int = 1) -> dict[str, tuple[float, float]]:
    """95 % intervals by drawing whole groups with replacement."""
    _, inverse = np.unique(t.groups, return_inverse=True)
    members = [np.flatnonzero(inverse == number) for number in range(inverse.max() + 1)]
    rng = np.random.default_rng(seed)
    drawn = [
        figures(
            t, np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        )
        for _ in range(RESAMPLES)
    ]
    return {
        name: tuple(np.quantile([row[name] for row in drawn], (0.025, 0.975)).tolist())
        for name in drawn[0]
    }


def lines(tables: dict[str, Table]) -> Iterator[str]:
    """Both tables in Markdown."""
    rows = {
        name: (figures(t, np.arange(len(t.scores))), intervals(t)) for name, t in tables.items()
    }
    yield f"| figure | {' | '.join(rows)} |"
    yield "| --- |" + " ---: |" * len(rows)
    for name in next(iter(rows.values()))[0]:
        cells = [
            f"{values[name]:.4f} ({spans[name][0]:.4f} to {spans[name][1]:.4f})"
            for values, spans in rows.values()
        ]
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    first = next(iter(tables.values()))
    names, counts = np.unique(first.kinds, return_counts=True)
    yield f"| kind | pictures | groups | {' | '.join(rows)} |"
    yield "| --- | ---: | ---: |" + " ---: |" * len(rows)
    ranked = [n for n, count in zip(names, counts, strict=True) if count >= FEW]
    for kind in sorted(ranked, key=lambda n: float(first.right()[first.kinds == n].mean())):
        inside = first.kinds == kind
        cells = [f"{100 * float(t.right()[t.kinds == kind].mean()):.1f}" for t in tables.values()]
        groups = len(np.unique(first.groups[inside]))
        yield f"| {kind} | {int(inside.sum())} | {groups} | {' | '.join(cells)} |"


def name_of(path: Path) -> str:
    """Name of the model: of its folder for an archive beside a run, else of the file."""
    is_beside_run = path.resolve().parent.name == "run"
    return path.resolve().parent.parent.name if is_beside_run else path.stem


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="figures of answers over folds")
    parser.add_argument("answers", type=Path)
    parser.add_argument("--beside", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    paths = [arguments.answers, *arguments.beside]
    tables = {name_of(path): Table.read(path) for path in paths}
    sys.stdout.write("\n".join(lines(tables)) + "\n")


if __name__ == "__main__":
    main()
