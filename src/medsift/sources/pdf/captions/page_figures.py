"""Tells each picture of a page its figure and its caption, by where the pictures stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from medsift.core.errors import InputError
from medsift.core.picture import Bbox, Picture
from medsift.sources.pdf.captions.captions import PageText, page_text
from medsift.sources.pdf.captions.figure_groups import Figure, figure_at, figures_with_captions
from medsift.sources.pdf.captions.ink import PageInk
from medsift.sources.pdf.captions.links import CLOSE
from medsift.sources.pdf.geometry import area, intersection, within
from medsift.sources.pdf.pixels.draw import draw_region
from medsift.sources.pdf.placement.decoration import is_shadow
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.units import Unit

_MOST_FAINT = 40
_THUMB = 64
_MANY = 2_000
"""Pictures of a page beyond which they are no figures but tiles, letters or noise."""


class PageFigures:
    """The printed figures of a page.

    Where the pictures stand must be known before the first of them is told, so that none has to
    wait in memory: see :meth:`plan`.

    Parameters
    ----------
    page_context : PageContext
    captions : bool
        Also give the captions; without them, they still tell which pictures belong together.
    """

    def __init__(self, page_context: PageContext, captions: bool) -> None:
        self._page_context = page_context
        self._captions = captions
        self._text: PageText | None = None
        self._figures: list[Figure] = []
        self._ink = PageInk(page_context)
        self._used = 0

    def plan(self, boxes: Sequence[Bbox]) -> None:
        """Group pictures that stand at these places; may be called again for others.

        Parameters
        ----------
        boxes : sequence of Bbox
            In the visible system of the page. Pictures that fill the page are no part of a figure.
        """
        page = self._page_context.frame.box
        wanted = [
            intersection(box, page)
            for box in boxes
            if area(intersection(box, page)) > 0 and not self._page_context.is_covered_by(box)
        ]
        if not wanted or len(wanted) > _MANY:
            return
        if self._text is None:
            self._text = page_text(self._page_context)
        found = figures_with_captions(wanted, self._text, self._ink.within)
        self._figures += [replace(f, number=f.number + self._used) for f in found]
        self._used += len(found)
        given = {figure.caption for figure in found}
        self._text = replace(
            self._text, captions=tuple(c for c in self._text.captions if c not in given)
        )

    def without_faint(self, units: Sequence[Unit]) -> list[Unit]:
        """Leave out shadows, which are no pictures and would join what does not belong together.

        Only what may be seen through and touches two other units is looked at, and of a page no
        more than the first 40 of those.
        """
        left = _MOST_FAINT
        kept = []
        for unit in units:
            if (
                left
                and self._page_context.see_through(unit.placements[0])
                and _touches(unit, units)
            ):
                left -= 1
                if self._is_faint(unit):
                    continue
            kept.append(unit)
        return kept

    def _is_faint(self, unit: Unit) -> bool:
        page_context = self._page_context
        size = within(unit.placements[0].upright_size, _THUMB)
        handles = [placement.handle for placement in unit.placements]
        try:
            return is_shadow(
                draw_region(page_context.page, page_context.frame, unit.bbox, size, handles)
            )
        except InputError:
            return False

    def placed(self, picture: Picture) -> Picture:
        """Note in a picture which figure it is of, and the caption of that."""
        where = picture.where
        inside = f"{where.member}: " if where.member else ""
        figure = where.bbox and figure_at(self._figures, where.bbox)
        if not figure:
            self._used += 1
            return replace(picture, figure=f"{inside}p{where.page}-{self._used}")
        caption = figure.caption if self._captions else None
        return replace(
            picture,
            figure=f"{inside}p{where.page}-{figure.number}",
            caption=caption.text if caption else "",
            caption_label=caption.label if caption else "",
        )


def _touches(unit: Unit, units: Sequence[Unit]) -> bool:
    """Whether a unit reaches two others, or nearly."""
    x0, y0, x1, y1 = unit.bbox
    around = (x0 - CLOSE, y0 - CLOSE, x1 + CLOSE, y1 + CLOSE)
    others = (other for other in units if other is not unit)
    return sum(area(intersection(around, other.bbox)) > 0 for other in others) >= 2
