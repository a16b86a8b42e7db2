"""PDFium's bitmaps as RGB over white."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import DecodeError
from medsift.core.picture import Pixels

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_ROWS = 512


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
    }[raw.FPDFBitmap_GetFormat(bitmap)]
    address = raw.FPDFBitmap_GetBuffer(bitmap)
    buffer = ctypes.cast(address, ctypes.POINTER(ctypes.c_ubyte * (stride * height))).contents
    rows = np.frombuffer(buffer, dtype=np.uint8).reshape(height, stride)
    return rows[:, : width * channels].reshape(height, width, channels)


def _over_white(bgra: NDArray[np.uint8]) -> tuple[Pixels, bool]:
    """Composite straight (not premultiplied) BGRA over white, a few rows at a time."""
    pixels = np.empty((*bgra.shape[:2], 3), dtype=np.uint8)
    empty = True
    for top in range(0, len(bgra), _ROWS):
        rows = bgra[top : top + _ROWS]
        colour, alpha = rows[..., 2::-1], rows[..., 3:]
        low = int(alpha.min())
        if low == 255:
            pixels[top : top + _ROWS] = colour
            empty = False
            continue
        empty = empty and not alpha.any()
        weight = alpha.astype(np.uint16)
        blend = colour * weight + (255 - weight) * 255
        pixels[top : top + _ROWS] = (blend + 127) // 255
    return pixels, empty
