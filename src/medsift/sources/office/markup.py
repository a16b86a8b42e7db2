"""XML read as a stream of start tags, with nothing that could make it grow or look elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias
from xml.parsers import expat

from medsift.core.errors import DecodeError

OnStart: TypeAlias = Callable[[str, Mapping[str, str]], None]


OnText: TypeAlias = Callable[[str], None]


def scan_tags(
    content: bytes,
    on_start: OnStart,
    on_end: OnText | None = None,
    on_text: OnText | None = None,
) -> None:
    """Call ``on_start`` for each element with its name and attributes, in document order.

    ``on_end`` is called with the names of elements that end, and ``on_text`` with text.

    Names are without prefix. Attributes keep their namespace, before a blank, where they have
    one: they are told by how it ends, since the strict and the transitional variants of office
    formats differ in the rest.

    Raises
    ------
    DecodeError
        Malformed, or it declares entities, which honest office files have no use for.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: on_start(
        name.rpartition(" ")[2], attributes
    )
    if on_end is not None:
        parser.EndElementHandler = lambda name: on_end(name.rpartition(" ")[2])
    if on_text is not None:
        parser.CharacterDataHandler = on_text
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DecodeError(f"malformed XML: {error}") from error


def attribute(attributes: Mapping[str, str], name: str, namespace_end: str = "") -> str:
    """Value of an attribute, told by its name and the end of its namespace; empty without."""
    for key, value in attributes.items():
        namespace, _, local = key.rpartition(" ")
        if local == name and namespace.endswith(namespace_end):
            return value
    return ""


def _refuse(*_declaration: object) -> None:
    raise DecodeError("malformed XML: it declares entities")
