"""Pictures named in JSON-LD: what a page tells search engines about itself.

Source: schema.org, the properties ``image``, ``thumbnail``, ``thumbnailUrl``, ``photo`` of any
thing, and ``url``, ``contentUrl`` of an ImageObject.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_MOST_CHARACTERS = 4 * 1024 * 1024
_MOST_NODES = 100_000
_PROPERTIES = ("image", "photo", "thumbnail", "thumbnailUrl", "primaryImageOfPage")
_ADDRESSES = ("contentUrl", "url")


def pictures_in(text: str) -> list[str]:
    """Addresses as written, in order; none where the text is not JSON."""
    if len(text) > _MOST_CHARACTERS:
        return []
    try:
        root = json.loads(text.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return []
    return list(dict.fromkeys(address for address in _walk(root) if address.strip()))


def _walk(root: Any) -> Iterator[str]:
    """Without recursion: how deep the nesting goes is the author's choice."""
    waiting: list[tuple[Any, bool]] = [(root, False)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node, is_picture = waiting.pop()
        if isinstance(node, str):
            if is_picture:
                yield node
        elif isinstance(node, list):
            waiting.extend((child, is_picture) for child in reversed(node))
        elif isinstance(node, dict):
            waiting.extend(reversed(list(_children(node, is_picture=is_picture))))


def _children(node: dict[str, Any], *, is_picture: bool) -> Iterator[tuple[Any, bool]]:
    types = node.get("@type", ())
    if is_picture or "ImageObject" in (types if isinstance(types, list) else [types]):
        address = next((node[name] for name in _ADDRESSES if node.get(name)), None)
        yield address, isinstance(address, str)
    for name, value in node.items():
        if name in _PROPERTIES:
            yield value, True
        elif isinstance(value, (dict, list)):
            yield value, False
