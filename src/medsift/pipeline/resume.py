"""Inputs on their way to the workers, with what is known of them from an earlier run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from medsift.pipeline.outcomes import Examined, Outcome
from medsift.report import stamps
from medsift.report.outputs import Outputs
from medsift.report.replay import Known
from medsift.report.stamps import By
from medsift.sources.inputs import Input

_MAGIC = frozenset("*?[")


def stamped(items: Iterable[Input | None], by: By) -> Iterator[Input | None]:
    """Note of each input what it is like, before anybody reads it."""
    for item in items:
        yield None if item is None else replace(item, stamp=_stamp(item, by))


def going_on(items: Iterable[Input | None], outputs: Outputs) -> Iterator[Input | Examined | None]:
    """Replace inputs by what an earlier run found in them, where that still holds.

    Parameters
    ----------
    items : iterable of Input or None
        With their stamps.
    outputs : Outputs

    Yields
    ------
    Input, Examined or None
        At the end also what the earlier run found and this one did not come upon.
    """
    for item in items:
        if item is None:
            yield None
            continue
        known = None
        for known in outputs.recall(item.source, item.stamp):
            yield _examined(known)
        if known is None or known.key != item.source:
            yield item
    for known in outputs.leftover():
        yield _examined(known)


def elsewhere(names: Sequence[str], listed: bool) -> Callable[[str], bool]:
    """A test for inputs that are not where a scan of these names looks.

    Parameters
    ----------
    names : sequence of str
        As the user gave them.
    listed : bool
        Whether there are more, on lists: then nobody can tell.
    """
    if listed or any(_MAGIC & set(name) for name in names):
        return lambda _key: False
    # As the walk writes what it finds below a folder.
    roots = [name if "://" in name else str(Path(name)) for name in names]
    return lambda key: not any(_is_below(key, root) for root in roots)


def _is_below(key: str, root: str) -> bool:
    if root == ".":
        return not (os.path.isabs(key) or "://" in key or key.startswith(".."))  # noqa: PTH117
    return key == root or key.startswith((f"{root}/", f"{root}{os.sep}")) or root == os.sep


def _examined(known: Known) -> Examined:
    outcomes = [Outcome(record) for record in known.records]
    return Examined(Input(known.key, stamp=known.stamp), outcomes, True, known.written)


def _stamp(item: Input, by: By) -> str:
    if item.error is not None:
        return stamps.of_error(item.error.code)
    if item.path is None:
        return stamps.WEB
    return stamps.of_file(item.path, by)
