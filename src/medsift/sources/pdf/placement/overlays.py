"""What else a page draws where a picture stands: labels and frames on it, a ground below it.

A picture is given as it is stored as long as that is what the page shows. Where text, lines, fills
or insets on it, or what is seen through it, make it another picture, the region is drawn as the
page shows it, at the resolution of the picture. Not so:

- Where much of a picture lies under other pictures, it is the ground for them: those, which are
  told by themselves, are left out of the drawing.
- A picture that is covered altogether is given as it is stored, and noted as ``hidden``: whoever
  looks for pictures that were badly blackened wants to find it.
- Annotations are no part of it. Readers can move and hide them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import InputError
from medsift.core.picture import Bbox, Picture, Pixels
from medsift.decode.blank import is_blank
from medsift.sources.pdf.geometry import area, intersection, within
from medsift.sources.pdf.pixels.draw import address_of, draw_region, pixel_hash
from medsift.sources.pdf.pixels.similarity import WINDOW, ssim
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import Placement, walk
from medsift.sources.pdf.placement.strokes import boxes_around, draws_nothing

AGREES = 0.96
"""Structural similarity from which on a picture is what the page shows."""

_SIDE = 256
"""Longer side at which drawings are compared, in pixels."""

_FINE = 512
"""Longer side of the drawings: a hairline is a pixel wide in each, and so half as wide after."""

_LEAST_SHARE = (1 - AGREES) / 2
_LEAST_SIDE = 8
_LONGEST_SIDE = 8_000
_MOST_PIXELS = 32_000_000
"""Larger pictures, mostly scans of whole pages, come as they are stored."""

_INSET = 1.0
"""Points by which something must reach into a picture: labels beside it often touch its box."""

_LARGEST_INSETS = 0.25
"""Share of a picture up to which smaller ones on it are insets; beyond, it is their ground."""

_COVERED = 0.9
"""Share of what a picture paints that must be out of sight for it to count as covered."""

_FAINT = 8
"""Grey levels up to which two drawings of a point are the same."""

_SHADE = 28
"""Grey levels up to which something is a shadow or a tint of what lies behind it."""

_LEAST_MARKED = 0.01
"""Share of it that must be more than that."""

_ON_PICTURE = 0.5
"""Share of it from which on it lies on another picture."""

_WITHIN_PAGE = 0.9
"""Share of a picture that must lie on the page. What reaches far beyond shows something else."""

_MOST_OBJECTS = 50_000
_WORK_OF_A_DRAWING = 5_000
_PIXELS_A_WORK = 100
_MOST_WORK = 1_000_000
"""Bounds for one page, in objects to draw. Pages of more objects, and pictures of a page after
those that used up its share, come as they are stored. Counted, so that results do not depend on
the machine."""


class Surroundings:
    """All that a page draws, in the order of drawing.

    Parameters
    ----------
    page_context : PageContext
    images : sequence of Placement
        Those that are told as pictures.
    """

    def __init__(self, page_context: PageContext, images: Sequence[Placement]) -> None:
        self._page_context = page_context
        self._images = images
        self._read = False
        self._work = 0
        self._order: dict[int, int] = {}
        self._objects = 0
        self._boxes: NDArray[np.float64] = np.empty((0, 4))
        self._orders: NDArray[np.int64] = np.empty(0, np.int64)
        self._image_boxes: NDArray[np.float64] = np.empty((0, 4))
        self._image_orders: NDArray[np.int64] = np.empty(0, np.int64)

    def as_seen(self, picture: Picture, own: Sequence[Placement]) -> Picture:
        """Give a picture as the page shows it; unchanged where that is what it is already.

        Parameters
        ----------
        picture : Picture
            Upright, with its place on the page.
        own : sequence of Placement
            Images that are no other picture: those that it was made of, and their siblings.
        """
        try:
            return self._as_seen(picture, own)
        except InputError:
            # It was found and decoded, which is more than half of what was asked for.
            return picture

    def on_ground(self, picture: Picture, own: Sequence[Placement]) -> Picture | None:
        """Give what is hardly seen on white paper with what lies behind it.

        Parameters
        ----------
        picture : Picture
            Upright, with its place on the page.
        own : sequence of Placement
            Images that it was made of.

        Returns
        -------
        Picture or None
            None where it is as hardly seen there, or lies on another picture, which shows it.
        """
        box, frame = picture.where.bbox, self._page_context.frame
        if box is None or any(p.hidden or p.floating for p in own):
            return None
        seen = intersection(box, frame.box)
        mine = {address_of(p.handle) for p in own}
        below = [p for p in self._images if address_of(p.handle) not in mine]
        if any(area(intersection(p.seen, seen)) > _ON_PICTURE * area(seen) for p in below):
            return None
        try:
            size = within((picture.width, picture.height), _SIDE, _LEAST_SIDE)
            shown = self._drawn(box, size)
            bare = self._drawn(box, size, without=[p.handle for p in own])
            if not _differ(shown, bare, _SHADE).mean() >= _LEAST_MARKED:
                return None
            whole = within((picture.width, picture.height), _LONGEST_SIDE)
            return _as_drawn(picture, self._drawn(box, whole))
        except InputError:
            return None

    def _as_seen(self, picture: Picture, own: Sequence[Placement]) -> Picture:
        box, size = picture.where.bbox, (picture.width, picture.height)
        unsure = any(p.hidden or p.floating or p.placed.skewed for p in own)
        extreme = min(size) < _LEAST_SIDE or max(size) > _LONGEST_SIDE
        if box is None or unsure or extreme or size[0] * size[1] > _MOST_PIXELS:
            return picture
        seen = intersection(box, self._page_context.frame.box)
        fine, small = (within(size, side, _LEAST_SIDE) for side in (_FINE, _SIDE))
        on_page = area(seen) >= _WITHIN_PAGE * area(box)
        # What is blank is left to be told as that: an empty panel with text on it is text.
        if not on_page or not self._touched(seen, own, small) or is_blank(picture.pixels):
            return picture
        mine = [p.handle for p in own]
        others = self._on_it(box, own)
        if not self._affords(fine, fine, fine, size):
            return picture
        # Not the stored pixels: those may be of a reduced size, and the answer must not depend
        # on that.
        alone = self._drawn(box, fine, alone=mine)
        shown = self._drawn(box, fine, without=others)
        if _agree(alone, shown, small):
            return picture
        ground = self._drawn(box, fine, without=[*mine, *others])
        if _covered(alone, shown, ground):
            return hidden(picture)
        return _as_drawn(picture, self._drawn(box, size, without=others))

    def _touched(self, box: Bbox, own: Sequence[Placement], small: tuple[int, int]) -> bool:
        """Whether enough is drawn on a picture, or below one that may be seen through, to matter.

        Similarity lies between -1 and 1 in each window, so that marks on a share of the picture
        lower its mean by no more than twice that share.
        """
        self._walk()
        if self._objects > _MOST_OBJECTS:
            return False
        mine = [self._order[address_of(p.handle)] for p in own]
        counted = ~np.isin(self._orders, mine)
        if not any(self._page_context.see_through(p) or p.clip.shaped for p in own):
            counted &= self._orders > min(mine)
        boxes = self._boxes[counted]
        x0, y0, x1, y1 = box
        inside = (boxes[:, 0] < x1 - _INSET) & (boxes[:, 2] > x0 + _INSET)
        inside &= (boxes[:, 1] < y1 - _INSET) & (boxes[:, 3] > y0 + _INSET)
        # A window of the comparison that a mark reaches into is another one as a whole.
        across, up = WINDOW * (x1 - x0) / small[0], WINDOW * (y1 - y0) / small[1]
        marked = _common(boxes[inside] + (-across, -up, across, up), box).sum()
        return bool(marked > _LEAST_SHARE * area(box))

    def _on_it(self, box: Bbox, own: Sequence[Placement]) -> list[Any]:
        """Other pictures on this one, if they take so much of it that it is their ground."""
        top = max(self._order[address_of(p.handle)] for p in own)
        shared = np.where(self._image_orders > top, _common(self._image_boxes, box), 0)
        if shared.sum() <= _LARGEST_INSETS * area(box):
            return []
        return [self._images[int(number)].handle for number in np.flatnonzero(shared)]

    def _affords(self, *sizes: tuple[int, int]) -> bool:
        """Whether so many drawings more are within what the page may cost."""
        for width, height in sizes:
            self._work += _WORK_OF_A_DRAWING + self._objects + width * height // _PIXELS_A_WORK
        return self._work <= _MOST_WORK

    def _drawn(
        self,
        box: Bbox,
        size: tuple[int, int],
        alone: Sequence[Any] = (),
        without: Sequence[Any] = (),
    ) -> Pixels:
        page, frame = self._page_context.page, self._page_context.frame
        return draw_region(page, frame, box, size, alone, without, annotations=False)

    def _walk(self) -> None:
        from pypdfium2 import raw

        if self._read:
            return
        self._read = True
        marks, orders = [], []
        for order, (handle, _, around, kind) in enumerate(walk(self._page_context.page)):
            self._objects += 1
            if kind == raw.FPDF_PAGEOBJ_IMAGE:
                self._order[address_of(handle)] = order
            elif kind == raw.FPDF_PAGEOBJ_FORM or draws_nothing(handle, kind):
                continue
            if self._objects <= _MOST_OBJECTS:
                marks.append((handle, around))
                orders.append(order)
        self._boxes = boxes_around(marks, self._page_context.frame)
        self._orders = np.array(orders, np.int64)
        places = [p.seen for p in self._images]
        self._image_boxes = np.array(places, np.float64).reshape(-1, 4)
        places_in_order = [self._order.get(address_of(p.handle), 0) for p in self._images]
        self._image_orders = np.array(places_in_order, np.int64)


def hidden(picture: Picture) -> Picture:
    """Note of a picture that nobody sees it on its page."""
    return replace(picture, note=", ".join(filter(None, (picture.note, "hidden"))))


def _as_drawn(picture: Picture, pixels: Pixels) -> Picture:
    return replace(
        picture,
        where=replace(picture.where, extraction="rendered"),
        pixels=pixels,
        width=pixels.shape[1],
        height=pixels.shape[0],
        format="raw",
        color_mode="RGB",
        sha256=pixel_hash(pixels),
        data=None,
    )


def _common(boxes: NDArray[np.float64], box: Bbox) -> NDArray[np.float64]:
    """Area that each of many boxes has in common with one."""
    x0, y0, x1, y1 = box
    wide = np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0)
    high = np.minimum(boxes[:, 3], y1) - np.maximum(boxes[:, 1], y0)
    shared: NDArray[np.float64] = np.maximum(wide, 0) * np.maximum(high, 0)
    return shared


def _agree(one: Pixels, other: Pixels, size: tuple[int, int]) -> bool:
    return ssim(_grey(one, size), _grey(other, size)) >= AGREES


def _covered(alone: Pixels, shown: Pixels, ground: Pixels) -> bool:
    """Whether hardly any of what a picture paints can be seen.

    Parameters
    ----------
    alone, shown, ground : ndarray of uint8, shape (h, w, 3)
        Drawings of the picture by itself over white, of the page, and of the page without it.
    """
    painted = _differ(alone, np.full_like(alone, 255)) & _differ(alone, ground)
    hidden = ~_differ(shown, ground)[painted]
    return bool(hidden.size) and bool(hidden.mean() >= _COVERED)


def _differ(one: Pixels, other: Pixels, faint: int = _FAINT) -> NDArray[np.bool_]:
    # A plane at a time, and without a wider type: many times as fast.
    far = np.zeros(one.shape[:2], dtype=np.bool_)
    for channel in range(3):
        a, b = one[..., channel], other[..., channel]
        far |= np.maximum(a, b) - np.minimum(a, b) > faint
    return far


def _grey(pixels: Pixels, size: tuple[int, int]) -> NDArray[np.uint8]:
    grey = Image.fromarray(pixels).convert("L")
    return np.asarray(grey.resize(size, Image.Resampling.BOX), dtype=np.uint8)
