"""Folds of whole origins: what a setting is chosen by, and what a model may promise.

Pictures of one origin look alike, and origins of one repository share frames, programs and
makers. A validation that cuts through either flatters. Here whole *groups* are held out.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import UsageError
from medsift.evaluation.labelled import Example


def read_groups(manifest: Path) -> dict[str, str]:
    """Read which group each source belongs to.

    Sources that share a repository are one group; so are, at one remove, the repositories that
    share a source.

    Parameters
    ----------
    manifest : Path
        CSV with the columns ``source`` and ``repository``.

    Returns
    -------
    dict
        Source to the name of its group, which is the first of its repositories by name.

    Raises
    ------
    UsageError
        The file cannot be read, or lacks a column.
    """
    try:
        with manifest.open(encoding="utf-8", newline="") as file:
            pairs = {(row["source"], row["repository"]) for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{manifest} cannot be read: {error}") from None
    except KeyError as error:
        raise UsageError(f"{manifest} has no column {error}") from None
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    first: dict[str, str] = {}
    for source, repository in sorted(pairs):
        # A source without a repository stands alone.
        name = root(repository or f"source {source}")
        other = root(first.setdefault(source, name))
        parent[max(name, other)] = min(name, other)
    return {source: root(name) for source, name in first.items()}


def groups_of(examples: Sequence[Example], sources: Mapping[str, str]) -> list[str]:
    """Group of each example: that of its source where it is known, else the source itself."""
    return [sources.get(e.source, e.group) for e in examples]


def assign_folds(
    examples: Sequence[Example], groups: Sequence[str], folds: int
) -> NDArray[np.int64]:
    """Deal whole groups to folds so that each kind is spread as evenly as its groups allow.

    The largest groups are dealt first, each to the fold that has the least of its kinds so far.
    No chance is involved: the same pictures give the same folds.

    Parameters
    ----------
    examples : sequence of Example
    groups : sequence of str
        Of each example.
    folds : int
        At least 2.

    Returns
    -------
    ndarray of int64, shape (n,)
        Fold of each example, 0 to ``folds - 1``.

    Raises
    ------
    UsageError
        There are fewer groups than folds.
    """
    members: dict[str, Counter[tuple[str, str]]] = {}
    totals: Counter[tuple[str, str]] = Counter()
    for example, group in zip(examples, groups, strict=True):
        kind = (example.label, example.kind)
        members.setdefault(group, Counter())[kind] += 1
        totals[kind] += 1
    if len(members) < folds:
        raise UsageError(f"{len(members)} groups are too few for {folds} folds")
    # What a picture weighs: a kind counts as much as its root, so that rare kinds are spread, too.
    weight = {kind: 1 / np.sqrt(count) for kind, count in totals.items()}
    filled: list[Counter[tuple[str, str]]] = [Counter() for _ in range(folds)]
    fold_of: dict[str, int] = {}
    order = sorted(members, key=lambda g: (-sum(n * weight[k] for k, n in members[g].items()), g))
    for group in order:
        counts = members[group]

        def burden(fold: int, counts: Counter[tuple[str, str]] = counts) -> tuple[float, int]:
            crowd = sum(
                weight[k] ** 2 * ((filled[fold][k] + n) ** 2 - filled[fold][k] ** 2)
                for k, n in counts.items()
            )
            return crowd, filled[fold].total()

        chosen = min(range(folds), key=burden)
        filled[chosen].update(counts)
        fold_of[group] = chosen
    return np.array([fold_of[group] for group in groups], dtype=np.int64)
