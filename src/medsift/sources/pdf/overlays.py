"""What else a page draws where a picture stands: labels and frames on it, a ground below it.

A picture is given as it is stored as long as that is what the page shows. Where text, lines, fills
or insets on it, or what is seen through it, make it another picture, the region is drawn as the
page shows it, at the resolution of the picture. Where much of it lies under other pictures, it is
the ground for them: those, which are told by themselves, are left out of the drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Bbox, Picture, Pixels
from medsift.decode.blank import is_blank
from medsift.sources.pdf.draw import address_of, draw_region, pixel_hash
from medsift.sources.pdf.geometry import Matrix, area, intersection
from medsift.sources.pdf.placements import Placement, walk
from medsift.sources.pdf.sheet import Sheet
from medsift.sources.pdf.similarity import ssim
from medsift.sources.pdf.strokes import boxes_around, draws_nothing

AGREES = 0.96
"""Structural similarity from which on a picture is what the page shows."""

_SIDE = 256
_FINE = 512
_LONGEST_SIDE = 8_000
_INSET = 1.0
"""Points by which something must reach into a picture: labels beside it often touch its box."""

_LEAST_SHARE = (1 - AGREES) / 2
_WINDOW = 7
_LEAST_SIDE = 8
_LARGEST_INSETS = 0.25
_WITHIN_PAGE = 0.9
_MOST_MARKS = 60_000
_WORK_OF_A_DRAWING = 5_000
_MOST_WORK = 1_000_000
"""Objects to draw for one page in all: pictures beyond come as they are stored."""


class Surroundings:
    """All that a page draws, in the order of drawing.

    Parameters
    ----------
    sheet : Sheet
    images : sequence of Placement
        Those that are told as pictures.
    """

    def __init__(self, sheet: Sheet, images: Sequence[Placement]) -> None:
        self._sheet = sheet
        self._images = images
        self._marks: tuple[NDArray[np.float64], NDArray[np.int64]] | None = None
        self._order: dict[int, int] = {}
        self._work = 0

    def as_seen(self, picture: Picture, own: Sequence[Placement]) -> Picture:
        """Give a picture as the page shows it; unchanged where that is what it is already.

        Parameters
        ----------
        picture : Picture
            Upright, with its place on the page.
        own : sequence of Placement
            The images that it was made of.
        """
        box = picture.where.bbox
        unsure = any(p.hidden or p.floating or p.placed.skewed for p in own)
        if box is None or unsure or min(picture.width, picture.height) < _LEAST_SIDE:
            return picture
        seen = intersection(box, self._sheet.frame.box)
        inside = area(seen) >= _WITHIN_PAGE * area(box)
        # What is blank is left to be told as that: an empty panel with text on it is text.
        if not inside or not self._touched(seen, own) or is_blank(picture.pixels):
            return picture
        self._work += _WORK_OF_A_DRAWING + len(self._read()[1])
        if self._work > _MOST_WORK:
            return picture
        alone = self._without_other_images(box, own)
        size = _within((picture.width, picture.height), _FINE)
        shown = draw_region(self._sheet.page, self._sheet.frame, box, size, alone)
        if _same(picture.pixels, shown) or is_blank(shown):
            return picture
        whole = _within((picture.width, picture.height), _LONGEST_SIDE)
        if whole != size:
            shown = draw_region(self._sheet.page, self._sheet.frame, box, whole, alone)
        return replace(
            picture,
            where=replace(picture.where, extraction="rendered"),
            pixels=shown,
            width=whole[0],
            height=whole[1],
            format="raw",
            color_mode="RGB",
            sha256=pixel_hash(shown),
            data=None,
        )

    def _touched(self, box: Bbox, own: Sequence[Placement]) -> bool:
        """Whether enough is drawn on a picture, or below one that may be seen through, to matter.

        Similarity lies between -1 and 1 in each window, so that marks on a share of the picture
        lower its mean by no more than twice that share.
        """
        boxes, orders = self._read()
        if not len(orders):
            return False
        mine = [self._order[address_of(p.handle)] for p in own]
        counted = ~np.isin(orders, mine)
        if not any(map(self._sheet.see_through, own)):
            counted &= orders > min(mine)
        x0, y0, x1, y1 = box
        # A window of the comparison that a mark reaches into is another one as a whole.
        reach = _WINDOW * max(x1 - x0, y1 - y0) / _SIDE
        left, bottom = np.maximum(boxes[:, 0] - reach, x0), np.maximum(boxes[:, 1] - reach, y0)
        right, top = np.minimum(boxes[:, 2] + reach, x1), np.minimum(boxes[:, 3] + reach, y1)
        inside = (boxes[:, 0] < x1 - _INSET) & (boxes[:, 2] > x0 + _INSET)
        inside &= (boxes[:, 1] < y1 - _INSET) & (boxes[:, 3] > y0 + _INSET)
        marked = ((right - left) * (top - bottom))[counted & inside].sum()
        return bool(marked > _LEAST_SHARE * area(box))

    def _read(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        from pypdfium2 import raw

        if self._marks is not None:
            return self._marks
        handles: list[tuple[Any, Matrix]] = []
        orders: list[int] = []
        for order, (handle, _, around, kind) in enumerate(walk(self._sheet.page)):
            if kind == raw.FPDF_PAGEOBJ_FORM or draws_nothing(handle, kind):
                continue
            if kind == raw.FPDF_PAGEOBJ_IMAGE:
                self._order[address_of(handle)] = order
            if len(orders) < _MOST_MARKS:
                handles.append((handle, around))
                orders.append(order)
        boxes = boxes_around(handles, self._sheet.frame)
        self._marks = boxes, np.array(orders, np.int64)
        return self._marks

    def _without_other_images(self, box: Bbox, own: Sequence[Placement]) -> list[Any]:
        """What to draw: all but what makes this a ground; empty for everything."""
        from pypdfium2 import raw

        mine = {address_of(p.handle) for p in own}
        common = {
            address_of(p.handle): area(intersection(p.seen, box))
            for p in self._images
            if address_of(p.handle) not in mine
        }
        others = {address for address, shared in common.items() if shared > 0}
        if sum(common.values()) <= _LARGEST_INSETS * area(box):
            return []
        return [
            item.handle
            for item in walk(self._sheet.page)
            if item.kind != raw.FPDF_PAGEOBJ_FORM and address_of(item.handle) not in others
        ]


def _same(stored: Pixels, shown: Pixels) -> bool:
    height, width = shown.shape[:2]
    size = _within((width, height), _SIDE)
    return ssim(_grey(stored, size), _grey(shown, size)) >= AGREES


def _grey(pixels: Pixels, size: tuple[int, int]) -> NDArray[np.uint8]:
    grey = Image.fromarray(pixels).convert("L")
    return np.asarray(grey.resize(size, Image.Resampling.BOX), dtype=np.uint8)


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    factor = min(1.0, side / max(size))
    return max(_LEAST_SIDE, round(size[0] * factor)), max(_LEAST_SIDE, round(size[1] * factor))
