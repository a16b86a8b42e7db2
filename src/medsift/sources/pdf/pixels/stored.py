"""How an image is stored: its mode, and its stream."""

from __future__ import annotations

import ctypes
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_PIECE = 512


def stored_mode(page: PdfPage, handle: Any) -> str:
    """Ask PDFium how an image is stored, in Pillow's names; costs a decoding.

    Returns
    -------
    str
        Empty where there is no such name.
    """
    from pypdfium2 import raw

    metadata = raw.FPDF_IMAGEOBJ_METADATA()
    raw.FPDFImageObj_GetImageMetadata(handle, page, metadata)
    if metadata.bits_per_pixel == 1:
        return "1"
    return {
        raw.FPDF_COLORSPACE_DEVICEGRAY: "L",
        raw.FPDF_COLORSPACE_CALGRAY: "L",
        raw.FPDF_COLORSPACE_DEVICERGB: "RGB",
        raw.FPDF_COLORSPACE_CALRGB: "RGB",
        raw.FPDF_COLORSPACE_DEVICECMYK: "CMYK",
        raw.FPDF_COLORSPACE_LAB: "LAB",
        raw.FPDF_COLORSPACE_INDEXED: "P",
    }.get(metadata.colorspace, "")


def encoded(handle: Any) -> bytes:
    """Read an image's stream as stored, decrypted."""
    from pypdfium2 import raw

    return _bytes_from(raw.FPDFImageObj_GetImageDataRaw, handle)


def unwrapped(handle: Any) -> bytes:
    """Read an image's stream without general-purpose filters: a JPEG inside Flate, bare."""
    from pypdfium2 import raw

    return _bytes_from(raw.FPDFImageObj_GetImageDataDecoded, handle)


def inflated_length(stream: bytes, most: int) -> int:
    """How many bytes come out of a stream of Flate before it ends, or makes no sense.

    Parameters
    ----------
    stream : bytes
    most : int
        No more are counted.
    """
    inflate = zlib.decompressobj()
    length = 0
    try:
        for at in range(0, len(stream), _PIECE):
            length += len(inflate.decompress(stream[at : at + _PIECE], max(1, most - length)))
            if length >= most or inflate.eof:
                break
            if inflate.unconsumed_tail:
                return most
    except zlib.error:
        pass
    return length


def _bytes_from(function: Any, handle: Any) -> bytes:
    length = function(handle, None, 0)
    buffer = ctypes.create_string_buffer(length)
    function(handle, buffer, length)
    return buffer.raw
