"""Plane geometry of a page: boxes, matrices, and the coordinates of what is seen.

Boxes in records are in the *visible* system of the page: PDF points, origin at the lower left
corner of the page as a viewer shows it, that is, after the crop box is cut and the page's
``/Rotate`` is applied. ``/UserUnit`` is not taken into account.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from medsift.core.picture import Bbox, Pixels

_TILE = 64


@dataclass(frozen=True)
class Matrix:
    """A PDF transformation: ``x' = a x + c y + e``, ``y' = b x + d y + f``."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, outer: Matrix) -> Matrix:
        """Apply this transformation first, and ``outer`` to its result."""
        return Matrix(
            self.a * outer.a + self.b * outer.c,
            self.a * outer.b + self.b * outer.d,
            self.c * outer.a + self.d * outer.c,
            self.c * outer.b + self.d * outer.d,
            self.e * outer.a + self.f * outer.c + outer.e,
            self.e * outer.b + self.f * outer.d + outer.f,
        )

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """Transform a point."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def bounds(self, box: Bbox = (0.0, 0.0, 1.0, 1.0)) -> Bbox:
        """Find the box around a transformed box; of the unit square where none is given."""
        x0, y0, x1, y1 = box
        corners = [self.apply(x, y) for x in (x0, x1) for y in (y0, y1)]
        xs = [x for x, _ in corners]
        ys = [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def finite(self) -> bool:
        """Whether all six numbers are finite."""
        return all(map(math.isfinite, (self.a, self.b, self.c, self.d, self.e, self.f)))

    @property
    def mirrored(self) -> bool:
        """Whether it turns a picture into its mirror image."""
        return self.a * self.d - self.b * self.c < 0

    @cached_property
    def quarter_turns(self) -> int:
        """Counter-clockwise turns by 90 degrees that come nearest to it: 0 to 3."""
        return round(math.degrees(math.atan2(self.b, self.a)) / 90) % 4

    @cached_property
    def skewed(self) -> bool:
        """Whether it is more than one degree away from every multiple of 90 degrees."""
        return any(
            abs((math.degrees(math.atan2(y, x)) + 45) % 90 - 45) > 1
            for x, y in ((self.a, self.b), (self.c, self.d))
            if x or y
        )


def visible(box: Bbox, rotation: int) -> Matrix:
    """From the user space of a page to its visible system.

    Parameters
    ----------
    box : Bbox
        The visible box of the page (crop box within media box), in user space.
    rotation : int
        Clockwise turns by 90 degrees, 0 to 3, as ``/Rotate`` asks for.
    """
    x0, y0, x1, y1 = box
    return (
        Matrix(1, 0, 0, 1, -x0, -y0),
        Matrix(0, -1, 1, 0, -y0, x1),
        Matrix(-1, 0, 0, -1, x1, y1),
        Matrix(0, 1, -1, 0, y1, -x0),
    )[rotation % 4]


def stand_upright(pixels: Pixels, placed: Matrix) -> Pixels:
    """Turn stored pixels by quarter turns, and mirror them, as the page shows them.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        As stored, first row at the top of the image's unit square.
    placed : Matrix
        From the unit square of the image to the visible system.
    """
    flipped = np.flipud(pixels) if placed.mirrored else pixels
    if placed.quarter_turns == 0:
        return np.ascontiguousarray(flipped)
    turned = np.rot90(flipped, placed.quarter_turns)
    upright = np.empty(turned.shape, dtype=np.uint8)
    # A tile fits into the cache however it is walked, and a channel at a time copies faster
    # than three bytes: together nearly ten times as fast on a scanned page.
    for top in range(0, turned.shape[0], _TILE):
        for left in range(0, turned.shape[1], _TILE):
            tile = np.s_[top : top + _TILE, left : left + _TILE]
            for channel in range(3):
                upright[tile][..., channel] = turned[tile][..., channel]
    return upright


def upright_size(width: int, height: int, placed: Matrix) -> tuple[int, int]:
    """Width and height after :func:`stand_upright`."""
    return (height, width) if placed.quarter_turns % 2 else (width, height)


def area(box: Bbox) -> float:
    """Area of a box, 0 where it is empty."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def intersection(one: Bbox, other: Bbox) -> Bbox:
    """Find the common part of two boxes; its area is 0 where there is none."""
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def within(size: tuple[int, int], side: int, least: int = 1) -> tuple[int, int]:
    """Shrink a width and height in proportion, so that neither exceeds ``side``.

    Neither becomes smaller than ``least``, for which the proportion gives way.
    """
    factor = min(1.0, side / max(size))
    return max(least, round(size[0] * factor)), max(least, round(size[1] * factor))


def union(boxes: list[Bbox]) -> Bbox:
    """Find the box around boxes, of which there is at least one."""
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
