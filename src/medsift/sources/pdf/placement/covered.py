"""Pictures that another picture covers: nobody sees them on the page.

Producers draw a picture again over itself, or a newer one over an older. What lies below is left
out and counted. Not so where the picture above is blank: that is how pictures are blackened, and
whoever looks for those wants to find what lies below.
"""

from __future__ import annotations

from collections.abc import Sequence

from medsift.core.errors import InputError
from medsift.decode.blank import is_blank
from medsift.sources.pdf.geometry import area, intersection, within
from medsift.sources.pdf.pixels.draw import draw_region
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.units import Unit

_OVERLAP = 0.85
"""Share of the larger of two pictures from which on they stand in the same place."""

_COVERED = 0.98
_MANY = 500
_THUMB = 64


def covered_units(page_context: PageContext, units: Sequence[Unit]) -> list[Unit]:
    """Tell the units of a page that a later one covers.

    Parameters
    ----------
    page_context : PageContext
    units : sequence of Unit
        In the order of drawing. Pages of more than 500 are not looked at.
    """
    if len(units) > _MANY:
        return []
    return [
        unit
        for number, unit in enumerate(units)
        if not unit.placements[0].hidden
        and any(_covers(page_context, other, unit) for other in units[number + 1 :])
    ]


def _covers(page_context: PageContext, upper: Unit, lower: Unit) -> bool:
    common = area(intersection(upper.bbox, lower.bbox))
    most = max(area(upper.bbox), area(lower.bbox))
    if common <= _OVERLAP * most or common < _COVERED * area(lower.bbox):
        return False
    clear = any(
        page_context.see_through(p) or p.clip.shaped or p.hidden or p.floating or p.placed.skewed
        for p in upper.placements
    )
    return not clear and not _is_plain(page_context, upper)


def _is_plain(page_context: PageContext, unit: Unit) -> bool:
    size = within(unit.placements[0].upright_size, _THUMB)
    handles = [placement.handle for placement in unit.placements]
    try:
        return is_blank(
            draw_region(page_context.page, page_context.frame, unit.bbox, size, handles)
        )
    except InputError:
        return True
