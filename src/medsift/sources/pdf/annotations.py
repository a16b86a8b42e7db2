"""Images in the appearances of annotations: stamps, signatures, buttons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from medsift.sources.pdf.placements import PageFrame, Placement, placements_in_annotation

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_MANY = 5_000


def annotation_placements(page: PdfPage, frame: PageFrame) -> Iterator[Placement]:
    """Images that the visible annotations of a page draw.

    Each is valid until the next is asked for.
    """
    from pypdfium2 import raw

    hidden = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _MANY)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(annotation) & hidden:
                yield from placements_in_annotation(annotation, frame)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
