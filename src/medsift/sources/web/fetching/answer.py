"""What the web gave: content and the headers that matter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httpx

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_AGENT = "medsift"
# Directives with a value after a colon, which is not the name of a robot before one.
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})

_KEEP_OUT = frozenset({"noindex", "noimageindex", "noai", "noimageai", "none"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An address and what it gave.

    Attributes
    ----------
    url : str
        After all redirects.
    content : bytes
    content_type : str
        Media type as declared, lower case, without parameters; a hint at most.
    charset : str
        As declared.
    tags : frozenset of str
        Directives of ``X-Robots-Tag`` that concern all machines or medsift.
    etag, last_modified : str
        Validators, for asking again.
    storable : bool
        Whether the answer may be kept.
    refresh : str
        The Refresh header: where to go from here.
    """

    url: str
    content: bytes = field(repr=False)
    content_type: str = ""
    charset: str = ""
    tags: frozenset[str] = frozenset()
    etag: str = ""
    last_modified: str = ""
    storable: bool = False
    refresh: str = ""

    @classmethod
    def of(cls, url: str, content: bytes, headers: httpx.Headers) -> Answer:
        """Read the headers of an answer."""
        declared = headers.get("content-type", "")
        charset = _CHARSET.search(declared)
        return cls(
            url,
            content,
            declared.partition(";")[0].strip().lower()[:100],
            charset.group(1) if charset else "",
            robots_tags(headers.get_list("x-robots-tag")),
            headers.get("etag", "")[:1000],
            headers.get("last-modified", "")[:100],
            "no-store" not in headers.get("cache-control", "").lower(),
            headers.get("refresh", "")[:16_000],
        )


def keep_out(tags: frozenset[str]) -> str:
    """Give the directive that asks machines to leave a picture alone; empty where none does."""
    return min(tags & _KEEP_OUT, default="")


def robots_tags(values: list[str]) -> frozenset[str]:
    """Directives of ``X-Robots-Tag`` headers, without those for other robots."""
    found: set[str] = set()
    for value in values[:50]:
        applies = True
        for part in value.lower().split(","):
            name, colon, rest = (piece.strip() for piece in part.partition(":"))
            if colon and name not in _VALUED:
                # A robot's name holds for all directives after it.
                applies = name == _AGENT
                name = rest
            if applies and name:
                found.add(name)
    return frozenset(found)
