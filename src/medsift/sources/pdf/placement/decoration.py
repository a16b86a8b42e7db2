"""Images that are no pictures: glyph bitmaps, rules, spacers, shadows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from medsift.core.picture import Bbox, Pixels
from medsift.sources.pdf.geometry import area, intersection
from medsift.sources.pdf.placement.placements import Placement
from medsift.sources.pdf.placement.units import Unit

JunkReason: TypeAlias = Literal["glyph", "rule", "spacer", "shadow", "unseen", "covered"]

_GLYPH_POINTS = (72.0, 36.0)
_GLYPHS_ON_A_PAGE = 4
_RULE_ASPECT = 12.0
_RULE_PIXELS = 6
_RULE_POINTS = 4.0
_SPACER_PIXELS = 3
_FAINT = 28


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is left of a page's images, and what was left out, counted by reason."""

    kept: list[Placement]
    dropped: Counter[JunkReason]


def without_unseen(placements: Sequence[Placement], page: Bbox) -> Sifted:
    """Leave out images that clip paths hide, or that lie beyond the edge of the page.

    Parameters
    ----------
    placements : sequence of Placement
    page : Bbox
        The whole of what is seen of the page.
    """
    kept = [p for p in placements if area(intersection(p.seen, page)) > 0]
    return Sifted(kept, Counter({"unseen": len(placements) - len(kept)}))


def without_glyphs(
    placements: Sequence[Placement], is_bitonal: Callable[[Placement], bool]
) -> Sifted:
    """Leave out bitmaps of letters: small one-bit images of which a page has several.

    Parameters
    ----------
    placements : sequence of Placement
    is_bitonal : callable
        Whether an image has one bit a pixel.
    """
    small = {p for p in placements if _letter_sized(p) and is_bitonal(p)}
    if len(small) < _GLYPHS_ON_A_PAGE:
        return Sifted(list(placements), Counter())
    return Sifted([p for p in placements if p not in small], Counter({"glyph": len(small)}))


def junk_reason(unit: Unit, size: tuple[int, int]) -> JunkReason | None:
    """Tell why a unit is no picture; None where it may be one.

    Parameters
    ----------
    unit : Unit
    size : tuple of int
        Width and height in pixels of its first image, or of that image's mask if finer.
    """
    if len(unit.placements) > 1:
        return None
    placement = unit.placements[0]
    x0, y0, x1, y1 = placement.bbox
    long, short = max(x1 - x0, y1 - y0), min(x1 - x0, y1 - y0)
    if max(size) <= _SPACER_PIXELS:
        return "spacer"
    few = min(size) <= _RULE_PIXELS
    if long >= _RULE_ASPECT * short and (few or short <= _RULE_POINTS):
        return "rule"
    return None


def is_shadow(pixels: Pixels) -> bool:
    """Whether masked pixels hardly differ from white paper: shadows, tinted boxes, glows.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    """
    step = max(1, min(pixels.shape[:2]) // 256)
    return int(pixels[::step, ::step].min()) > 255 - _FAINT


def _letter_sized(placement: Placement) -> bool:
    x0, y0, x1, y1 = placement.bbox
    return x1 - x0 <= _GLYPH_POINTS[0] and y1 - y0 <= _GLYPH_POINTS[1]
