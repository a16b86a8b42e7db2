"""What somebody wants to have: kinds and groups of the taxonomy, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medsift.core.errors import UsageError
from medsift.core.taxonomy import GROUPS, KINDS


def names_of(text: str | Iterable[str]) -> tuple[str, ...]:
    """The names in a list that commas separate, or in a sequence; each once, in order.

    Raises
    ------
    UsageError
        There is none, or one is neither a kind nor a group.
    """
    parts = text.split(",") if isinstance(text, str) else text
    names = tuple(dict.fromkeys(name.strip() for name in parts if name.strip()))
    if not names:
        raise UsageError("name at least one kind or group that is wanted")
    for name in names:
        if name not in KINDS and name not in GROUPS:
            groups = ", ".join(GROUPS)
            raise UsageError(
                f"there is no kind or group {name[:40]!r}; groups are {groups}, and kinds stand"
                " in the taxonomy (medsift models taxonomy)"
            )
    return names


def kinds_of(names: Iterable[str]) -> frozenset[str]:
    """All kinds that names of kinds and groups stand for."""
    return frozenset().union(*(GROUPS.get(name, frozenset({name})) for name in names))


def parts_of(kinds: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Cut a set of kinds into the largest groups that lie wholly in it, and single kinds.

    Yields
    ------
    name : str
        Of a group or a kind.
    kinds : frozenset of str
        No two parts share one.
    """
    left = set(kinds)
    for name, group in sorted(GROUPS.items(), key=lambda item: -len(item[1])):
        if group <= left:
            yield name, group
            left -= group
    for name in sorted(left):
        yield name, frozenset({name})
