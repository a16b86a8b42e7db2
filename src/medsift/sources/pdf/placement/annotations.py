"""Images in the appearances of annotations: stamps, signatures, buttons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from medsift.sources.pdf.placement.page_context import Sheet
from medsift.sources.pdf.placement.placements import Placement, placements_in_annotation

_MANY = 5_000


def annotation_placements(sheet: Sheet) -> Iterator[Placement]:
    """Images that the annotations of a page draw, but for those that are flagged as hidden.

    Those on layers that are not shown at first are marked, as such images of the page
    are. Each is valid until the next is asked for.
    """
    from pypdfium2 import raw

    hidden = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
    appearances = sheet.facts.appearances
    for number in range(min(raw.FPDFPage_GetAnnotCount(sheet.page), _MANY)):
        annotation = raw.FPDFPage_GetAnnot(sheet.page, number)
        if not annotation:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(annotation) & hidden:
                off = number in sheet.facts.hidden_annotations
                for found in placements_in_annotation(
                    annotation, sheet.frame, appearances.get(number)
                ):
                    yield replace(found, hidden=True, transparent=False) if off else found
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
