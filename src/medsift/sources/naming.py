"""How places inside of containers are called.

``member``
    The whole path inside the input, members of members joined with a slash:
    ``studies.zip/2024/report.docx/word/media/image1.png``.
``locator``
    The same for people: ``member studies.zip/a.png``, ``slide 3, image 2``; what is inside a
    member adds its own: ``member a.pdf, page 3, image 2``.
``index``
    Order of the picture in the outermost container.
``source_type``
    That of the outermost container.
"""

from __future__ import annotations

import re
from dataclasses import replace

from medsift.core.picture import Provenance

_UNREADABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_NAME = 1000


def member_place(container: Provenance, name: str, locator: str = "") -> Provenance:
    """Place of a member.

    Parameters
    ----------
    container : Provenance
    name : str
        Path inside the container.
    locator : str
        How people call its place: ``slide 3, image 2``; without one, ``member`` and its name.
    """
    name = readable(name)
    member = "/".join(filter(None, [container.member, name]))
    if not locator and container.locator == f"member {container.member}":
        return replace(container, member=member, locator=f"member {member}", index=None)
    place = refined(container, locator or f"member {name}")
    return replace(place, member=member, index=None)


def refined(place: Provenance, locator: str) -> Provenance:
    """Place within a place."""
    return replace(place, locator=", ".join(filter(None, [place.locator, locator])))


def anchored(inner: Provenance, outer: Provenance) -> Provenance:
    """Put back what a source dropped of the place that it was given."""
    member, locator = inner.member, inner.locator
    if not member.startswith(outer.member):
        member = f"{outer.member}/{member}".rstrip("/")
    if not locator.startswith(outer.locator):
        locator = ", ".join(filter(None, [outer.locator, locator]))
    return replace(
        inner,
        source=outer.source,
        source_type=outer.source_type or inner.source_type,
        member=member,
        locator=locator,
    )


def readable(name: str) -> str:
    """Give a path as records show it: with slashes, nothing unprintable, of bounded length."""
    name = _UNREADABLE.sub("\ufffd", name.replace("\\", "/"))
    while name.startswith(("./", "/")):
        name = name[1:].lstrip("/") if name[0] == "/" else name[2:]
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME // 2]}...{name[-_LONGEST_NAME // 2 :]}"
    return name


def is_folder(name: str) -> bool:
    """Whether a member of an archive is a folder, by its name."""
    return name.replace("\\", "/").endswith("/")
