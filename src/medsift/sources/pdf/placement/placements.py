"""Where images stand on a page: a walk over its objects and those of nested forms."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from medsift.core.picture import Bbox
from medsift.sources.pdf.geometry import Matrix, area, intersection, union, upright_size, visible
from medsift.sources.pdf.placement.clips import OPEN, Clip, clip_within

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

    from medsift.sources.pdf.document.facts import Appearance

_DEEP = 16
_MAX_OBJECTS = 500_000
_MOST_KEPT = 50_000
_WHOLE = 0.95


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The visible system of one page.

    Attributes
    ----------
    width, height : float
        Of what is seen, in points.
    to_visible : Matrix
        From user space to the visible system.
    """

    width: float
    height: float
    to_visible: Matrix

    @property
    def box(self) -> Bbox:
        """The whole of what is seen."""
        return 0.0, 0.0, self.width, self.height


@dataclass(frozen=True, eq=False)
class Placement:
    """One draw of one image.

    Attributes
    ----------
    handle : object
        PDFium's image object; valid while its page is open.
    placed : Matrix
        From the unit square of the image to the visible system of the page.
    width, height : int
        In pixels, as stored.
    filters : tuple of str
        Names of its stream filters, in the order in which they are undone.
    encoded_length : int
        Bytes of its stream as stored.
    transparent : bool
        Drawn with a blend mode, with a constant opacity, or through a group's soft mask.
    floating : bool
        In the appearance of an annotation, not in the content of the page.
    clip : Clip
        In the visible system.
    hidden : bool
        On a layer that a viewer does not show at first.
    """

    handle: Any = field(repr=False)
    placed: Matrix
    width: int
    height: int
    filters: tuple[str, ...]
    encoded_length: int
    transparent: bool
    floating: bool = False
    clip: Clip = OPEN
    hidden: bool = False

    @cached_property
    def bbox(self) -> Bbox:
        """Place in the visible system of the page, also where it reaches beyond the page."""
        return self.placed.bounds()

    @cached_property
    def seen(self) -> Bbox:
        """What of ``bbox`` the clip paths leave over; of no area where that is nothing."""
        return intersection(self.bbox, self.clip.box)

    @cached_property
    def cut(self) -> bool:
        """Whether clip paths take so much off that it is another picture."""
        return area(self.seen) < _WHOLE * area(self.bbox)

    @cached_property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels, as the picture stands on the page."""
        return upright_size(self.width, self.height, self.placed)

    @property
    def key(self) -> tuple[int, int, int, str]:
        """What the dictionary of the image is found by."""
        return self.width, self.height, self.encoded_length, self.codec

    @property
    def codec(self) -> str:
        """The filter that is undone last; empty where there is none."""
        return self.filters[-1] if self.filters else ""


def frame_of(page: PdfPage) -> PageFrame:
    """Measure a page."""
    rotation = page.get_rotation() // 90
    width, height = page.get_size()
    return PageFrame(width, height, visible(page.get_bbox(), rotation))


def placements_of(page: PdfPage, frame: PageFrame) -> Iterator[Placement]:
    """Images that a page draws, also outside of its visible box, in the order of drawing.

    Images of a degenerate size are left out.
    """
    from pypdfium2 import raw

    for handle, parents, around, kind in walk(page):
        if kind != raw.FPDF_PAGEOBJ_IMAGE:
            continue
        placement = _measure(handle, matrix_of(handle).then(around).then(frame.to_visible))
        if placement is None:
            continue
        clip = clip_within(parents, handle, matrix_of).moved(frame.to_visible)
        transparent = any(raw.FPDFPageObj_HasTransparency(h) for h in (handle, *parents))
        yield replace(placement, transparent=transparent, clip=clip)


def placements_in_annotation(
    annotation: Any, frame: PageFrame, look: Appearance | None
) -> list[Placement]:
    """List the images in the normal appearance of an annotation.

    Parameters
    ----------
    annotation : object
        PDFium's annotation; the placements are valid while it is open.
    frame : PageFrame
    look : Appearance or None
        What of the appearance is fitted into the annotation's rectangle; where it is not known,
        the images are taken to fill the rectangle.
    """
    from pypdfium2 import raw

    rect = raw.FS_RECTF()
    if not raw.FPDFAnnot_GetRect(annotation, rect):
        return []
    roots = [
        raw.FPDFAnnot_GetObject(annotation, i)
        for i in range(min(raw.FPDFAnnot_GetObjectCount(annotation), _MAX_OBJECTS))
    ]
    found = [
        placement
        for handle, _, around, kind in _descend(roots)
        if kind == raw.FPDF_PAGEOBJ_IMAGE
        and (placement := _measure(handle, matrix_of(handle).then(around))) is not None
    ]
    if not found:
        return []
    inner = look.box if look else union([p.bbox for p in found])
    fit = _fit(inner, (rect.left, rect.bottom, rect.right, rect.top))
    fit = look.matrix.then(fit) if look else fit
    if raw.FPDFAnnot_GetFlags(annotation) & raw.FPDF_ANNOT_FLAG_NOROTATE:
        fit = fit.then(_turned_back(frame.to_visible, rect.left, rect.top))
    moved = [
        replace(p, placed=p.placed.then(fit).then(frame.to_visible), floating=True) for p in found
    ]
    return [p for p in moved if p.placed.finite and area(intersection(p.bbox, frame.box)) > 0]


def _turned_back(to_visible: Matrix, x: float, y: float) -> Matrix:
    """Undo the rotation of a page around a point (ISO 32000-1, 12.5.3, NoRotate)."""
    turn = Matrix(to_visible.a, to_visible.c, to_visible.b, to_visible.d)
    return Matrix(1, 0, 0, 1, -x, -y).then(turn).then(Matrix(1, 0, 0, 1, x, y))


def _fit(inner: Bbox, outer: Bbox) -> Matrix:
    """Scale and shift one box into another."""
    x = (outer[2] - outer[0]) / max(inner[2] - inner[0], 1e-9)
    y = (outer[3] - outer[1]) / max(inner[3] - inner[1], 1e-9)
    return Matrix(x, 0, 0, y, outer[0] - inner[0] * x, outer[1] - inner[1] * y)


def _measure(handle: Any, placed: Matrix) -> Placement | None:
    """Describe an image; None for one without any extent."""
    from pypdfium2 import raw

    width, height = _pixel_size(handle)
    if not placed.finite or not width or not height:
        return None
    return Placement(
        handle,
        placed,
        width,
        height,
        _filters(handle),
        raw.FPDFImageObj_GetImageDataRaw(handle, None, 0),
        bool(raw.FPDFPageObj_HasTransparency(handle)),
    )


def matrix_of(handle: Any) -> Matrix:
    """Read the matrix of a page object."""
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(handle, matrix):
        return Matrix()
    return Matrix(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


class PageObject(NamedTuple):
    """One object of a page.

    Attributes
    ----------
    handle : object
        PDFium's; valid while the page is open.
    parents : tuple of object
        Forms around it, outermost first.
    around : Matrix
        From the coordinates of the innermost form to the user space of the page.
    kind : int
        One of PDFium's ``FPDF_PAGEOBJ`` constants.
    """

    handle: Any
    parents: tuple[Any, ...]
    around: Matrix
    kind: int


# A page is walked several times: for its images, for its strokes, and before each drawing.
_walked: WeakKeyDictionary[PdfPage, list[PageObject]] = WeakKeyDictionary()


def walk(page: PdfPage) -> Iterable[PageObject]:
    """Visit all objects of a page and of the forms on it, in the order of drawing."""
    from pypdfium2 import raw

    known = _walked.get(page)
    if known is not None:
        return known
    count = raw.FPDFPage_CountObjects(page)
    found = _descend([raw.FPDFPage_GetObject(page, i) for i in range(min(count, _MAX_OBJECTS))])
    first = list(islice(found, _MOST_KEPT + 1))
    if len(first) > _MOST_KEPT:
        return chain(first, found)
    _walked[page] = first
    return first


def _descend(roots: list[Any]) -> Iterator[PageObject]:
    from pypdfium2 import raw

    seen = 0
    stack: list[tuple[Any, tuple[Any, ...], Matrix]] = [
        (handle, (), Matrix()) for handle in reversed(roots)
    ]
    while stack and seen < _MAX_OBJECTS:
        handle, parents, around = stack.pop()
        if not handle:
            continue
        seen += 1
        kind = raw.FPDFPageObj_GetType(handle)
        yield PageObject(handle, parents, around, kind)
        if kind == raw.FPDF_PAGEOBJ_FORM and len(parents) < _DEEP:
            inner = matrix_of(handle).then(around)
            stack.extend(
                (raw.FPDFFormObj_GetObject(handle, i), (*parents, handle), inner)
                for i in reversed(range(raw.FPDFFormObj_CountObjects(handle)))
            )


def has_pixels(handle: Any) -> bool:
    """Whether an image object has any."""
    return min(_pixel_size(handle)) > 0


def _pixel_size(handle: Any) -> tuple[int, int]:
    from pypdfium2 import raw

    width, height = ctypes.c_uint(), ctypes.c_uint()
    if not raw.FPDFImageObj_GetImagePixelSize(handle, width, height):
        return 0, 0
    return width.value, height.value


def _filters(handle: Any) -> tuple[str, ...]:
    from pypdfium2 import raw

    names = []
    for i in range(raw.FPDFImageObj_GetImageFilterCount(handle)):
        length = raw.FPDFImageObj_GetImageFilter(handle, i, None, 0)
        buffer = ctypes.create_string_buffer(length)
        raw.FPDFImageObj_GetImageFilter(handle, i, buffer, length)
        names.append(buffer.value.decode("ascii", "replace"))
    return tuple(names)
