"""PDFium's bitmaps as RGB over white."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import DecodeError, LimitError
from medsift.core.picture import Bbox, Pixels
from medsift.sources.pdf.placement.placements import PageFrame, Placement, walk

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_ROWS = 512
_INSET = 0.02
_PROBE = 64


def draw_image(page: PdfPage, handle: Any, width: int, height: int) -> tuple[Pixels, bool]:
    """Draw one image object by itself, upright, with its masks and its colours.

    Parameters
    ----------
    page : PdfPage
        The page that the object belongs to.
    handle : object
        PDFium's image object.
    width, height : int
        Of the result, in pixels. PDFium copies samples one to one where this is the size of
        the image, and averages where it is smaller.

    Returns
    -------
    pixels : ndarray of uint8, shape (height, width, 3)
    empty : bool
        Nothing at all was drawn: every pixel is transparent.

    Raises
    ------
    DecodeError
        PDFium cannot decode the image.
    """
    from pypdfium2 import raw

    before = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(handle, before):
        raise DecodeError("the image has no place on the page")
    raw.FPDFPageObj_SetMatrix(handle, raw.FS_MATRIX(width, 0, 0, height, 0, 0))
    try:
        bitmap = raw.FPDFImageObj_GetRenderedBitmap(page.pdf, page, handle)
    finally:
        raw.FPDFPageObj_SetMatrix(handle, before)
    if not bitmap:
        raise DecodeError("the image cannot be decoded")
    try:
        return _over_white(_view(bitmap))
    finally:
        raw.FPDFBitmap_Destroy(bitmap)


def draw_region(
    page: PdfPage,
    frame: PageFrame,
    box: Bbox,
    size: tuple[int, int],
    alone: Sequence[Any] = (),
    without: Sequence[Any] = (),
    annotations: bool = True,
) -> Pixels:
    """Draw a part of a page as a viewer shows it.

    Parameters
    ----------
    page : PdfPage
    frame : PageFrame
    box : Bbox
        In the visible system of the page; need not lie within it.
    size : tuple of int
        Width and height of the result, in pixels.
    alone : sequence of object
        Page objects, also nested ones, to draw without all others; everything where empty.
    without : sequence of object
        Page objects, also nested ones, to leave out.
    annotations : bool
        Draw those, too; they never are where objects are drawn alone.

    Returns
    -------
    ndarray of uint8, shape (size[1], size[0], 3)
    """
    bitmap = _bitmap(*size, alpha=False)
    try:
        with only_active(page, alone, without):
            _draw(bitmap, page, frame, box, annotations and not alone)
        return _rgb(_view(bitmap))
    finally:
        _destroy(bitmap)


def _draw(bitmap: Any, page: PdfPage, frame: PageFrame, box: Bbox, annotations: bool) -> None:
    from pypdfium2 import raw

    width, height = raw.FPDFBitmap_GetWidth(bitmap), raw.FPDFBitmap_GetHeight(bitmap)
    # PDFium widens the place of an image to whole pixels. An image that fills the box would so
    # become a pixel wider for the rounding of its place alone, and blurred; a hair of a margin
    # makes it as wide as the bitmap.
    scale_x = (width - 2 * _INSET) / max(box[2] - box[0], 1e-6)
    scale_y = (height - 2 * _INSET) / max(box[3] - box[1], 1e-6)
    # PDFium first maps the page to a grid of one pixel a point, with y downwards.
    left, top = -box[0] * scale_x + _INSET, -(frame.height - box[3]) * scale_y + _INSET
    matrix = raw.FS_MATRIX(scale_x, 0, 0, scale_y, left, top)
    clip = raw.FS_RECTF(0, 0, width, height)
    flags = raw.FPDF_ANNOT if annotations else 0
    raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, clip, flags)


def _bitmap(width: int, height: int, alpha: bool) -> Any:
    """Make a bitmap, white, or empty where it has alpha."""
    from pypdfium2 import raw

    bitmap = raw.FPDFBitmap_Create(width, height, int(alpha))
    if not bitmap:
        raise LimitError(f"no memory to draw {width} x {height} pixels")
    raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0 if alpha else 0xFFFFFFFF)
    return bitmap


def _destroy(bitmap: Any) -> None:
    from pypdfium2 import raw

    raw.FPDFBitmap_Destroy(bitmap)


def leaves_marks(page: PdfPage, frame: PageFrame, box: Bbox, handle: Any) -> bool:
    """Whether one object, drawn alone, changes anything at all within a box.

    Parameters
    ----------
    page : PdfPage
    frame : PageFrame
    box : Bbox
        In the visible system of the page.
    handle : object
        A page object, also a nested one.
    """
    return marked_part(page, frame, box, [handle], _PROBE, 0) is not None


def marked_part(
    page: PdfPage,
    frame: PageFrame,
    box: Bbox,
    handles: Sequence[Any],
    cells: int = 1024,
    faint: int = 8,
) -> Bbox | None:
    """Find the part of a box that objects leave marks on when they are drawn alone.

    Parameters
    ----------
    page : PdfPage
    frame : PageFrame
    box : Bbox
        In the visible system of the page.
    handles : sequence of object
        Page objects, also nested ones.
    cells : int
        How finely to look, along each side.
    faint : int
        Opacity, of 255, up to which a mark is none.

    Returns
    -------
    Bbox or None
        The box itself where marks reach its sides; None where there are no marks.
    """
    bitmap = _bitmap(cells, cells, alpha=True)
    try:
        with only_active(page, handles):
            _draw(bitmap, page, frame, box, annotations=False)
        marked = _view(bitmap)[..., 3] > faint
        rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    finally:
        _destroy(bitmap)
    if not len(rows):
        return None
    across, up = (box[2] - box[0]) / cells, (box[3] - box[1]) / cells
    return (
        box[0] + float(columns[0]) * across,
        box[3] - float(rows[-1] + 1) * up,
        box[0] + float(columns[-1] + 1) * across,
        box[3] - float(rows[0]) * up,
    )


def pixel_hash(pixels: Pixels) -> str:
    """Hash pixels together with their size, for pictures that have no encoded bytes."""
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}:".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def address_of(handle: Any) -> int:
    """Tell which object a handle stands for: PDFium's handles of one are not equal."""
    # As ctypes.cast tells it, at less than half the cost.
    return ctypes.c_void_p.from_buffer(handle).value or 0


