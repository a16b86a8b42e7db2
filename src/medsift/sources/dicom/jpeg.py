"""Frames that pydicom has no decoder for: JPEG of 12 bits a sample, and JPEG XL.

Both are decoded by imagecodecs, from where libjpeg-turbo and libjxl are called. Where it is
installed it is also asked for what other decoders refuse: JPEG-LS, lossless JPEG and JPEG 2000.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medsift.sources.dicom import coding
from medsift.sources.dicom.coding import Coding

if TYPE_CHECKING:
    from pydicom import Dataset

PLUGIN = "imagecodecs"
GUESSING = "libjpeg"

_XL_LOSSLESS = "1.2.840.10008.1.2.4.110"
XL_NAMES = {
    _XL_LOSSLESS: "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
"""Transfer syntaxes of JPEG XL (DICOM PS3.6, table A-1), which pydicom 3.0 does not know."""

_FUNCTIONS = {
    coding.EXTENDED: "jpeg8_decode",
    coding.LOSSLESS: "ljpeg_decode",
    coding.LOSSLESS_FIRST_ORDER: "ljpeg_decode",
    coding.LS_LOSSLESS: "jpegls_decode",
    coding.LS_LOSSY: "jpegls_decode",
    coding.J2K_LOSSLESS: "jpeg2k_decode",
    coding.J2K: "jpeg2k_decode",
}
SYNTAXES = frozenset(_FUNCTIONS)
"""Transfer syntaxes that :func:`decoded` reads."""


def decoded(encoded: bytes, found: Coding, dataset: Dataset) -> tuple[NDArray[Any], str]:
    """Decode a frame of one of :data:`SYNTAXES`.

    Parameters
    ----------
    encoded : bytes
        One frame.
    found : Coding
        How it is coded.
    dataset : Dataset
        The file it is from.

    Returns
    -------
    stored : ndarray of (u)int8 or (u)int16, shape (h, w) or (h, w, samples)
        Values as stored.
    interpretation : str
        Photometric interpretation after decoding.

    Raises
    ------
    ValueError
        It is damaged, or of another size than its header says.
    """
    import imagecodecs

    stored = np.asarray(getattr(imagecodecs, _FUNCTIONS[found.syntax])(encoded))
    if stored.shape[:2] != (int(dataset.Rows), int(dataset.Columns)):
        raise ValueError("a frame of another size than its header says")
    interpretation = str(dataset.PhotometricInterpretation)
    if interpretation in {"YBR_RCT", "YBR_ICT"}:
        interpretation = "RGB"
    return _with_sign(stored, dataset), interpretation


def guessed(encoded: bytes) -> tuple[NDArray[Any], str]:
    """Decode JPEG of 8 bits with the colours that libjpeg takes it to have.

    Parameters
    ----------
    encoded : bytes
        One frame.

    Returns
    -------
    stored : ndarray of uint8, shape (h, w) or (h, w, 3)
    interpretation : str
    """
    import io

    from PIL import Image, JpegImagePlugin

    image: Image.Image = JpegImagePlugin.JpegImageFile(io.BytesIO(encoded), "")
    image = image if image.mode == "L" else image.convert("RGB")
    return np.asarray(image), "MONOCHROME2" if image.mode == "L" else "RGB"


def xl(encoded: bytes, dataset: Dataset) -> tuple[NDArray[Any], str]:
    """Decode JPEG XL (ISO/IEC 18181-1; DICOM PS3.5, section 8.2.15).

    Parameters
    ----------
    encoded : bytes
        One frame.
    dataset : Dataset
        The file it is from.

    Returns
    -------
    stored : ndarray of (u)int8 or (u)int16, shape (h, w) or (h, w, samples)
        Values as stored.
    interpretation : str
        Photometric interpretation after decoding.

    Raises
    ------
    ValueError
        It is of another size, or has another number of samples, than its header says.
    RuntimeError
        It is damaged.
    """
    samples = int(dataset.SamplesPerPixel)
    shape = (int(dataset.Rows), int(dataset.Columns), *([samples] if samples > 1 else []))
    interpretation = str(dataset.PhotometricInterpretation)
    # Out of the other two syntaxes libjxl makes RGB, whatever was coded: XYB, or JPEG's YCbCr.
    if samples > 1 and dataset.file_meta.TransferSyntaxUID != _XL_LOSSLESS:
        interpretation = "RGB"
    return _with_sign(_xl_into(shape, encoded, int(dataset.BitsStored)), dataset), interpretation


def _xl_into(shape: tuple[int, ...], encoded: bytes, bits: int) -> NDArray[Any]:
    """Decode into a given place: a stream that wants a larger one is refused before it gets it."""
    import imagecodecs

    # The stream has a depth of its own: 8 bits may well be coded as 16, or be announced as 16.
    likely, other = (np.uint8, np.uint16) if bits <= 8 else (np.uint16, np.uint8)
    try:
        return _decoded(imagecodecs, encoded, np.empty(shape, likely))
    except ValueError:
        return _decoded(imagecodecs, encoded, np.empty(shape, other))


def _decoded(imagecodecs: Any, encoded: bytes, out: NDArray[Any]) -> NDArray[Any]:
    # A DICOM frame is one picture, so no animation is followed. One thread, as there is a worker
    # for each core.
    imagecodecs.jpegxl_decode(encoded, index=0, numthreads=1, out=out)
    return out


def _with_sign(stored: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Tell negative values: to these codecs all samples are unsigned."""
    unused = stored.itemsize * 8 - int(dataset.BitsStored)
    if not int(dataset.PixelRepresentation) or unused < 0:
        return stored
    return (stored << unused).view(f"i{stored.itemsize}") >> unused
