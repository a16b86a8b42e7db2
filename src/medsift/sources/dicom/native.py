"""Samples that stand in the file as they are, PS3.5 section 8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import DecodeError
from medsift.sources.dicom import models
from medsift.sources.dicom.bits import values_of
from medsift.sources.dicom.elements import DicomFile, PixelElement

if TYPE_CHECKING:
    from pydicom import Dataset

_MOST_MISSING = 0.9
"""Share of a frame that may be missing for it to be worth a look."""

_HALVED = "YBR_FULL_422"
_LAST_GROUP = 0x7FE0  # nothing but padding and signatures follows the pixels
_MOST_SAMPLES = 1 << 20
_MOST_GREY = 0.98


class NativeFrames:
    """The frames of a file whose samples are not compressed.

    Parameters
    ----------
    file : DicomFile
    pixels : PixelElement
        Of the file.
    announced : int
        Of frames; 0 where the header tells.

    Attributes
    ----------
    frame_count : int
        Of frames that are there, the last one maybe not all of it.
    is_truncated : bool
        The end of the pixels is missing, and is filled in.

    Raises
    ------
    DecodeError
        Next to nothing is there.
    """

    def __init__(self, file: DicomFile, pixels: PixelElement, announced: int = 0) -> None:
        self._dataset = file.dataset
        self._is_little = file.encoding.is_little
        announced = announced or announced_frames(file.dataset)
        self._options = _options(file.dataset, pixels, announced)
        announced = _held(self._options, pixels, announced)
        self._data: bytes | memoryview = _samples(
            pixels, -(-frame_bits(self._options) * announced // 8), file.encoding.is_little
        )
        if not len(self._data):
            raise DecodeError("a DICOM image without pixels")
        length = max(1, frame_bits(self._options) // 8)
        self.frame_count = max(1, min(announced, -(-len(self._data) // length)))
        missing = -(-frame_bits(self._options) * self.frame_count // 8) - len(self._data)
        self.is_truncated = missing > 0 or self.frame_count < announced
        if missing > _MOST_MISSING * length:
            raise DecodeError("a truncated DICOM file with next to no pixels")
        if missing > 0:
            self._data = bytes(self._data) + bytes(missing + missing % 2)
        self._options["number_of_frames"] = self.frame_count

    def decode(self, frame: int) -> tuple[NDArray[Any], str]:
        """Values of a frame as stored, and how they are to be read."""
        from pydicom import uid
        from pydicom.pixels import get_decoder

        if models.is_ours(self._options):
            samples = models.one_frame(
                self._data, frame, self._options, self._is_little, int(self._dataset.BitsStored)
            )
            is_grey = samples.ndim == 2
            return samples, str(self._dataset.PhotometricInterpretation) if is_grey else "RGB"
        syntax = uid.ExplicitVRLittleEndian if self._is_little else uid.ExplicitVRBigEndian
        stored, properties = get_decoder(syntax).as_array(
            self._data, index=frame, allow_excess_frames=False, **self._options
        )
        return values_of(stored, self._dataset), str(properties["photometric_interpretation"])


def announced_frames(dataset: Dataset) -> int:
    """How many frames the header says that there are."""
    try:
        return max(1, int(dataset.get("NumberOfFrames") or 1))
    except (TypeError, ValueError):
        return 1


def pixel_options(dataset: Dataset) -> dict[str, Any]:
    """What pydicom's decoders want to know, of one frame."""
    from pydicom.pixels.utils import as_pixel_options

    options: dict[str, Any] = as_pixel_options(dataset, number_of_frames=1)
    options.pop("extended_offsets", None)
    options["bits_stored"] = min(options["bits_stored"], options["bits_allocated"])
    return options


def frame_bits(options: dict[str, Any]) -> int:
    """Of one frame whose samples are not compressed."""
    bits = int(options["rows"] * options["columns"] * options["samples_per_pixel"])
    bits *= int(options["bits_allocated"])
    is_halved = options["photometric_interpretation"] in models.HALVED
    return bits // 3 * 2 if is_halved else bits


