"""The coding of the pixels of a DICOM file, and who decodes it.

The bytes of a frame tell how it is coded; the transfer syntax counts only where they do not. Most
decoders are pydicom's, with the plug-ins that are installed; what it has none for is in
:mod:`medsift.sources.dicom.jpeg`. Where one of them gives up on a frame the next one is asked,
since they differ in what they forgive.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from medsift.core.errors import DecodeError, UnsupportedError
from medsift.sources.dicom import coding, jpeg
from medsift.sources.dicom.bits import values_of
from medsift.sources.dicom.codestream import believe, codestream_of
from medsift.sources.dicom.coding import Coding, coding_of
from medsift.sources.dicom.elements import DicomFile
from medsift.sources.dicom.frames import fragments, is_encapsulated
from medsift.sources.dicom.mending import is_open, mended
from medsift.sources.dicom.native import (
    NativeFrames,
    announced_frames,
    frame_bits,
    pixel_options,
)
from medsift.sources.dicom.packed import PackedFrames, holds_samples

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.pixels import Decoder

_PREFERRED = ("pydicom", "pillow", "pylibjpeg", "pyjpegls")
# Ends the process on some damaged files, so only where nobody else can: lossless JPEG, and
# JPEG-LS that all others refuse.
_LAST = "gdcm"
_RAW = ""


class Codec:
    """Decodes the frames of one file.

    Parameters
    ----------
    file : DicomFile
        With pixels.

    Attributes
    ----------
    is_encapsulated : bool
        Frames are files of their own, of some image format; raw samples otherwise.
    plugins : list of str
        Who can decode it, in the order in which they are asked.
    frame_count : int
        Of frames that are there.
    is_truncated : bool
        The end of the pixels is missing.

    Raises
    ------
    UnsupportedError
        No decoder for the coding is installed.
    DecodeError
        There are next to no pixels, or they are of no known coding.
    """

    def __init__(self, file: DicomFile) -> None:
        pixels = file.pixels
        if pixels is None:
            raise DecodeError("a DICOM image without pixels")
        self._dataset = file.dataset
        self._options = pixel_options(file.dataset)
        announced = announced_frames(file.dataset)
        whole = -(-frame_bits(self._options) * announced // 8)
        self._native: NativeFrames | None = None
        self._packed: PackedFrames | None = None
        self._decoder: Decoder | None = None
        self.plugins = [_RAW]
        self.is_encapsulated = is_encapsulated(pixels, whole)
        if not self.is_encapsulated:
            self._native = NativeFrames(file, pixels)
            self.frame_count = self._native.frame_count
            self.is_truncated = self._native.is_truncated
            return
        self._frames = fragments(pixels, file.dataset, announced)
        there = len(self._frames.frames)
        if not there:
            raise DecodeError("a DICOM image without pixels")
        self.frame_count = min(announced, there) if announced > 1 else there
        self.is_truncated = self._frames.is_cut or self.frame_count < announced
        first = next((self._frames[at] for at in range(there)), b"")
        declared = str(file.dataset.file_meta.TransferSyntaxUID)
        told = coding_of(first, declared)
        if told is None and holds_samples(first, declared, frame_bits(self._options)):
            self._packed = PackedFrames(file, self._frames, declared)
            return
        self._coding = told or self._told(declared)
        found = codestream_of(first, self._coding.syntax, file.dataset)
        if found is not None:
            believe(found, file.dataset)
            self._options = pixel_options(file.dataset)
        self._choose()

    def encoded(self, frame: int) -> bytes:
        """The bytes of a frame of an encapsulated file."""
        return self._frames[frame]

    def decode(self, frame: int) -> tuple[NDArray[Any], str]:
        """Decode a frame.

        Returns
        -------
        stored : ndarray, shape (h, w) or (h, w, samples)
            Values as stored.
        interpretation : str
            How they are to be read: photometric interpretation after decoding.
        """
        if self._native is not None:
            return self._native.decode(frame)
        if self._packed is not None:
            return self._packed.decode(frame)
        encoded = self.encoded(frame)
        self.is_truncated |= is_open(encoded, self._coding.syntax)
        try:
            return self._decoded(encoded)
        except Exception:
            whole = mended(encoded, self._coding.syntax, self._dataset)
            if whole is None:
                raise
        self.is_truncated = True
        return self._decoded(whole)

    @staticmethod
    def _told(declared: str) -> Coding:
        from pydicom.uid import UID

        if UID(declared).is_transfer_syntax and not UID(declared).is_encapsulated:
            raise DecodeError("a DICOM image of items whose coding is not known")
        return Coding(declared)

    def _choose(self) -> None:
        syntax = self._coding.syntax
        if syntax in jpeg.XL_NAMES:
            self.plugins = _plugins_for_xl(syntax)
            return
        self._decoder = _decoder(syntax)
        if self._coding.syntax in {coding.BASELINE, coding.RLE}:
            self._options["correct_unused_bits"] = False
        if self._coding.syntax == coding.BASELINE:
            self._options |= {"bits_allocated": 8, "bits_stored": 8}
        self.plugins = _plugins(self._decoder, self._coding, self._options)

    def _decoded(self, encoded: bytes) -> tuple[NDArray[Any], str]:
        *others, last = self.plugins
        for plugin in others:
            try:
                result = self._by(plugin, encoded)
            except Exception:  # noqa: BLE001, S112  the next one may do, and the last one tells
                continue
            self._prefer(plugin)
            return result
        result = self._by(last, encoded)
        self._prefer(last)
        return result

    def _by(self, plugin: str, encoded: bytes) -> tuple[NDArray[Any], str]:
        from pydicom.encaps import encapsulate

        if self._decoder is None:
            return jpeg.xl(encoded, self._dataset)
        if plugin == jpeg.GUESSING:
            return jpeg.guessed(encoded)
        if plugin == jpeg.PLUGIN:
            return jpeg.decoded(encoded, self._coding, self._dataset)
        stored, properties = self._decoder.as_array(
            encapsulate([encoded], has_bot=False),
            index=0,
            decoding_plugin=plugin,
            **self._options,
        )
        if self._coding.syntax == coding.RLE or _is_too_high(self._coding, self._dataset):
            stored = values_of(stored, self._dataset)
        return stored, str(properties["photometric_interpretation"])

    def _prefer(self, plugin: str) -> None:
        self.plugins.sort(key=lambda name: name != plugin)


def _is_too_high(found: Coding, dataset: Dataset) -> bool:
    """Whether values stand in the upper bits of samples that were coded with all their bits."""
    bits = int(dataset.BitsStored)
    return found.bits > bits and int(dataset.get("HighBit") or bits - 1) != bits - 1


def _decoder(syntax: str) -> Decoder:
    from pydicom.pixels import get_decoder

    try:
        return get_decoder(syntax)
    except NotImplementedError:
        raise UnsupportedError(f"transfer syntax {_name(syntax)} is not read") from None


def _plugins(decoder: Decoder, found: Coding, options: dict[str, Any]) -> list[str]:
    from pydicom import uid

    available = set(decoder.available_plugins)
    extra = "dicom"
    bits = found.bits or int(options["bits_stored"])
    if bits > 8:
        # Plug-ins offer to decode these, and cannot.
        if found.syntax == coding.EXTENDED:
            available = set()
            extra = "jpeg12"
        if decoder.UID in uid.JPEG2000TransferSyntaxes and int(options["samples_per_pixel"]) > 1:
            available -= {"pillow"}
    if found.syntax in jpeg.SYNTAXES and find_spec(jpeg.PLUGIN):
        available |= {jpeg.PLUGIN}
    plugins = [name for name in (*_PREFERRED, jpeg.PLUGIN) if name in available]
    if _LAST in available and found.syntax in _OF_THE_LAST:
        plugins.append(_LAST)
    if found.syntax == coding.BASELINE:
        plugins.append(jpeg.GUESSING)
    if not plugins:
        raise UnsupportedError(
            f"no decoder for transfer syntax {_name(found.syntax)}"
            f"{' of more than 8 bits' if extra == 'jpeg12' else ''};"
            f" pip install 'medsift[{extra}]' adds one"
        )
    return plugins


_OF_THE_LAST = frozenset(
    {coding.LOSSLESS, coding.LOSSLESS_FIRST_ORDER, coding.LS_LOSSLESS, coding.LS_LOSSY}
)


def _plugins_for_xl(syntax: str) -> list[str]:
    if not find_spec(jpeg.PLUGIN):
        raise UnsupportedError(
            f"no decoder for transfer syntax {_name(syntax)};"
            " pip install 'medsift[jpegxl]' adds one"
        )
    return [jpeg.PLUGIN]


def _name(syntax: str) -> str:
    from pydicom.uid import UID

    # A private one may be anything that somebody wrote there.
    return "private" if UID(syntax).is_private else str(jpeg.XL_NAMES.get(syntax, UID(syntax).name))