def keep_from_drawing(placements: Sequence[Placement]) -> None:
    """Hide images for as long as their page is open: PDFium would not survive to draw them."""
    from pypdfium2 import raw

    for placement in placements:
        raw.FPDFPageObj_SetIsActive(placement.handle, False)


@contextmanager
def only_active(
    page: PdfPage, handles: Sequence[Any], without: Sequence[Any] = ()
) -> Iterator[None]:
    """Hide all objects of a page but some, for as long as the block lasts.

    Parameters
    ----------
    page : PdfPage
    handles : sequence of object
        What stays, and with it the forms around it; everything where empty.
    without : sequence of object
        What is hidden in any case.
    """
    from pypdfium2 import raw

    wanted = {address_of(handle) for handle in handles}
    hidden = list(without)
    if wanted:
        stay = set(wanted)
        for item in walk(page):
            if address_of(item.handle) in wanted:
                stay.update(map(address_of, item.parents))
        for item in walk(page):
            # What is in a form that is hidden, or that stays as a whole, goes with the form.
            around = address_of(item.parents[-1]) if item.parents else None
            goes_with_it = around is not None and (around in wanted or around not in stay)
            if not goes_with_it and address_of(item.handle) not in stay:
                hidden.append(item.handle)
    # What is hidden for good, as it must not be drawn, stays so.
    is_active = ctypes.c_int()
    hidden = [h for h in hidden if raw.FPDFPageObj_GetIsActive(h, is_active) and is_active.value]
    for handle in hidden:
        raw.FPDFPageObj_SetIsActive(handle, False)
    try:
        yield
    finally:
        for handle in hidden:
            raw.FPDFPageObj_SetIsActive(handle, True)


def _view(bitmap: Any) -> NDArray[np.uint8]:
    """View a bitmap's buffer, shape (h, w, channels), in the order B, G, R, A."""
    from pypdfium2 import raw

    width, height = raw.FPDFBitmap_GetWidth(bitmap), raw.FPDFBitmap_GetHeight(bitmap)
    stride = raw.FPDFBitmap_GetStride(bitmap)
    channels = {
        raw.FPDFBitmap_Gray: 1,
        raw.FPDFBitmap_BGR: 3,
        raw.FPDFBitmap_BGRx: 4,
        raw.FPDFBitmap_BGRA: 4,
    }.get(raw.FPDFBitmap_GetFormat(bitmap))
    if channels is None:
        raise DecodeError("drawn in an unknown pixel format")
    address = raw.FPDFBitmap_GetBuffer(bitmap)
    buffer = ctypes.cast(address, ctypes.POINTER(ctypes.c_ubyte * (stride * height))).contents
    rows = np.frombuffer(buffer, dtype=np.uint8).reshape(height, stride)
    return rows[:, : width * channels].reshape(height, width, channels)


def _rgb(bgr: NDArray[np.uint8]) -> Pixels:
    """Reverse the order of channels; one channel at a time is several times faster."""
    pixels = np.empty((*bgr.shape[:2], 3), dtype=np.uint8)
    for channel in range(3):
        pixels[..., channel] = bgr[..., 2 - channel]
    return pixels


def _over_white(bgra: NDArray[np.uint8]) -> tuple[Pixels, bool]:
    """Composite straight (not premultiplied) BGRA over white, a few rows at a time."""
    pixels = _rgb(bgra)
    empty = True
    for top in range(0, len(bgra), _ROWS):
        alpha = bgra[top : top + _ROWS, :, 3]
        low, high = int(alpha.min()), int(alpha.max())
        empty = empty and high == 0
        if low < 255:
            rows = pixels[top : top + _ROWS]
            weight = alpha.astype(np.uint16)
            paper = (255 - weight) * 255 + 127
            for channel in range(3):
                rows[..., channel] = (rows[..., channel] * weight + paper) // 255
    return pixels, empty
