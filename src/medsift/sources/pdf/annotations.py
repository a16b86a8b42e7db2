"""Images in the appearances of annotations: stamps, signatures, buttons."""

from __future__ import annotations

from collections.abc import Iterator

from medsift.sources.pdf.placements import Placement, placements_in_annotation
from medsift.sources.pdf.sheet import Sheet

_MANY = 5_000


def annotation_placements(sheet: Sheet) -> Iterator[Placement]:
    """Images that the visible annotations of a page draw.

    Each is valid until the next is asked for.
    """
    from pypdfium2 import raw

    hidden = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
    boxes = sheet.facts.appearance_boxes
    for number in range(min(raw.FPDFPage_GetAnnotCount(sheet.page), _MANY)):
        annotation = raw.FPDFPage_GetAnnot(sheet.page, number)
        if not annotation:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(annotation) & hidden:
                yield from placements_in_annotation(annotation, sheet.frame, boxes.get(number))
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
