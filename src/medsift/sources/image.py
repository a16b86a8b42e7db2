"""An image file becomes pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from medsift.core.picture import Finding
from medsift.decode.reader import findings
from medsift.sources.base import Blob, Context


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of an image file: one, or one for each frame that is looked at.

    Parameters
    ----------
    blob : Blob
    context : Context

    Yields
    ------
    Picture or Problem
        A frame that cannot be decoded is a problem; the others still come.

    Raises
    ------
    InputError
        The file as a whole cannot be read.
    """
    where = replace(
        blob.where,
        source_type=blob.where.source_type or "image",
        extraction=blob.where.extraction or "file",
    )
    data = blob.read(context.limits)
    yield from findings(data, where, context.limits, context.target, context.options.all_frames)
