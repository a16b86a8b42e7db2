"""A unit of placed images becomes a picture: extracted, joined, or drawn as the page shows it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from medsift.core.errors import InputError
from medsift.core.picture import Bbox, Extraction, Finding, Picture, Pixels, Problem, Provenance
from medsift.sources.pdf.geometry import stand_upright, upright_size, within
from medsift.sources.pdf.pixels.draw import draw_region, pixel_hash
from medsift.sources.pdf.pixels.extract import (
    Extractor,
    check_size,
    finest_size,
    is_fatal,
    look_alike,
)
from medsift.sources.pdf.pixels.stitch import join, parts_of
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import Placement
from medsift.sources.pdf.placement.units import Unit

_THUMB = 96
_REGION_SIDE = 8_000


def pictures_of_unit(
    page_context: PageContext, unit: Unit, extractor: Extractor
) -> Iterator[Finding]:
    """Yield the picture that a unit makes, or those that it falls apart into.

    Parameters
    ----------
    page_context : PageContext
    unit : Unit
    extractor : Extractor
    """
    where = replace(page_context.where, bbox=unit.bbox)
    try:
        if unit.kind == "tiles":
            yield from _tiles(page_context, unit, extractor)
        elif unit.kind == "layers":
            for placement in unit.placements:
                check_size(placement, page_context.about(placement), extractor.context)
            yield _region(page_context, unit, extractor.context.limits.pixels)
        else:
            yield _single(page_context, unit.placements[0], extractor)
    except InputError as error:
        yield Problem(where, "failed", error.code, error.record_text)


def _single(page_context: PageContext, placement: Placement, extractor: Extractor) -> Picture:
    most_pixels = extractor.context.limits.pixels
    fatal = is_fatal(page_context.about(placement))
    if placement.cut and not placement.hidden and not fatal:
        check_size(placement, page_context.about(placement), extractor.context)
        return _region(page_context, Unit("single", (placement,)), most_pixels)
    full = page_context.is_covered_by(placement.bbox)
    found = extractor.extract(page_context.page, placement, page_context.about(placement), full)
    pixels = stand_upright(found.pixels, placement.placed)
    # How these look depends on what is set on the page, which an image alone does not know.
    by_state = placement.transparent or placement.clip.shaped or page_context.is_stencil(placement)
    drawable = not (placement.floating or placement.hidden or placement.placed.skewed or fatal)
    if by_state and drawable:
        handles = [placement.handle]
        size = within(placement.upright_size, _THUMB)
        shown = draw_region(page_context.page, page_context.frame, placement.bbox, size, handles)
        if not look_alike(shown, pixels):
            return _region(page_context, Unit("single", (placement,)), most_pixels)
    width, height = upright_size(found.width, found.height, placement.placed)
    return Picture(
        where=replace(page_context.where, bbox=placement.bbox, extraction=found.extraction),
        pixels=pixels,
        width=width,
        height=height,
        format=found.format,
        color_mode=found.mode,
        sha256=found.sha256,
        data=found.data,
    )


def _tiles(page_context: PageContext, unit: Unit, extractor: Extractor) -> Iterator[Finding]:
    pieces: dict[Placement, Pixels] = {}
    failed: list[Finding] = []
    for placement in unit.placements:
        try:
            found = extractor.extract(
                page_context.page, placement, page_context.about(placement), True
            )
        except InputError as error:
            where = replace(page_context.where, bbox=placement.bbox)
            failed.append(Problem(where, "failed", error.code, error.record_text))
            continue
        pieces[placement] = stand_upright(found.pixels, placement.placed)
    for part in parts_of(pieces):
        if len(part) == 1:
            yield _single(page_context, part[0], extractor)
            continue
        pixels = join({p: pieces[p] for p in part}, extractor.context.limits.pixels)
        yield _made(page_context.where, Unit("tiles", part).bbox, pixels, "stitched")
    yield from failed


def _region(page_context: PageContext, unit: Unit, most_pixels: int) -> Picture:
    """Draw images as the page shows them, without what else is there."""
    box = unit.bbox
    across, up = 0.0, 0.0
    for placement in unit.placements:
        finest = finest_size(placement, page_context.about(placement))
        wide, high = upright_size(*finest, placement.placed)
        x0, y0, x1, y1 = placement.bbox
        across, up = max(across, wide / (x1 - x0)), max(up, high / (y1 - y0))
    if unit.kind == "single":
        box = _on_grid(box, unit.placements[0].bbox, across, up)
    size = max(1, round((box[2] - box[0]) * across)), max(1, round((box[3] - box[1]) * up))
    size = within(size, min(_REGION_SIDE, math.isqrt(most_pixels)))
    handles = [p.handle for p in unit.placements]
    pixels = draw_region(page_context.page, page_context.frame, box, size, handles)
    return _made(page_context.where, box, pixels, "rendered")


def _on_grid(box: Bbox, whole: Bbox, across: float, up: float) -> Bbox:
    """Move the sides of a box to the nearest edges of pixels, which it cuts then no more."""
    left, bottom = whole[0], whole[1]
    columns = [round((x - left) * across) for x in (box[0], box[2])]
    rows = [round((y - bottom) * up) for y in (box[1], box[3])]
    right, top = max(columns[1], columns[0] + 1), max(rows[1], rows[0] + 1)
    return (
        left + columns[0] / across,
        bottom + rows[0] / up,
        left + right / across,
        bottom + top / up,
    )


def _made(where: Provenance, box: Bbox, pixels: Pixels, extraction: Extraction) -> Picture:
    height, width = pixels.shape[:2]
    return Picture(
        where=replace(where, bbox=box, extraction=extraction),
        pixels=pixels,
        width=width,
        height=height,
        format="raw",
        color_mode="RGB",
        sha256=pixel_hash(pixels),
    )
