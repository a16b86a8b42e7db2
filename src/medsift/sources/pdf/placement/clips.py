"""Clip paths: what of an object a page lets be seen."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import Matrix, area, intersection

_EVERYWHERE: Bbox = (-1e9, -1e9, 1e9, 1e9)
_MOST_PATHS = 32
_MOST_SEGMENTS = 256
_NEAR_CORNER = 0.01


@dataclass(frozen=True, slots=True)
class Clip:
    """What clip paths leave over.

    Attributes
    ----------
    box : Bbox
        Around all that may be seen.
    shaped : bool
        Not all of the box may be seen: a path is no upright rectangle.
    """

    box: Bbox = _EVERYWHERE
    shaped: bool = False

    def moved(self, outward: Matrix) -> Clip:
        """See the clip from an outer system."""
        if self == OPEN:
            return self
        return Clip(outward.bounds(self.box), self.shaped or outward.skewed)

    def also(self, other: Clip) -> Clip:
        """Clip by both."""
        return Clip(intersection(self.box, other.box), self.shaped or other.shaped)


OPEN = Clip()


def clip_of(handle: Any) -> Clip:
    """Read the clip paths of a page object, in the system that its own matrix leads to.

    Paths beyond the first 32, and those with more than 256 segments, are not looked at.
    """
    from pypdfium2 import raw

    found = OPEN
    paths = raw.FPDFPageObj_GetClipPath(handle)
    if not paths:
        return found
    for number in range(min(max(raw.FPDFClipPath_CountPaths(paths), 0), _MOST_PATHS)):
        count = raw.FPDFClipPath_CountPathSegments(paths, number)
        if 0 < count <= _MOST_SEGMENTS:
            found = found.also(_path(paths, number, count))
    return found


def clip_within(parents: tuple[Any, ...], handle: Any, matrix_of: Any) -> Clip:
    """Read the clip paths of an object and of the forms around it, in user space.

    Parameters
    ----------
    parents : tuple of object
        Forms around it, outermost first.
    handle : object
    matrix_of : callable
        Gives the matrix of a form.
    """
    outward = Matrix()
    found = OPEN
    for parent in parents:
        found = found.also(clip_of(parent).moved(outward))
        outward = matrix_of(parent).then(outward)
    return found.also(clip_of(handle).moved(outward))


def _path(paths: Any, number: int, count: int) -> Clip:
    from pypdfium2 import raw

    points = []
    bent = False
    x, y = ctypes.c_float(), ctypes.c_float()
    for place in range(count):
        segment = raw.FPDFClipPath_GetPathSegment(paths, number, place)
        if segment and raw.FPDFPathSegment_GetPoint(segment, x, y):
            points.append((x.value, y.value))
            bent = bent or raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_BEZIERTO
    if not points:
        return OPEN
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    box = (min(xs), min(ys), max(xs), max(ys))
    return Clip(box, bent or not _of_corners(points, box))


def _of_corners(points: list[tuple[float, float]], box: Bbox) -> bool:
    """Whether points are the corners of a box, as those of a rectangle are."""
    slack = _NEAR_CORNER * max(1.0, area(box) ** 0.5)
    at_corners = all(
        min(x - box[0], box[2] - x) <= slack and min(y - box[1], box[3] - y) <= slack
        for x, y in points
    )
    return at_corners and len(points) >= 4
