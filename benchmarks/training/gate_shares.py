"""What other shares and bounds of a gate would do over folds.

    python benchmarks/training/gate_shares.py NETWORKS.npz GATE.npz

NETWORKS.npz is what the networks of a model say without its gate (``run/alone.npz``), GATE.npz what
the gate says (``run/out-of-fold.npz`` of its own run), both of the same folds. The mean of both is
calibrated as in training, but each half of the groups by the other, so that no row is fitted on
what it is measured by; which row ships is still a choice among them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsift.core.taxonomy import KINDS
from medsift.evaluation.calibration import cross_fitted
from medsift.evaluation.metrics import auroc, recall_at_fpr
from medsift.evaluation.out_of_fold import OutOfFold

SHARES = (0.0, 0.2, 0.3, 0.4, 0.5)
BOUNDS = (0.01, 0.02, 0.03)
_TINY = 1e-9


def main(networks: str, gate: str) -> None:
    """Print the table in Markdown."""
    own, before = OutOfFold.read(Path(networks)), OutOfFold.read(Path(gate))
    if own.keys != before.keys or own.classes != before.classes:
        sys.exit("these are not answers on the same pictures")
    sys.stdout.write(
        "| share | below | stop, % | medical among them | right | mean over groups | AUROC "
        "| recall, 1 % and 0.1 % FPR |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
    for share in SHARES:
        for below in BOUNDS:
            sys.stdout.write(f"| {' | '.join(row(own, before, share, below))} |\n")


def row(own: OutOfFold, before: OutOfFold, share: float, below: float) -> Iterator[str]:
    """Cells of one share and bound."""
    truth = np.array([key.startswith("medical/") for key in own.keys])
    groups = np.array(own.groups)
    first = side(before)
    passed = first >= below
    mean = np.clip(share * first + (1 - share) * side(own), _TINY, 1 - _TINY)
    scores = first.copy()
    scores[passed] = cross_fitted(mean[passed], truth[passed], list(groups[passed]))
    right = (scores >= 0.5) == truth
    yield f"{share}"
    yield f"{below}"
    yield f"{100 * (~passed).mean():.0f}"
    yield f"{(truth & ~passed).sum()}"
    yield f"{100 * right.mean():.2f}"
    yield f"{100 * np.mean([right[groups == g].mean() for g in np.unique(groups)]):.2f}"
    yield f"{auroc(scores, truth):.4f}"
    recalls = [recall_at_fpr(scores, truth, rate).recall.value for rate in (0.01, 0.001)]
    yield ", ".join(f"{100 * recall:.1f}" for recall in recalls)


def side(answers: OutOfFold) -> NDArray[np.float64]:
    """Probability (n,) of being medical."""
    medical = [KINDS[name].label == "medical" for name in answers.classes]
    summed: NDArray[np.float64] = answers.probabilities[:, medical].sum(axis=1)
    return summed


if __name__ == "__main__":
    main(*sys.argv[1:])
