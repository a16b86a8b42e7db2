"""Where on a page there is anything but bare paper."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import InputError
from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import intersection, within
from medsift.sources.pdf.pixels.draw import draw_region
from medsift.sources.pdf.placement.page_context import PageContext

_SIDE = 400
"""Longer side of the drawing, in pixels: about one for two points of a letter page."""

_PAPER = 245
"""Grey level of paper at least: JPEG leaves some noise on white."""

_MOST_OBJECTS = 20_000


class PageInk:
    """What a page shows, drawn once, and only where somebody asks.

    Parameters
    ----------
    page_context : PageContext
    """

    def __init__(self, page_context: PageContext) -> None:
        self._page_context = page_context
        self._marked: NDArray[np.bool_] | None = None

    def within(self, box: Bbox) -> Bbox:
        """Find the part of a box that is not bare paper; the box itself where that is unknown."""
        marked = self._drawn()
        page = self._page_context.frame.box
        x0, y0, x1, y1 = intersection(box, page)
        if marked.size == 0 or x1 <= x0 or y1 <= y0:
            return box
        height, width = marked.shape
        across, up = width / (page[2] - page[0]), height / (page[3] - page[1])
        left, top = int((x0 - page[0]) * across), int((page[3] - y1) * up)
        part = marked[
            top : max(top + 1, round((page[3] - y0) * up)),
            left : max(left + 1, round((x1 - page[0]) * across)),
        ]
        rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        if not len(rows):
            return box
        return (
            max(x0, page[0] + (left + float(columns[0])) / across),
            max(y0, page[3] - (top + float(rows[-1]) + 1) / up),
            min(x1, page[0] + (left + float(columns[-1]) + 1) / across),
            min(y1, page[3] - (top + float(rows[0])) / up),
        )

    def _drawn(self) -> NDArray[np.bool_]:
        if self._marked is None:
            self._marked = self._draw()
        return self._marked

    def _draw(self) -> NDArray[np.bool_]:
        from pypdfium2 import raw

        page, frame = self._page_context.page, self._page_context.frame
        nothing = np.zeros((0, 0), dtype=np.bool_)
        if raw.FPDFPage_CountObjects(page) > _MOST_OBJECTS:
            return nothing
        size = within((round(frame.width), round(frame.height)), _SIDE)
        try:
            drawn = draw_region(page, frame, frame.box, size, annotations=False)
        except InputError:
            return nothing
        return np.asarray(drawn.min(axis=2) < _PAPER, dtype=np.bool_)
