"""SVG: the raster pictures inside a vector drawing, or the drawing itself, rendered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.picture import Finding, Picture, Problem
from medsift.sources.base import Blob, Context, sha256_of
from medsift.sources.web.page import html
from medsift.sources.web.page.pictures import problem
from medsift.sources.web.svg.clean import Drawing, cleaned
from medsift.sources.web.svg.render import can_render, rendered


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the raster pictures that a drawing holds or refers to; without any, the drawing.

    It is rendered where the extra ``svg`` is installed, without text and rasters, see
    :mod:`medsift.sources.web.svg.clean`. Otherwise, and where it cannot be cleaned or is
    smaller than what is looked at, it gives one problem ``svg``. No XML entity is expanded.

    Raises
    ------
    LimitError
        The drawing is too long, nested too deeply, or refers to too many pictures.
    """
    found = False
    for finding in html.read(blob, context):
        found = True
        yield finding
    if not found:
        yield _drawn(blob, context) if can_render() else _skipped(blob)


def _drawn(blob: Blob, context: Context) -> Finding:
    content = blob.read(context.limits)
    drawing = _cleaned(content)
    if drawing is None or min(drawing.stated) < context.options.min_size:
        return _skipped(blob)
    try:
        pixels = rendered(drawing, context.limits)
    except DecodeError:
        return _skipped(blob)
    except InputError as error:
        return problem(blob.where, error)
    where = replace(
        blob.where, source_type=blob.where.source_type or "image", extraction="rendered"
    )
    return Picture(
        where,
        pixels,
        width=drawing.width,
        height=drawing.height,
        format="svg",
        color_mode="RGBA",
        sha256=sha256_of(content),
        data=content,
    )


def _cleaned(content: bytes) -> Drawing | None:
    try:
        return cleaned(content)
    except (DecodeError, LimitError):
        return None


def _skipped(blob: Blob) -> Problem:
    return Problem(blob.where, "skipped", "svg")
