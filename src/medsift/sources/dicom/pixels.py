"""One frame of a DICOM file becomes RGB pixels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import DecodeError
from medsift.core.limits import Limits
from medsift.core.picture import Pixels
from medsift.decode.guard import check_pixels, contained
from medsift.decode.shrink import shrink
from medsift.sources.dicom.codecs import Codec, encoded_frame
from medsift.sources.dicom.dataset import PIXEL_KEYWORDS, WHAT
from medsift.sources.dicom.window import grey_picture

if TYPE_CHECKING:
    from pydicom import Dataset

_MOST_SAMPLES = 4
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
            self._codec = Codec(dataset)
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
            stored, interpretation = self._codec.decode(frame)
            digest = hashlib.sha256(self._encoded(frame, stored)).hexdigest()
            image = Image.fromarray(_shown(stored, interpretation, self._dataset, frame))
            image = shrink(image, target).convert("RGB")
            return np.asarray(image, dtype=np.uint8), digest

    def _encoded(self, frame: int, stored: NDArray[Any]) -> bytes:
        if not self._codec.is_encapsulated:
            return stored.tobytes()
        return encoded_frame(self._dataset, frame)

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
        if self._codec.is_encapsulated:
            # A frame takes an item of at least eight bytes.
            there = max(1, len(data) // 8)
        else:
            there = max(1, -(-len(data) // max(1, self._frame_bytes())))
        if there < self.frame_count:
            self.frame_count = there
            self._dataset.NumberOfFrames = there

    def _pad(self) -> bool:
        """Complete uncompressed pixels of which the end is missing."""
        if self._codec.is_encapsulated or "PixelData" not in self._dataset:
            return False
        missing = self._frame_bytes() * self.frame_count - len(self._dataset.PixelData)
        if missing <= 0:
            return False
        if missing > _MOST_MISSING * self._frame_bytes():
            raise DecodeError("a truncated DICOM file with next to no pixels")
        self._dataset.PixelData += bytes(missing + missing % 2)
        return True


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
