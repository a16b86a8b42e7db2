"""Images in the appearances of annotations: stamps, signatures, buttons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import Placement, placements_in_annotation

_MANY = 5_000


def annotation_placements(page_context: PageContext) -> Iterator[Placement]:
    """Images that the annotations of a page draw, but for those that are flagged as hidden.

    Those on layers that are not shown at first are marked, as such images of the page
    are. Each is valid until the next is asked for.
    """
    from pypdfium2 import raw

    hidden = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
    appearances = page_context.facts.appearances
    for number in range(min(raw.FPDFPage_GetAnnotCount(page_context.page), _MANY)):
        annotation = raw.FPDFPage_GetAnnot(page_context.page, number)
        if not annotation:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(annotation) & hidden:
                off = number in page_context.facts.hidden_annotations
                for found in placements_in_annotation(
                    annotation, page_context.frame, appearances.get(number)
                ):
                    yield replace(found, hidden=True, transparent=False) if off else found
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
