"""The drawn shapes of a page, weighed: which could be part of a figure."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import Matrix, area, intersection
from medsift.sources.pdf.placement.clips import clip_of
from medsift.sources.pdf.placement.placements import PageFrame, matrix_of, walk

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

ShapeKind: TypeAlias = Literal["curve", "straight"]

_MOST_SHAPES = 200_000
_MOST_SEGMENTS = 48
_WHITE = 250
_LARGE_POINTS = 60.0
_HAIR = 0.01
"""Points from which on a slant is more than the rounding of a number."""

_MANY_SLANTS = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """A path or shading.

    Attributes
    ----------
    kind : {"curve", "straight"}
        ``curve``: with curved or slanting parts, or a shading; ``straight``: only lines along
        the axes, as rules and tables have them.
    box : Bbox
        In the visible system of the page, cut to what is visible.
    segments : int
        Of the path; 1 for a shading.
    fill : tuple of int or None
        Red, green and blue of a path that is filled, perhaps stroked as well.
    """

    kind: ShapeKind
    box: Bbox
    segments: int
    fill: tuple[int, int, int] | None = None


def shapes_of(page: PdfPage, frame: PageFrame) -> Iterator[Shape]:
    """Visit the paths and shadings of a page that leave a mark on white paper.

    Parameters
    ----------
    page : PdfPage
    frame : PageFrame
    """
    from pypdfium2 import raw

    wanted = {raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING}
    for handle, kind, box in _boxes(page, frame, wanted):
        if kind == raw.FPDF_PAGEOBJ_SHADING:
            yield Shape("curve", box, 1)
            continue
        is_seen, fill = _paint(handle)
        if is_seen:
            segments = raw.FPDFPath_CountSegments(handle)
            bends = _bends(handle, segments)
            yield Shape("curve" if bends else "straight", box, segments, fill)


def texts_of(page: PdfPage, frame: PageFrame) -> list[Bbox]:
    """List the boxes of pieces of text, in the visible system of the page."""
    from pypdfium2 import raw

    return [box for _, _, box in _boxes(page, frame, {raw.FPDF_PAGEOBJ_TEXT})]


def _boxes(page: PdfPage, frame: PageFrame, wanted: set[int]) -> Iterator[tuple[Any, int, Bbox]]:
    for count, (handle, _, around, kind) in enumerate(walk(page)):
        if count > _MOST_SHAPES:
            return
        if kind in wanted:
            box = bounds_of(handle, around.then(frame.to_visible), frame)
            if box is not None:
                yield handle, kind, box


def bounds_of(handle: Any, outward: Matrix, frame: PageFrame) -> Bbox | None:
    """Find the box around an object, cut to what is visible; None where nothing is.

    Parameters
    ----------
    handle : object
    outward : Matrix
        From the coordinates of the form around it to the visible system of the page.
    frame : PageFrame
    """
    from pypdfium2 import raw

    sides = [ctypes.c_float() for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(handle, *sides):
        return None
    left, bottom, right, top = (s.value for s in sides)
    if not all(map(math.isfinite, (left, bottom, right, top))):
        return None
    box = (left, bottom, right, top)
    if max(right - left, top - bottom) > _LARGE_POINTS:
        box = intersection(box, clip_of(handle).box)
    # Lines have no area of their own.
    x0, y0, x1, y1 = outward.bounds(box)
    seen = intersection((x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5), frame.box)
    return seen if area(seen) > 0 else None


def boxes_around(handles: Sequence[tuple[Any, Matrix]], frame: PageFrame) -> NDArray[np.float64]:
    """Find the boxes around many objects at once, whatever clips them.

    Parameters
    ----------
    handles : sequence of (object, Matrix)
        Each with the way from the form around it to the user space of the page.
    frame : PageFrame

    Returns
    -------
    ndarray of float64, shape (n, 4)
        In the visible system of the page; NaN, which meets nothing, where PDFium knows of none.
    """
    from pypdfium2 import raw

    sides = [ctypes.c_float() for _ in range(4)]
    boxes = np.full((len(handles), 4), np.nan)
    alike: dict[Matrix, list[int]] = {}
    for number, (handle, around) in enumerate(handles):
        if raw.FPDFPageObj_GetBounds(handle, *sides):
            boxes[number] = [side.value for side in sides]
            alike.setdefault(around, []).append(number)
    for around, numbers in alike.items():
        outward = around.then(frame.to_visible)
        x, y = boxes[numbers][:, [0, 2, 0, 2]], boxes[numbers][:, [1, 1, 3, 3]]
        across = outward.a * x + outward.c * y + outward.e
        up = outward.b * x + outward.d * y + outward.f
        boxes[numbers] = np.stack([across.min(1), up.min(1), across.max(1), up.max(1)], axis=1)
    return boxes


def draws_nothing(handle: Any, kind: int) -> bool:
    """Whether text is invisible, as on scans that were read, or a path only clips.

    Parameters
    ----------
    handle : object
    kind : int
        One of PDFium's ``FPDF_PAGEOBJ`` constants.
    """
    from pypdfium2 import raw

    if kind == raw.FPDF_PAGEOBJ_TEXT:
        mode = raw.FPDFTextObj_GetTextRenderMode(handle)
        return mode in {raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP}
    if kind != raw.FPDF_PAGEOBJ_PATH:
        return False
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    known = raw.FPDFPath_GetDrawMode(handle, fill, stroke)
    return not known or (not stroke.value and fill.value == raw.FPDF_FILLMODE_NONE)


def _paint(handle: Any) -> tuple[bool, tuple[int, int, int] | None]:
    """Whether a path strokes, or fills with more than white alone; and what it fills with."""
    from pypdfium2 import raw

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if draws_nothing(handle, raw.FPDF_PAGEOBJ_PATH):
        return False, None
    raw.FPDFPath_GetDrawMode(handle, fill, stroke)
    if fill.value == raw.FPDF_FILLMODE_NONE:
        return bool(stroke.value), None
    colour = [ctypes.c_uint() for _ in range(4)]
    if not raw.FPDFPageObj_GetFillColor(handle, *colour):
        return True, None
    red, green, blue, alpha = (c.value for c in colour)
    is_seen = bool(stroke.value) or (min(red, green, blue) < _WHITE and alpha != 0)
    return is_seen, (red, green, blue)


def _bends(handle: Any, segments: int) -> bool:
    """Whether some of a path is curved or slanting.

    One slant must be longer than a rounded corner of a rectangle may be. Curves that programs for
    plots write as many short lines are told by the number of their slants.
    """
    from pypdfium2 import raw

    matrix = matrix_of(handle)
    x, y = ctypes.c_float(), ctypes.c_float()
    slants, last = 0, -2
    before: tuple[float, float] | None = None
    for number in _looked_at(segments):
        segment = raw.FPDFPath_GetPathSegment(handle, number)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_BEZIERTO:
            return True
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.apply(x.value, y.value)
        if kind == raw.FPDF_SEGMENT_LINETO and before is not None and number == last + 1:
            across, up = abs(point[0] - before[0]), abs(point[1] - before[1])
            least = min(across, up)
            if least > 0.02 * max(across, up):
                slants += least > _HAIR
                if least > 1.0 or slants >= _MANY_SLANTS:
                    return True
        before, last = point, number
    return False


def _looked_at(segments: int) -> Sequence[int]:
    """Number the segments of a path that are looked at: of a long one, some along all of it."""
    if segments <= 2 * _MOST_SEGMENTS:
        return range(segments)
    step = segments // _MOST_SEGMENTS
    return [number + i for number in range(0, segments - 1, step) for i in (0, 1)]
