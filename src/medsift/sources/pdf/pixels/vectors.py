"""Figures drawn as vectors become pictures: the region is rendered as a viewer shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from medsift.core.picture import Bbox, Picture
from medsift.sources.pdf.pixels.draw import draw_region, pixel_hash
from medsift.sources.pdf.placement.figures import figures_of
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.strokes import shapes_of, texts_of

_PIXELS_PER_POINT = 150 / 72
_LONGEST_SIDE = 2_000


def vector_boxes(page_context: PageContext, raster: Sequence[Bbox]) -> list[Bbox]:
    """Find where the vector figures of a page stand.

    Parameters
    ----------
    page_context : PageContext
    raster : sequence of Bbox
        Where raster pictures stand that are reported anyway.
    """
    shapes = shapes_of(page_context.page, page_context.frame)
    texts = partial(texts_of, page_context.page, page_context.frame)
    return figures_of(shapes, texts, raster, page_context.frame)


def vector_pictures(page_context: PageContext, boxes: Sequence[Bbox]) -> Iterator[Picture]:
    """Render the vector figures of a page at 150 dots per inch, or less for very large ones.

    Parameters
    ----------
    page_context : PageContext
    boxes : sequence of Bbox
        Where they stand, see :func:`vector_boxes`.
    """
    for box in boxes:
        width, height = box[2] - box[0], box[3] - box[1]
        scale = min(_PIXELS_PER_POINT, _LONGEST_SIDE / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        pixels = draw_region(page_context.page, page_context.frame, box, size)
        yield Picture(
            where=replace(page_context.where, bbox=box, extraction="rendered"),
            pixels=pixels,
            width=size[0],
            height=size[1],
            format="vector",
            color_mode="RGB",
            sha256=pixel_hash(pixels),
        )
