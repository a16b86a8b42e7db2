"""The pictures of one page: sift its images, group them, and extract each group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from medsift.core.errors import DecodeError, InputError
from medsift.core.picture import Bbox, Extraction, Finding, Picture, Pixels, Problem, Provenance
from medsift.sources.base import sha256_of
from medsift.sources.pdf.annotations import annotation_placements
from medsift.sources.pdf.document import open_second, opened
from medsift.sources.pdf.draw import draw_region
from medsift.sources.pdf.extract import Extractor, check_size, finest_size, look_alike
from medsift.sources.pdf.facts import FactsReader, ImageFacts, PageFacts
from medsift.sources.pdf.geometry import stand_upright, upright_size
from medsift.sources.pdf.patterns import lifted
from medsift.sources.pdf.placements import (
    PageFrame,
    Placement,
    bits_per_pixel,
    frame_of,
    placements_of,
)
from medsift.sources.pdf.stitch import join, parts_of
from medsift.sources.pdf.swarms import JunkReason, junk_reason, without_glyphs
from medsift.sources.pdf.units import Unit, pixels_per_point, units_of

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_THUMB = 96
_REGION_SIDE = 8_000


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page while it is read.

    Attributes
    ----------
    page : PdfPage
    where : Provenance
        With the page's number and locator.
    facts : PageFacts
        See :meth:`medsift.sources.pdf.facts.FactsReader.of_page`.
    """

    page: PdfPage = field(repr=False)
    where: Provenance
    facts: PageFacts = field(repr=False)

    def about(self, placement: Placement) -> tuple[ImageFacts, ...]:
        """All facts that may be about an image."""
        key = (placement.width, placement.height, placement.encoded_length, placement.codec)
        return tuple(self.facts.images.get(key, ()))

    def bitonal(self, placement: Placement) -> bool:
        """Whether an image has one bit a pixel."""
        facts = self.about(placement)
        if facts:
            return all(f.bits == 1 for f in facts)
        return bits_per_pixel(self.page, placement.handle) == 1

    def see_through(self, placement: Placement) -> bool:
        """Whether what lies below an image may be seen through it."""
        facts = self.about(placement)
        masked = any(f.mask_size or f.keyed or f.mode == "1" for f in facts)
        return masked or placement.transparent


def pictures_of(sheet: OpenPage, extractor: Extractor) -> Iterator[Finding]:
    """Yield the pictures of a page in the order of drawing, and what was left out.

    Parameters
    ----------
    sheet : OpenPage
    extractor : Extractor
    """
    frame = frame_of(sheet.page)
    sifted = without_glyphs(list(placements_of(sheet.page, frame)), sheet.bitonal)
    dropped = Counter(sifted.dropped)
    number = 0
    for unit in units_of(sifted.kept, sheet.see_through):
        first = unit.placements[0]
        reason = junk_reason(unit, finest_size(first, sheet.about(first)))
        if reason:
            dropped[reason] += 1
            continue
        for finding in _unit(sheet, frame, unit, extractor):
            number += 1
            yield _numbered(finding, number)
    for placement in annotation_placements(sheet.page, frame):
        for finding in _unit(sheet, frame, Unit("single", (placement,)), extractor):
            number += 1
            yield _numbered(finding, number)
    for stream in sheet.facts.in_patterns:
        number += 1
        yield _numbered(_from_pattern(sheet.where, stream, extractor), number)
    yield from (_left_out(sheet.where, reason, count) for reason, count in dropped.items())


def _from_pattern(where: Provenance, stream: Any, extractor: Extractor) -> Finding:
    try:
        data = lifted(stream)
        facts = FactsReader(open_second(data, "")).of_page(0)
        with opened(data) as page:
            sheet, frame = OpenPage(page, where, facts), frame_of(page)
            for placement in placements_of(page, frame):
                picture = _single(sheet, frame, placement, extractor)
                return replace(picture, where=replace(picture.where, bbox=None))
        raise DecodeError("the image of a pattern cannot be drawn")
    except InputError as error:
        return Problem(where, "failed", error.code, error.record_text)


