"""SVG: the raster pictures inside a vector drawing; the drawing itself is not rendered."""

from __future__ import annotations

from collections.abc import Iterator

from medsift.core.picture import Finding, Problem
from medsift.sources.base import Blob, Context
from medsift.sources.web import html


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the raster pictures that a drawing holds or refers to.

    A drawing of shapes and text alone gives one problem ``svg``. As nothing is rendered and
    no XML entity is expanded, a hostile drawing costs no more than its length.

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
        yield Problem(blob.where, "skipped", "svg")
