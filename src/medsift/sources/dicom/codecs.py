"""The coding of the pixels of a DICOM file, and who decodes it.

Most decoders are pydicom's, with the plug-ins that are installed; what it has none for is in
:mod:`medsift.sources.dicom.jpeg`. Where one of them gives up on a frame the next one is asked,
since they differ in what they forgive.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from medsift.core.errors import UnsupportedError
from medsift.sources.dicom import jpeg

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.pixels import Decoder

_PREFERRED = ("pydicom", "pillow", "pylibjpeg", "pyjpegls")
# Ends the process on some damaged files, so only where nobody else can: lossless JPEG.
_LAST = "gdcm"
_RAW = ""


class Codec:
    """Decodes the frames of one file.

    Parameters
    ----------
    dataset : Dataset
        With pixels.

    Attributes
    ----------
    is_encapsulated : bool
        Frames are files of their own, of some image format; raw samples otherwise.
    plugins : list of str
        Who can decode it, in the order in which they are asked.

    Raises
    ------
    UnsupportedError
        No decoder for the transfer syntax is installed.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._decoder: Decoder | None = None
        if dataset.file_meta.TransferSyntaxUID in jpeg.XL_NAMES:
            self.is_encapsulated = True
            self.plugins = _plugins_for_xl(dataset)
            return
        self._decoder = _decoder(dataset)
        self.is_encapsulated = bool(self._decoder.UID.is_encapsulated)
        self.plugins = _plugins(self._decoder, dataset)

    def decode(self, frame: int) -> tuple[NDArray[Any], str]:
        """Decode a frame.

        Returns
        -------
        stored : ndarray, shape (h, w) or (h, w, samples)
            Values as stored.
        interpretation : str
            How they are to be read: photometric interpretation after decoding.
        """
        *others, last = self.plugins
        for plugin in others:
            try:
                result = self._by(plugin, frame)
            except Exception:  # noqa: BLE001, S112  the next one may do, and the last one tells
                continue
            self._prefer(plugin)
            return result
        result = self._by(last, frame)
        self._prefer(last)
        return result

    def _by(self, plugin: str, frame: int) -> tuple[NDArray[Any], str]:
        if self._decoder is None:
            return jpeg.xl(encoded_frame(self._dataset, frame), self._dataset)
        if plugin == jpeg.PLUGIN:
            return jpeg.twelve_bits(encoded_frame(self._dataset, frame), self._dataset)
        stored, properties = self._decoder.as_array(
            self._dataset, index=frame, decoding_plugin=plugin, allow_excess_frames=False
        )
        return stored, str(properties["photometric_interpretation"])

    def _prefer(self, plugin: str) -> None:
        self.plugins.sort(key=lambda name: name != plugin)


def encoded_frame(dataset: Dataset, frame: int) -> bytes:
    """Get the encoded bytes of a frame of an encapsulated file."""
    from pydicom.encaps import get_frame

    count = max(1, int(dataset.get("NumberOfFrames") or 1))
    return bytes(get_frame(dataset.PixelData, frame, number_of_frames=count))


def _decoder(dataset: Dataset) -> Decoder:
    from pydicom.pixels import get_decoder

    try:
        return get_decoder(dataset.file_meta.TransferSyntaxUID)
    except NotImplementedError:
        raise UnsupportedError(f"transfer syntax {_name(dataset)} is not read") from None


def _plugins(decoder: Decoder, dataset: Dataset) -> list[str]:
    from pydicom import uid

    if not decoder.UID.is_encapsulated:
        return [_RAW]
    found = set(decoder.available_plugins)
    extra = "dicom"
    if int(dataset.BitsStored) > 8:
        # Plug-ins offer to decode these, and cannot.
        if uid.JPEGExtended12Bit == decoder.UID:
            found = {jpeg.PLUGIN} if find_spec(jpeg.PLUGIN) else set()
            extra = "jpeg12"
        if decoder.UID in uid.JPEG2000TransferSyntaxes and int(dataset.SamplesPerPixel) > 1:
            found -= {"pillow"}
    plugins = [name for name in (*_PREFERRED, jpeg.PLUGIN) if name in found]
    if not plugins and _LAST in found:
        plugins = [_LAST]
    if not plugins:
        raise UnsupportedError(
            f"no decoder for transfer syntax {_name(dataset)}"
            f"{' of more than 8 bits' if extra == 'jpeg12' else ''};"
            f" pip install 'medsift[{extra}]' adds one"
        )
    return plugins


def _plugins_for_xl(dataset: Dataset) -> list[str]:
    if not find_spec(jpeg.PLUGIN):
        raise UnsupportedError(
            f"no decoder for transfer syntax {_name(dataset)};"
            " pip install 'medsift[jpegxl]' adds one"
        )
    return [jpeg.PLUGIN]


def _name(dataset: Dataset) -> str:
    # A private one may be anything that somebody wrote there.
    syntax = dataset.file_meta.TransferSyntaxUID
    return "private" if syntax.is_private else str(jpeg.XL_NAMES.get(syntax, syntax.name))
