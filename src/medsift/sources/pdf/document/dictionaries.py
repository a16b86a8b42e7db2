"""Reading pypdf's dictionaries, in which anything may be missing or of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_MANY = 5_000


def value_of(holder: Any, name: str) -> Any:
    """Look up an entry and follow its reference; None where there is none."""
    value: Any = holder.get(name) if hasattr(holder, "get") else None
    return value.get_object() if hasattr(value, "get_object") else value


def value_of_item(items: Any, place: int) -> Any:
    """Look up an entry of a list and follow its reference; None where there is none."""
    value: Any = items[place] if isinstance(items, list) and place < len(items) else None
    return value.get_object() if hasattr(value, "get_object") else value


def values_of(holder: Any) -> Iterator[Any]:
    """Visit the entries of a dictionary that are dictionaries or streams themselves."""
    if hasattr(holder, "values"):
        for value in list(holder.values())[:_MANY]:
            child = value.get_object()
            if hasattr(child, "get"):
                yield child


def number_of(thing: Any) -> int:
    """Object number; 0 for a direct object."""
    reference = getattr(thing, "indirect_reference", None)
    return int(reference.idnum) if reference is not None else 0


def whole(value: Any) -> int:
    """Make a whole number of a number; 0 of all else."""
    return int(value) if isinstance(value, (int, float)) else 0


def size_of(image: Any) -> tuple[int, int]:
    """Width and height of an image in pixels; 0 where not said."""
    return whole(value_of(image, "/Width")), whole(value_of(image, "/Height"))
