"""The pictures of one page: sift its images, group them, and extract each group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from medsift.core.errors import DecodeError, InputError
from medsift.core.picture import Bbox, Finding, Picture, Problem, Provenance
from medsift.sources.base import Context
from medsift.sources.pdf.captions.page_figures import PageFigures
from medsift.sources.pdf.document.facts import FactsReader
from medsift.sources.pdf.document.opening import open_second, opened
from medsift.sources.pdf.document.patterns import lifted
from medsift.sources.pdf.pixels.assemble import pictures_of_unit
from medsift.sources.pdf.pixels.draw import keep_from_drawing
from medsift.sources.pdf.pixels.extract import Extractor, finest_size, is_fatal
from medsift.sources.pdf.pixels.masked import masked_pictures
from medsift.sources.pdf.pixels.regions import pictures_on_scan
from medsift.sources.pdf.pixels.vectors import vector_boxes, vector_pictures
from medsift.sources.pdf.placement.annotations import annotation_placements
from medsift.sources.pdf.placement.covered import covered_units
from medsift.sources.pdf.placement.decoration import (
    JunkReason,
    is_shadow,
    junk_reason,
    without_glyphs,
    without_unseen,
)
from medsift.sources.pdf.placement.overlays import Surroundings, hidden
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import frame_of, placements_of
from medsift.sources.pdf.placement.units import Unit, units_of
from medsift.sources.pdf.placement.visibility import with_hidden_marked

_HIDDEN = " (hidden layer)"
_COVERED = " (covered)"
_NOTES = (_HIDDEN, _COVERED)
"""What locators say of pictures that nobody sees on the page."""


def findings_of(page_context: PageContext, extractor: Extractor) -> Iterator[Finding]:
    """Yield the pictures of a page in the order of drawing, and what was left out.

    Parameters
    ----------
    page_context : PageContext
    extractor : Extractor
    """
    dropped: Counter[JunkReason] = Counter()
    figures = PageFigures(page_context, extractor.context.options.captions)
    pictures = _pictures(page_context, extractor, dropped, figures)
    for number, finding in enumerate(pictures, start=1):
        note = finding.where.locator if finding.where.locator in _NOTES else ""
        locator = f"{page_context.where.locator}, image {number}{note}"
        placed = replace(finding, where=replace(finding.where, locator=locator))
        if isinstance(placed, Picture):
            placed = _reduced(figures.placed(placed), extractor.context)
        yield placed
    yield from (_left_out(page_context.where, reason, n) for reason, n in dropped.items() if n)


def is_dangerous(page_context: PageContext) -> bool:
    """Whether PDFium may die when it draws the page: of images that cannot be kept from it."""
    fatal = {key for key, facts in page_context.facts.images.items() if is_fatal(tuple(facts))}
    if not fatal:
        return False
    return not fatal <= {p.key for p in placements_of(page_context.page, page_context.frame)}


def _pictures(
    page_context: PageContext,
    extractor: Extractor,
    dropped: Counter[JunkReason],
    figures: PageFigures,
) -> Iterator[Finding]:
    placements = list(placements_of(page_context.page, page_context.frame))
    keep_from_drawing([p for p in placements if is_fatal(page_context.about(p))])
    seen = without_unseen(placements, page_context.frame.box)
    sifted = without_glyphs(with_hidden_marked(page_context, seen.kept), page_context.bitonal)
    dropped.update(seen.dropped + sifted.dropped + Counter({"glyph": page_context.facts.glyphs}))
    stored = extractor.context.options.pdf_pixels == "stored"
    surroundings = Surroundings(page_context, sifted.kept)
    units = list(
        _without_junk(page_context, units_of(sifted.kept, page_context.see_through), dropped)
    )
    covered = covered_units(page_context, units)
    if not stored:
        dropped["covered"] += len(covered.repeats)
        units = [unit for unit in units if unit not in covered.repeats]
    drawn = vector_boxes(page_context, [p.bbox for p in sifted.kept])
    unseen = {u for u in units if u.placements[0].hidden} | set(covered.hidden)
    planned = figures.without_faint([u for u in units if u not in unseen])
    figures.plan([unit.bbox for unit in planned] + drawn)
    for unit in units:
        first = unit.placements[0]
        for found in pictures_of_unit(page_context, unit, extractor):
            if not isinstance(found, Picture):
                yield found
            elif unit in unseen:
                yield _out_of_sight(found, _HIDDEN if first.hidden else _COVERED)
            elif page_context.see_through(first) and is_shadow(found.pixels):
                on_ground = surroundings.on_ground(found, unit.placements)
                if on_ground is None:
                    dropped["shadow"] += 1
                else:
                    yield on_ground
            else:
                shown = found if stored else surroundings.as_seen(found, unit.placements)
                yield shown
                parts = list(pictures_on_scan(page_context, shown))
                figures.plan([part.where.bbox for part in parts if part.where.bbox])
                yield from parts
    yield from _in_annotations(page_context, extractor)
    for stream in page_context.facts.in_patterns:
        yield from from_stream(page_context.where, stream, extractor)
    yield from vector_pictures(page_context, drawn)
    yield from _masked(page_context, drawn, extractor, dropped)


def _without_junk(
    page_context: PageContext, units: list[Unit], dropped: Counter[JunkReason]
) -> Iterator[Unit]:
    for unit in units:
        first = unit.placements[0]
        reason = junk_reason(unit, finest_size(first, page_context.about(first)))
        if reason:
            dropped[reason] += 1
        else:
            yield unit


def _in_annotations(page_context: PageContext, extractor: Extractor) -> Iterator[Finding]:
    for placement in annotation_placements(page_context):
        for found in pictures_of_unit(page_context, Unit("single", (placement,)), extractor):
            if placement.hidden and isinstance(found, Picture):
                yield _out_of_sight(found, _HIDDEN)
            else:
                yield found


def _out_of_sight(found: Picture, locator: str) -> Picture:
    return replace(hidden(found), where=replace(found.where, locator=locator))


def _masked(
    page_context: PageContext,
    figures: list[Bbox],
    extractor: Extractor,
    dropped: Counter[JunkReason],
) -> Iterator[Finding]:
    try:
        for picture in masked_pictures(page_context, figures, extractor.context.limits.pixels):
            if is_shadow(picture.pixels):
                dropped["shadow"] += 1
            else:
                yield picture
    except InputError as error:
        yield Problem(page_context.where, "failed", error.code, error.record_text)


def _reduced(picture: Picture, context: Context) -> Picture:
    """Spare those who look at small pictures only the work on each pixel of a large one."""
    target = context.bare_target if picture.data is None else context.target
    factor = min(picture.pixels.shape[:2]) // (2 * target) if target else 1
    if factor < 2:
        return picture
    pixels = np.asarray(Image.fromarray(picture.pixels).reduce(factor), dtype=np.uint8)
    return replace(picture, pixels=pixels)


def from_stream(where: Provenance, stream: Any, extractor: Extractor) -> Iterator[Finding]:
    """Extract an image whose place on the page is not known, as of a tiling pattern.

    Parameters
    ----------
    where : Provenance
        Of the page.
    stream : pypdf.generic.StreamObject
    extractor : Extractor
    """
    try:
        data = lifted(stream)
        facts = FactsReader(open_second(data, "")).of_page(0)
        with opened(data) as page:
            page_context = PageContext(page, frame_of(page), where, facts)
            for placement in placements_of(page, page_context.frame):
                for found in pictures_of_unit(
                    page_context, Unit("single", (placement,)), extractor
                ):
                    yield replace(found, where=replace(found.where, bbox=None))
                return
        raise DecodeError("the image of a pattern cannot be drawn")
    except InputError as error:
        yield Problem(where, "failed", error.code, error.record_text)


def _left_out(where: Provenance, reason: JunkReason, count: int) -> Problem:
    name = f"{reason} image" if reason in ("unseen", "covered") else reason
    things = f"{count} {name}{'s' if count > 1 else ''}"
    return Problem(replace(where, locator=f"{where.locator}, {things}"), "skipped", reason)
