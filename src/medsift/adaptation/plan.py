"""Which kinds an adapted model tells apart, how pictures count, and what is held out together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medsift.adaptation.examples import Seen
from medsift.adaptation.fit import COMPONENTS, Material, Space, principal
from medsift.classify.card import ModelClass
from medsift.classify.memory import Memory
from medsift.core.errors import UsageError
from medsift.core.taxonomy import TAXONOMY
from medsift.evaluation.labelled import LABELS, Example

LEAST = 5
"""Pictures that a kind needs."""

_FEW_SOURCES = 3
_PARTS = 5


@dataclass(frozen=True, slots=True)
class Weighing:
    """How pictures count and are held out.

    Attributes
    ----------
    folds : int
        How many parts are held out in turn.
    class_weights : mapping of str to float
        How much kinds count beside what they count anyway, by name.
    """

    folds: int = 5
    class_weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of an adapted model.

    Attributes
    ----------
    classes : tuple of ModelClass
    link : ndarray of int64, shape (classes,)
        Class of the base model that a class goes on from, or -1.
    learned : ndarray of bool, shape (classes,)
        Which of them the user has pictures of.
    """

    classes: tuple[ModelClass, ...]
    link: NDArray[np.int64]
    learned: NDArray[np.bool_]


def class_of(example: Example) -> ModelClass:
    """The class of an example: its kind; its label where it has none."""
    return ModelClass(example.kind or example.label, example.label)


def kinds_of(examples: Sequence[Example], base: Sequence[ModelClass], only: bool) -> Kinds:
    """Decide on the kinds.

    Parameters
    ----------
    examples : sequence of Example
    base : sequence of ModelClass
        Those of the model that is adapted.
    only : bool
        Leave out kinds of the base model that the user has no pictures of.

    Raises
    ------
    UsageError
        A kind has too few pictures, or there is only one.
    """
    counts: dict[ModelClass, int] = {}
    for example in examples:
        counts[class_of(example)] = counts.get(class_of(example), 0) + 1
    few = [f"{c.label}/{c.name} ({n})" for c, n in sorted(counts.items(), key=str) if n < LEAST]
    if few:
        raise UsageError(
            f"a kind needs at least {LEAST} pictures that can be read; fewer have {', '.join(few)}"
        )
    rank = {(kind.name, kind.label): i for i, kind in enumerate(TAXONOMY)}
    new = sorted(
        (c for c in counts if c not in base),
        key=lambda c: (rank.get((c.name, c.label), len(rank)), LABELS.index(c.label), c.name),
    )
    old = [c for c in base if not only or c in counts]
    classes = (*old, *new)
    if len(classes) < 2:
        raise UsageError("there must be at least two kinds to tell apart")
    where = {c: i for i, c in enumerate(base)}
    return Kinds(
        classes,
        np.array([where.get(c, -1) for c in classes], dtype=np.int64),
        np.array([c in counts for c in classes], dtype=np.bool_),
    )


def space_of(seen: Seen, memory: Memory | None, components: int = COMPONENTS) -> Space:
    """The space of the memory; without one, that of the pictures themselves."""
    if memory is not None:
        return Space(seen.widths, memory.centre, memory.axes)
    centre, axes = principal(seen.features, np.ones(len(seen.features)), components)
    return Space(seen.widths, centre.astype(np.float32), axes)


def material_of(
    seen: Seen,
    memory: Memory | None,
    kinds: Kinds,
    space: Space,
    settings: Weighing,
) -> Material:
    """Lay the user's pictures and the memory side by side.

    Parameters
    ----------
    seen : Seen
        The user's pictures.
    memory : Memory, optional
        Of the base model.
    kinds : Kinds
    space : Space
    settings : Weighing
    """
    index = {c: i for i, c in enumerate(kinds.classes)}
    targets = np.array([index[class_of(e)] for e in seen.examples], dtype=np.int64)
    held_out = deal(targets, [e.group for e in seen.examples], settings.folds)
    groups = [e.group for e in seen.examples]
    weights = _weights(targets, groups, kinds.classes, settings.class_weights)
    rows, base = space.rows(seen.features), seen.base
    mine = np.ones(len(targets), dtype=np.bool_)
    if memory is not None:
        names = [f"memory {g}" for g in memory.groups]
        # All kinds of the base model stay, in their order.
        old = deal(memory.targets, names, settings.folds)
        rows = np.concatenate([rows, memory.rows])
        base = np.concatenate([base, memory.base])
        held_out = np.concatenate([held_out, old])
        # Half of all say is the user's.
        theirs = _weights(memory.targets, names, kinds.classes, {})
        weights = np.concatenate([weights, theirs * (weights.sum() / theirs.sum())])
        targets = np.concatenate([targets, memory.targets])
        mine = np.concatenate([mine, np.zeros(len(memory.targets), dtype=np.bool_)])
    return Material(rows, base, targets, held_out, mine, weights, kinds.link, kinds.learned)


def deal(targets: NDArray[np.int64], groups: Sequence[str], folds: int) -> NDArray[np.int64]:
    """Deal whole groups to folds, each kind as evenly as its groups allow.

    A kind of fewer than three groups cannot be held out and learned by whole groups: its groups
    are cut into parts, and what is measured on it is on the bright side.

    Parameters
    ----------
    targets : ndarray of int64, shape (n,)
        Kind of each picture.
    groups : sequence of str
        What belongs together.
    folds : int

    Returns
    -------
    ndarray of int64, shape (n,)
        Fold of each picture, 0 to ``folds - 1``.
    """
    of_kind: dict[int, set[str]] = {}
    for target, group in zip(targets.tolist(), groups, strict=True):
        of_kind.setdefault(target, set()).add(group)
    names = [
        group if len(of_kind[target]) >= _FEW_SOURCES else f"{group} part {i % _PARTS} of {target}"
        for i, (target, group) in enumerate(zip(targets.tolist(), groups, strict=True))
    ]
    members: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        members.setdefault(name, []).append(i)
    filled = np.zeros((folds, int(targets.max(initial=0)) + 1))
    result = np.zeros(len(targets), dtype=np.int64)
    totals = np.bincount(targets, minlength=filled.shape[1]).clip(1)
    for _, rows in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        counts = np.bincount(targets[rows], minlength=filled.shape[1]) / totals
        fold = int((filled @ (counts > 0) + filled.sum(axis=1) * 1e-6).argmin())
        filled[fold] += counts
        result[rows] = fold
    return result


def _weights(
    targets: NDArray[np.int64],
    groups: Sequence[str],
    classes: Sequence[ModelClass],
    more: Mapping[str, float],
) -> NDArray[np.float64]:
    """Weigh pictures so that neither large kinds nor large sources drown small ones.

    Sources count by the root of their number of pictures within a kind, and so do kinds.
    """
    unknown = set(more) - {c.name for c in classes}
    if unknown:
        raise UsageError(f"no kind to weigh: {', '.join(sorted(unknown))}")
    factor = np.array([more.get(c.name, 1.0) for c in classes])
    if not (factor > 0).all():
        raise UsageError("weights of kinds must be above 0")
    pairs = list(zip(targets.tolist(), groups, strict=True))
    sizes = Counter(pairs)
    weights = np.array([1 / np.sqrt(sizes[pair]) for pair in pairs])
    sums = np.bincount(targets, weights, minlength=len(classes))
    counts = np.bincount(targets, minlength=len(classes)).clip(1)
    scale = factor * np.sqrt(counts) / np.where(sums > 0, sums, 1)
    result: NDArray[np.float64] = weights * scale[targets]
    return result
