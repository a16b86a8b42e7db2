"""Small pictures and documents, and what a scan finds inside of something."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources.base import Blob, Budget, Context
from medsift.sources.registry import findings


def png(shade: int = 0, side: int = 40) -> bytes:
    """A small picture, another one for each shade."""
    stream = io.BytesIO()
    Image.new("L", (side, side), shade).save(stream, "PNG")
    return stream.getvalue()


def pdf(shade: int = 0) -> bytes:
    """A page with one picture."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, 0, 0)).save(stream, "PDF")
    return stream.getvalue()


def scan(
    content: bytes | Path, name: str = "input", limits: Limits = DEFAULT_LIMITS
) -> list[Finding]:
    """Everything that is found, by way of the registry as in a real scan."""
    context = Context(limits=limits, recurse=findings, budget=Budget(limits))
    where = Provenance(name)
    blob = Blob(where, content) if isinstance(content, Path) else Blob(where, data=content)
    return list(findings(blob, context))


def pictures(found: list[Finding]) -> list[tuple[str, str]]:
    """Locator and member of the pictures."""
    return [(f.where.locator, f.where.member) for f in found if isinstance(f, Picture)]


def problems(found: list[Finding]) -> list[tuple[str, str]]:
    """Reason and locator of the problems."""
    return [(f.reason, f.where.locator) for f in found if isinstance(f, Problem)]


def small(**changes: Any) -> Limits:
    """Limits that a test can reach."""
    return replace(DEFAULT_LIMITS, **changes)


def mutated(content: bytes, changes: list[tuple[int, int]]) -> bytes:
    """The content with some of its bytes replaced."""
    broken = bytearray(content)
    for position, value in changes:
        broken[position % len(broken)] = value
    return bytes(broken)


def crashed(found: list[Finding]) -> Iterator[str]:
    """Faults that nobody foresaw."""
    return (f.error for f in found if isinstance(f, Problem) and f.reason == "crashed")
