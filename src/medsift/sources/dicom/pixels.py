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
from medsift.decode.guard import check_pixels
from medsift.decode.shrink import shrink
from medsift.sources.dicom.codecs import Codec
from medsift.sources.dicom.dataset import photometric_interpretation, reading
from medsift.sources.dicom.elements import DicomFile
from medsift.sources.dicom.window import grey_picture

if TYPE_CHECKING:
    from pydicom import Dataset

_MOST_SAMPLES = 4
_HALF = 1 << 15
_MOST_LOST = 0.9
"""Share of the rows of a truncated frame that may be filling for it to be worth a look."""


class FrameReader:
    """The frames of a DICOM file, decoded one at a time.

    Parameters
    ----------
    file : DicomFile
        With pixels.
    limits : Limits
        ``pixels`` is checked before anything is decoded.

    Attributes
    ----------
    width, height : int
    frame_count : int
    declared_colours : str
        Photometric interpretation, as the file declares it.

    Raises
    ------
    UnsupportedError
        No decoder for the coding is installed.
    LimitError
        A frame has too many pixels.
    DecodeError
        The header makes no sense.
    """

    def __init__(self, file: DicomFile, limits: Limits) -> None:
        self._dataset = dataset = file.dataset
        with reading():
            self.width, self.height = int(dataset.Columns), int(dataset.Rows)
            check_pixels(self.width, self.height, limits)
            self.declared_colours = photometric_interpretation(dataset)
            if int(dataset.SamplesPerPixel) > _MOST_SAMPLES:
                raise DecodeError("a DICOM image with more than four samples a pixel")
            self._codec = Codec(file)
            # A codestream may say something else than the header.
            self.width, self.height = int(dataset.Columns), int(dataset.Rows)
            check_pixels(self.width, self.height, limits)
            self.frame_count = self._codec.frame_count

    @property
    def is_truncated(self) -> bool:
        """The end of the pixels is missing, as far as is known until now, and was filled in."""
        return self._codec.is_truncated

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
        with reading():
            stored, interpretation = self._codec.decode(frame)
            digest = hashlib.sha256(self._encoded(frame, stored)).hexdigest()
            shown = _shown(stored, interpretation, self._dataset, frame)
            if self._codec.is_encapsulated and self.is_truncated and _is_lost(shown):
                raise DecodeError("a truncated DICOM frame with next to no pixels")
            image = Image.fromarray(shown)
            image = shrink(image, target).convert("RGB")
            return np.asarray(image, dtype=np.uint8), digest

    def _encoded(self, frame: int, stored: NDArray[Any]) -> bytes:
        if not self._codec.is_encapsulated:
            return stored.tobytes()
        return self._codec.encoded(frame)


def _is_lost(shown: NDArray[np.uint8]) -> bool:
    """Whether nearly all rows are what a decoder put in the place of those that are missing."""
    same = (shown == shown[-1:]).reshape(len(shown), -1).all(axis=1)
    return bool(same.mean() > _MOST_LOST)


def _shown(
    stored: NDArray[Any], interpretation: str, dataset: Dataset, frame: int
) -> NDArray[np.uint8]:
    """Shape (h, w) for grey, (h, w, 3) for colour."""
    if interpretation == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        _with_sign(dataset)
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


def _with_sign(dataset: Dataset) -> None:
    """Places of a palette are signed where pixels are, though often written without a sign."""
    for name in ("Red", "Green", "Blue") if dataset.PixelRepresentation else ():
        told = dataset.get(f"{name}PaletteColorLookupTableDescriptor")
        if told is not None and told[1] >= _HALF:
            told[1] -= 2 * _HALF


def _eight_bits(samples: NDArray[Any], bits: int) -> Pixels:
    if samples.dtype != np.uint8:
        samples = samples >> max(0, bits - 8)
    return np.ascontiguousarray(samples, dtype=np.uint8)