def _options(dataset: Dataset, pixels: PixelElement, announced: int) -> dict[str, Any]:
    options = pixel_options(dataset)
    options |= {"pixel_keyword": pixels.keyword, "pixel_vr": pixels.vr}
    if pixels.keyword == "PixelData":
        # All bits of the samples, as they are: which of them count is told later.
        _fit(options, pixels, announced, int(dataset.BitsStored))
        options |= {"bits_stored": options["bits_allocated"], "pixel_representation": 0}
        options["correct_unused_bits"] = False
    return options


def _held(options: dict[str, Any], pixels: PixelElement, announced: int) -> int:
    """How many frames there are: more than announced where they fill the value to its end."""
    bits, there = frame_bits(options), len(pixels.value)
    if pixels.keyword != "PixelData" or not bits or bits % 8:
        return announced
    count, rest = divmod(there * 8, bits)
    return count if count > announced and rest in {0, 8} else announced


def _samples(pixels: PixelElement, needed: int, is_little: bool) -> memoryview:
    """The value; or what follows, where its length is too small and no element does."""
    value, rest = pixels.value, pixels.rest
    if len(value) >= needed or len(rest) < needed:
        return value
    group = int.from_bytes(rest[len(value) : len(value) + 2], "little" if is_little else "big")
    return value if group >= _LAST_GROUP else rest[:needed]


def _fit(options: dict[str, Any], pixels: PixelElement, frames: int, stored: int) -> None:
    """Correct what the length of complete pixels shows to be wrong."""
    if pixels.is_cut or options["bits_allocated"] % 8:
        return
    for change in _changes(options):
        needed = frame_bits(options | change) // 8 * frames
        if not needed <= len(pixels.value) <= needed + needed % 2:
            continue
        if not _speaks_against(change, pixels.value, stored):
            options |= change
            return


def _speaks_against(change: dict[str, Any], value: memoryview, stored: int) -> bool:
    """Whether the samples do not look as they would if the header were wrong in this way."""
    sample = np.frombuffer(value[:_MOST_SAMPLES], np.uint8).astype(np.int16)
    if change.get("bits_allocated") == 8:
        # Neighbouring bytes would be neighbouring samples, and not halves of one.
        return _distance(sample, 1) > _distance(sample, 2)
    if change.get("bits_allocated") == 16 and stored <= 8:
        # Lower bytes would be as good as noise between upper ones; or these are two frames.
        return _distance(sample, 1) < 2 * _distance(sample, 2)
    if change.get("samples_per_pixel") == 3:
        # Every third sample would be of one colour; and of greys all three are the same.
        triples = sample[: sample.size // 3 * 3].reshape(-1, 3)
        is_grey = (triples == triples[:, :1]).all(axis=1).mean() > _MOST_GREY
        return not is_grey and _distance(sample, 3) >= _distance(sample, 1)
    return False


def _distance(samples: NDArray[np.int16], step: int) -> float:
    return float(np.abs(samples[step:] - samples[:-step]).mean())


def _changes(options: dict[str, Any]) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = [{}]
    if options["photometric_interpretation"] == _HALVED:
        changes.append({"photometric_interpretation": "YBR_FULL"})
    elif options["photometric_interpretation"] == "YBR_FULL":
        changes.append({"photometric_interpretation": _HALVED})
    if options["bits_allocated"] == 16:
        changes.append({"bits_allocated": 8})
    elif options["bits_allocated"] == 8:
        changes.append({"bits_allocated": 16})
    if options["samples_per_pixel"] == 1 and options["bits_allocated"] == 8:
        changes.append(
            {
                "samples_per_pixel": 3,
                "photometric_interpretation": "RGB",
                "planar_configuration": 0,
            }
        )
    if options["samples_per_pixel"] == 3:
        changes.append({"samples_per_pixel": 1, "photometric_interpretation": "MONOCHROME2"})
    return changes
