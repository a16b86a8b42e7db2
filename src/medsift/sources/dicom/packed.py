"""Frames of samples as they are, each in an item of its own, deflated or not, PS3.5 annex A.4."""

from __future__ import annotations

import zlib
from typing import Any

from numpy.typing import NDArray

from medsift.core.errors import DecodeError
from medsift.sources.dicom.elements import DicomFile, PixelElement
from medsift.sources.dicom.frames import Fragments
from medsift.sources.dicom.native import NativeFrames, frame_bits, pixel_options

_PLAIN = "1.2.840.10008.1.2.1.98"
_DEFLATED = "1.2.840.10008.1.2.8.1"


def holds_samples(frame: bytes, declared: str, bits: int) -> bool:
    """Whether a frame of no known coding is samples as they are.

    Parameters
    ----------
    frame : bytes
    declared : str
        The transfer syntax.
    bits : int
        That the samples of a frame take.
    """
    if declared in {_PLAIN, _DEFLATED}:
        return True
    length = -(-bits // 8)
    return length > 0 and length <= len(frame) <= length + length % 2


class PackedFrames:
    """Frames that are items of samples.

    Parameters
    ----------
    file : DicomFile
    frames : Fragments
        Of the file.
    declared : str
        The transfer syntax.
    """

    def __init__(self, file: DicomFile, frames: Fragments, declared: str) -> None:
        self._file = file
        self._frames = frames
        self._is_deflated = declared == _DEFLATED

    def decode(self, frame: int) -> tuple[NDArray[Any], str]:
        """Values of a frame as stored, and how they are to be read.

        Raises
        ------
        DecodeError
            Next to nothing of the frame is there.
        """
        data = self._frames[frame]
        if self._is_deflated:
            length = -(-frame_bits(pixel_options(self._file.dataset)) // 8)
            try:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, length)
            except zlib.error:
                raise DecodeError("a deflated DICOM frame that is damaged") from None
        pixels = PixelElement("PixelData", "OW", memoryview(data))
        return NativeFrames(self._file, pixels, 1).decode(0)