def _numbered(finding: Finding, number: int) -> Finding:
    locator = f"{finding.where.locator}, image {number}"
    return replace(finding, where=replace(finding.where, locator=locator))


def _unit(sheet: OpenPage, frame: PageFrame, unit: Unit, extractor: Extractor) -> Iterator[Finding]:
    where = replace(sheet.where, bbox=unit.bbox)
    try:
        if unit.kind == "tiles":
            yield from _tiles(sheet, frame, unit, extractor)
        elif unit.kind == "layers":
            for placement in unit.placements:
                check_size(placement, sheet.about(placement), extractor.context)
            yield _region(sheet, frame, unit)
        else:
            yield _single(sheet, frame, unit.placements[0], extractor)
    except InputError as error:
        yield Problem(where, "failed", error.code, error.record_text)


def _single(
    sheet: OpenPage, frame: PageFrame, placement: Placement, extractor: Extractor
) -> Picture:
    found = extractor.extract(sheet.page, placement, sheet.about(placement))
    pixels = stand_upright(found.pixels, placement.placed)
    if placement.transparent and not placement.floating and not placement.placed.skewed:
        handles = [placement.handle]
        size = _within(placement.upright_size, _THUMB)
        shown = draw_region(sheet.page, frame, placement.bbox, size, handles)
        if not look_alike(shown, pixels):
            return _region(sheet, frame, Unit("single", (placement,)))
    width, height = upright_size(found.width, found.height, placement.placed)
    return Picture(
        where=replace(sheet.where, bbox=placement.bbox, extraction=found.extraction),
        pixels=pixels,
        width=width,
        height=height,
        format=found.format,
        color_mode=found.mode,
        sha256=found.sha256,
        data=found.data,
    )


def _tiles(
    sheet: OpenPage, frame: PageFrame, unit: Unit, extractor: Extractor
) -> Iterator[Finding]:
    pieces: dict[Placement, Pixels] = {}
    failed: list[Finding] = []
    for placement in unit.placements:
        try:
            found = extractor.extract(sheet.page, placement, sheet.about(placement), full=True)
        except InputError as error:
            where = replace(sheet.where, bbox=placement.bbox)
            failed.append(Problem(where, "failed", error.code, error.record_text))
            continue
        pieces[placement] = stand_upright(found.pixels, placement.placed)
    for part in parts_of(pieces):
        if len(part) == 1:
            yield _single(sheet, frame, part[0], extractor)
            continue
        pixels = join({p: pieces[p] for p in part}, extractor.context.limits.pixels)
        yield _made(sheet.where, Unit("tiles", part).bbox, pixels, "stitched")
    yield from failed


def _region(sheet: OpenPage, frame: PageFrame, unit: Unit) -> Picture:
    """Draw images as the page shows them, without what else is there."""
    box = unit.bbox
    densities = [pixels_per_point(p) for p in unit.placements]
    size = (
        max(1, round((box[2] - box[0]) * max(x for x, _ in densities))),
        max(1, round((box[3] - box[1]) * max(y for _, y in densities))),
    )
    size = _within(size, _REGION_SIDE)
    handles = [p.handle for p in unit.placements]
    pixels = draw_region(sheet.page, frame, box, size, handles)
    return _made(sheet.where, box, pixels, "rendered")


def _made(where: Provenance, box: Bbox, pixels: Pixels, extraction: Extraction) -> Picture:
    height, width = pixels.shape[:2]
    return Picture(
        where=replace(where, bbox=box, extraction=extraction),
        pixels=pixels,
        width=width,
        height=height,
        format="raw",
        color_mode="RGB",
        sha256=sha256_of(f"{width}x{height}:".encode() + pixels.tobytes()),
    )


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    factor = min(1.0, side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _left_out(where: Provenance, reason: JunkReason, count: int) -> Problem:
    things = f"{count} {reason}{'s' if count > 1 else ''}"
    return Problem(replace(where, locator=f"{where.locator}, {things}"), "skipped", reason)
