"""A small picture, and a look at what a source found."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Finding, Problem
from medsift.sources.base import Blob, Budget, Context, Source


@dataclass(frozen=True)
class Seen:
    """One finding: what the source handed on (``content``), or why nothing (``reason``)."""

    locator: str
    url: str
    content: bytes = b""
    reason: str = ""
    status: str = ""
    index: int | None = None
    error: str = ""


def png(colour: int = 0) -> bytes:
    """A small picture, another one for each colour."""
    stream = io.BytesIO()
    Image.new("L", (40, 40), colour).save(stream, "PNG")
    return stream.getvalue()


def look(source: Source, blob: Blob, limits: Limits = DEFAULT_LIMITS) -> list[Seen]:
    """Run a source with a pipeline that reads no picture and only notes what it is given."""
    contents: dict[int, bytes] = {}

    def recurse(inner: Blob, _context: Context) -> Iterator[Finding]:
        problem = Problem(inner.where, "skipped", "handed_on")
        contents[id(problem)] = inner.read()
        kept.append(problem)
        yield problem

    kept: list[Problem] = []
    seen = []
    for finding in source(blob, Context(limits=limits, recurse=recurse, budget=Budget(limits))):
        assert isinstance(finding, Problem)
        where = finding.where
        content = contents.get(id(finding), b"")
        reason = "" if content else finding.reason
        seen.append(
            Seen(
                where.locator,
                where.url,
                content,
                reason,
                finding.status,
                where.index,
                finding.error,
            )
        )
    return seen
