"""How often each training picture is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import UsageError
from medsift.evaluation.labelled import LABELS, Example

Weights = NDArray[np.float64]


def origin_weights(
    examples: Sequence[Example],
    groups: Sequence[str] | None = None,
    kind_exponent: float = 0.4,
    group_exponent: float = 0.3,
) -> Weights:
    """Draw both labels equally often, kinds and the groups within them by a softened size.

    A group of n pictures gets a share that grows with a power of n below one: a large data set,
    whose pictures look alike, cannot drown the small ones; the same for kinds within a label.
    The smaller the exponents, the less the many pictures of everyday kinds take from those that
    look like medical ones.

    Parameters
    ----------
    examples : sequence of Example
    groups : sequence of str
        Of each example, see :mod:`medsift.evaluation.folds`; by default its source.
    kind_exponent, group_exponent : float
        0 draws all kinds, all groups of a kind, equally often; 1 all pictures.

    Returns
    -------
    ndarray of float64, shape (n,)
        Probabilities; they sum to 1.
    """
    groups = groups if groups is not None else [e.source for e in examples]
    kinds = Counter((e.label, e.kind) for e in examples)
    within = Counter((e.label, e.kind, g) for e, g in zip(examples, groups, strict=True))
    kind_total: Counter[str] = Counter()
    for (label, _), count in kinds.items():
        kind_total[label] += count**kind_exponent
    group_total: Counter[tuple[str, str]] = Counter()
    for (label, kind, _), count in within.items():
        group_total[label, kind] += count**group_exponent
    weights = np.empty(len(examples))
    for i, (e, group) in enumerate(zip(examples, groups, strict=True)):
        of_kind = kinds[e.label, e.kind] ** kind_exponent / kind_total[e.label]
        count = within[e.label, e.kind, group]
        of_group = count**group_exponent / group_total[e.label, e.kind]
        weights[i] = of_kind * of_group / count
    return _normalised(weights)


def class_weights(examples: Sequence[Example]) -> Weights:
    """Draw all classes equally often: weights from class counts alone."""
    counts = Counter((e.label, e.kind) for e in examples)
    return _normalised(np.array([1 / counts[e.label, e.kind] for e in examples]))


def require_both_labels(examples: Sequence[Example]) -> None:
    """Check that there is something to tell apart.

    Raises
    ------
    UsageError
        Only one of the labels has pictures.
    """
    present = {e.label for e in examples}
    missing = [label for label in LABELS if label not in present]
    if missing:
        raise UsageError(f"no readable image below {missing[0]}/: a model needs both labels")


def _normalised(weights: Weights) -> Weights:
    result: Weights = weights / weights.sum()
    return result
