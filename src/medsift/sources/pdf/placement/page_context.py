"""A page while it is read: PDFium's page, its measures, and what pypdf says of its images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from medsift.core.picture import Bbox, Provenance
from medsift.sources.pdf.document.facts import ImageFacts, PageFacts
from medsift.sources.pdf.geometry import area, intersection
from medsift.sources.pdf.pixels.stored import stored_mode
from medsift.sources.pdf.placement.placements import PageFrame, Placement

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_PAGE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class PageContext:
    """A page while it is read.

    Attributes
    ----------
    page : PdfPage
    frame : PageFrame
    where : Provenance
        With the page's number and locator.
    facts : PageFacts
        See :meth:`medsift.sources.pdf.document.facts.FactsReader.of_page`.
    """

    page: PdfPage = field(repr=False)
    frame: PageFrame
    where: Provenance
    facts: PageFacts = field(repr=False)

    def is_covered_by(self, box: Bbox) -> bool:
        """Whether a box takes most of the page: it then shows the page itself, scanned."""
        seen = area(intersection(box, self.frame.box))
        return seen >= _PAGE_SHARE * area(self.frame.box)

    def about(self, placement: Placement) -> tuple[ImageFacts, ...]:
        """All facts that may be about an image."""
        return tuple(self.facts.images.get(placement.key, ()))

    def bitonal(self, placement: Placement) -> bool:
        """Whether an image has one bit a pixel."""
        facts = self.about(placement)
        if facts:
            return all(f.bits == 1 for f in facts)
        return stored_mode(self.page, placement.handle) == "1"

    def is_stencil(self, placement: Placement) -> bool:
        """Whether an image is a mask that the current colour or pattern is painted through."""
        return any(f.mode == "1" for f in self.about(placement))

    def see_through(self, placement: Placement) -> bool:
        """Whether what lies below an image may be seen through it."""
        facts = self.about(placement)
        masked = any(f.mask_size or f.keyed for f in facts)
        return masked or self.is_stencil(placement) or placement.transparent
