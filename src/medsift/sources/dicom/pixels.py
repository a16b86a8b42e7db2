"""One frame of a DICOM file becomes RGB pixels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import DecodeError, UnsupportedError
from medsift.core.limits import Limits
from medsift.core.picture import Pixels
from medsift.decode.guard import check_pixels, contained
from medsift.decode.shrink import shrink
from medsift.sources.dicom.dataset import PIXEL_KEYWORDS, WHAT
from medsift.sources.dicom.window import grey_picture

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.pixels import Decoder

_MOST_SAMPLES = 4
# GDCM last, that is for lossless JPEG only: it ends the process on some damaged files.
_PREFERRED = ("pydicom", "pillow", "pylibjpeg", "pyjpegls", "gdcm")
_MOST_MISSING = 0.9
"""Share of a frame that may be missing for it to be worth a look."""


class FrameReader:
    """The frames of a DICOM file, decoded one at a time.

    Parameters
    ----------
    dataset : Dataset
        With pixels.
    limits : Limits
        ``pixels`` is checked before anything is decoded.

    Attributes
    ----------
    width, height : int
    frame_count : int
    is_truncated : bool
        The end of the pixels is missing, and was filled in.

    Raises
    ------
    UnsupportedError
        No decoder for the transfer syntax is installed.
    LimitError
        A frame has too many pixels.
    DecodeError
        The header makes no sense.
    """

    def __init__(self, dataset: Dataset, limits: Limits) -> None:
        self._dataset = dataset
        with contained(WHAT, tell_details=False):
            self.width, self.height = int(dataset.Columns), int(dataset.Rows)
            check_pixels(self.width, self.height, limits)
            if int(dataset.SamplesPerPixel) > _MOST_SAMPLES:
                raise DecodeError("a DICOM image with more than four samples a pixel")
            self.frame_count = max(1, int(dataset.get("NumberOfFrames") or 1))
            self._decoder, self._plugin = _decoder(dataset)
            self._drop_missing_frames()
            self.is_truncated = self._pad()

    def pixels(self, frame: int, target: int = 0) -> tuple[Pixels, str]:
        """Decode a frame.

        Parameters
        ----------
        frame : int
            From 0.
        target : int
            Side in pixels that is enough, see :func:`medsift.decode.shrink.shrink`.

        Returns
        -------
        pixels : ndarray of uint8, shape (h, w, 3)
        sha256 : str
            Of the encoded bytes of the frame; of its samples where they are not compressed.
        """
        with contained(WHAT, tell_details=False):
            stored, properties = self._decoder.as_array(
                self._dataset,
                index=frame,
                decoding_plugin=self._plugin,
                allow_excess_frames=False,
            )
            digest = hashlib.sha256(self._encoded(frame, stored)).hexdigest()
            interpretation = str(properties["photometric_interpretation"])
            image = Image.fromarray(_shown(stored, interpretation, self._dataset, frame))
            image = shrink(image, target).convert("RGB")
            return np.asarray(image, dtype=np.uint8), digest

    def _encoded(self, frame: int, stored: NDArray[Any]) -> bytes:
        if not self._decoder.UID.is_encapsulated:
            return stored.tobytes()
        from pydicom.encaps import get_frame

        data = self._dataset.PixelData
        return bytes(get_frame(data, frame, number_of_frames=self.frame_count))

    def _frame_bytes(self) -> int:
        from pydicom.pixels.utils import get_expected_length

        return int(get_expected_length(self._dataset)) // self.frame_count

    def _data(self) -> bytes:
        keyword = next(keyword for keyword in PIXEL_KEYWORDS if keyword in self._dataset)
        data = self._dataset[keyword].value
        if not isinstance(data, bytes) or not data:
            raise DecodeError("a DICOM image without pixels")
        return data

    def _drop_missing_frames(self) -> None:
        """Count only frames that are there: a header may announce millions."""
        data = self._data()
        if self._decoder.UID.is_encapsulated:
            # A frame takes an item of at least eight bytes.
            there = max(1, len(data) // 8)
        else:
            there = max(1, -(-len(data) // max(1, self._frame_bytes())))
        if there < self.frame_count:
            self.frame_count = there
            self._dataset.NumberOfFrames = there

    def _pad(self) -> bool:
        """Complete uncompressed pixels of which the end is missing."""
        if self._decoder.UID.is_encapsulated or "PixelData" not in self._dataset:
            return False
        missing = self._frame_bytes() * self.frame_count - len(self._dataset.PixelData)
        if missing <= 0:
            return False
        if missing > _MOST_MISSING * self._frame_bytes():
            raise DecodeError("a truncated DICOM file with next to no pixels")
        self._dataset.PixelData += bytes(missing + missing % 2)
        return True


def _decoder(dataset: Dataset) -> tuple[Decoder, str]:
    """Find the decoder of the transfer syntax, and which of its plug-ins to use."""
    from pydicom import uid
    from pydicom.pixels import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    name = syntax.name if not syntax.is_private else "private"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise UnsupportedError(f"transfer syntax {name} is not read") from None
    plugins = set(decoder.available_plugins)
    if int(dataset.BitsStored) > 8:
        # Plug-ins offer to decode these, and cannot.
        if syntax == uid.JPEGExtended12Bit:
            raise UnsupportedError(f"transfer syntax {name} of more than 8 bits is not read")
        if syntax in uid.JPEG2000TransferSyntaxes and int(dataset.SamplesPerPixel) > 1:
            plugins -= {"pillow"}
    if not decoder.UID.is_encapsulated:
        return decoder, ""
    if not plugins:
        raise UnsupportedError(
            f"no decoder for transfer syntax {name}; pip install 'medsift[dicom]' adds some"
        )
    return decoder, next((name for name in _PREFERRED if name in plugins), "")


def _shown(
    stored: NDArray[Any], interpretation: str, dataset: Dataset, frame: int
) -> NDArray[np.uint8]:
    """Shape (h, w) for grey, (h, w, 3) for colour."""
    if interpretation == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        coloured = apply_color_lut(stored, dataset)[..., :3]
        # Tables of 16 bits whose entries are of 8 are a common mistake.
        return _eight_bits(coloured, 16 if coloured.max() > 255 else 8)
    if stored.ndim == 2:
        return grey_picture(stored, dataset, frame)
    colour = _eight_bits(stored[..., :3], int(dataset.BitsStored))
    if interpretation.startswith("YBR_PARTIAL") or interpretation == "YBR_FULL":
        from pydicom.pixels import convert_color_space

        return np.asarray(convert_color_space(colour, "YBR_FULL", "RGB"), dtype=np.uint8)
    return colour


def _eight_bits(samples: NDArray[Any], bits: int) -> Pixels:
    if samples.dtype != np.uint8 or bits > 8:
        samples = samples >> max(0, bits - 8)
    return np.ascontiguousarray(samples, dtype=np.uint8)
