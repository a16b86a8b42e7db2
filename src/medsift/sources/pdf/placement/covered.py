"""Pictures that another picture covers: nobody sees them on the page.

Producers draw a picture again over itself: such repeats are left out and counted. What lies below
an unlike one, or below a blank one as blackened pictures do, is hidden: whoever looks for pictures
of patients wants to find it, so it is kept, and told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsift.core.errors import InputError
from medsift.core.picture import Pixels
from medsift.decode.blank import is_blank
from medsift.sources.pdf.geometry import area, intersection, within
from medsift.sources.pdf.pixels.draw import draw_region
from medsift.sources.pdf.pixels.similarity import WINDOW, ssim
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.units import Unit

_OVERLAP = 0.85
"""Share of the larger of two pictures from which on they stand in the same place."""

_COVERED = 0.98
_ALIKE = 0.9
"""Structural similarity from which on one picture is the other, perhaps encoded anew."""

_MANY = 500
_THUMB = 128


@dataclass(frozen=True, slots=True)
class Covered:
    """Units of a page that later ones cover.

    Attributes
    ----------
    repeats : tuple of Unit
        What covers them looks the same, or there is nothing on them.
    hidden : tuple of Unit
        What covers them is another picture, or blank.
    """

    repeats: tuple[Unit, ...] = ()
    hidden: tuple[Unit, ...] = ()


def covered_units(page_context: PageContext, units: Sequence[Unit]) -> Covered:
    """Tell the units of a page that a later one covers.

    Parameters
    ----------
    page_context : PageContext
    units : sequence of Unit
        In the order of drawing. Pages of more than 500 are not looked at.
    """
    if len(units) > _MANY:
        return Covered()
    repeats: list[Unit] = []
    hidden: list[Unit] = []
    for number, unit in enumerate(units):
        if unit.placements[0].hidden:
            continue
        above = [other for other in units[number + 1 :] if _covers(page_context, other, unit)]
        if above:
            like = _is_repeat(page_context, unit, above)
            (repeats if like else hidden).append(unit)
    return Covered(tuple(repeats), tuple(hidden))


def _covers(page_context: PageContext, upper: Unit, lower: Unit) -> bool:
    common = area(intersection(upper.bbox, lower.bbox))
    most = max(area(upper.bbox), area(lower.bbox))
    if common <= _OVERLAP * most or common < _COVERED * area(lower.bbox):
        return False
    clear = any(
        page_context.see_through(p) or p.clip.shaped or p.hidden or p.floating or p.placed.skewed
        for p in upper.placements
    )
    return not clear


def _is_repeat(page_context: PageContext, unit: Unit, above: Sequence[Unit]) -> bool:
    try:
        own = _drawn(page_context, unit, unit)
        if is_blank(own):
            return True
        return any(_look_alike(own, _drawn(page_context, other, unit)) for other in above)
    except InputError:
        return False


def _look_alike(one: Pixels, other: Pixels) -> bool:
    planes = zip(np.moveaxis(one, 2, 0), np.moveaxis(other, 2, 0), strict=True)
    return all(ssim(a, b) >= _ALIKE for a, b in planes)


def _drawn(page_context: PageContext, unit: Unit, place: Unit) -> Pixels:
    """Draw a unit alone, small, where another one stands."""
    size = within(place.placements[0].upright_size, _THUMB, WINDOW)
    handles = [placement.handle for placement in unit.placements]
    return draw_region(page_context.page, page_context.frame, place.bbox, size, handles)
