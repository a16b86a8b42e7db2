"""Which part of an Office Open XML document refers to which (ECMA-376 part 2, chapter 6.5)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from medsift.core.errors import InputError
from medsift.sources.container import ExhaustedError
from medsift.sources.office.markup import OnStart, attribute, scan_tags
from medsift.sources.office.package import Package, resolve_part

_NAMESPACE_END = "/relationships"
_REFERENCES = ("embed", "link", "id", "pict", "href", "relid", "dm")


@dataclass(frozen=True, slots=True)
class Relationship:
    """One reference of a part.

    Attributes
    ----------
    kind : str
        Last word of its type: ``image``, ``slide``, ``chart`` ...
    target : str
        Name of a part; an address if ``external``.
    external : bool
    name : str
        Its identifier, by which the content of the part refers to it.
    """

    kind: str
    target: str
    external: bool
    name: str = ""


def relationships_of(package: Package, part: str, *, ordered: bool = True) -> list[Relationship]:
    """References of a part, in the order in which its content uses them; unused ones last.

    Parameters
    ----------
    package : Package
    part : str
        Its name; empty for the document as a whole.
    ordered : bool
        Whether the content may be read for the order.

    Returns
    -------
    list of Relationship
        Empty for a part without references, or with damaged ones: its pictures are found by
        looking at all parts, if without their place.
    """
    declared = _declared(package, part)
    if not ordered or len(declared) < 2:
        return list(declared.values())
    used = [declared[name] for name in _used(package, part) if name in declared]
    seen = set(used)
    return [*used, *(one for one in declared.values() if one not in seen)]


def _declared(package: Package, part: str) -> dict[str, Relationship]:
    folder, name = posixpath.split(part)
    found: dict[str, Relationship] = {}

    def on_start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag != "Relationship":
            return
        external = attributes.get("TargetMode", "").lower() == "external"
        target = attributes.get("Target", "")
        kind = attributes.get("Type", "").rpartition("/")[2]
        target = target if external else resolve_part(target, part)
        name = attributes.get("Id", "")
        found.setdefault(name, Relationship(kind, target, external, name))

    _scan(package, posixpath.join(folder, "_rels", f"{name}.rels"), on_start)
    return found


def _used(package: Package, part: str) -> list[str]:
    names: dict[str, None] = {}

    def on_start(_tag: str, attributes: Mapping[str, str]) -> None:
        for name in _REFERENCES:
            value = attribute(attributes, name, _NAMESPACE_END)
            if value:
                names[value] = None
        value = attribute(attributes, "relid", ":office:office")
        if value:
            names[value] = None

    _scan(package, part, on_start)
    return list(names)


def _scan(package: Package, part: str, on_start: OnStart) -> None:
    try:
        scan_tags(package.read(part), on_start)
    except ExhaustedError:
        raise
    except InputError:
        return  # what was seen before counts
