"""DICOM files are parsed within bounds, and what old ones leave out is filled in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from medsift.core.errors import DecodeError
from medsift.decode.guard import check_bytes, contained
from medsift.sources.base import Blob, Context
from medsift.sources.dicom.elements import DicomFile, parsed
from medsift.sources.dicom.lost_pixels import found, is_image

if TYPE_CHECKING:
    from pydicom import Dataset

WHAT = "DICOM file"

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

# Defined Terms of Modality (0008,0060), DICOM PS3.3 C.7.3.1.1.1, with retired ones. Nothing
# else is passed on: the field is free text to whoever wrote the file.
_MODALITIES = frozenset({
    "ANN", "AR", "ASMT", "AU", "BDUS", "BI", "BMD", "CF", "CR", "CT", "CTPROTOCOL", "DD", "DF",
    "DG", "DM", "DMS", "DOC", "DS", "DX", "EC", "ECG", "EEG", "EMG", "EOG", "EPS", "ES", "FA",
    "FID", "FS", "GM", "HC", "HD", "IO", "IOL", "IVOCT", "IVUS", "KER", "KO", "LEN", "LP", "LS",
    "M3D", "MA", "MG", "MR", "MS", "NM", "OAM", "OCT", "OP", "OPM", "OPR", "OPT", "OPTBSV",
    "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN", "POS", "PR", "PT", "PX", "REG", "RESP", "RF", "RG",
    "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN", "RTRAD", "RTRECORD", "RTSEGANN", "RTSTRUCT", "RWV",
    "SEG", "SM", "SMR", "SR", "SRF", "ST", "STAIN", "TEXTUREMAP", "TG", "US", "VA", "VF", "XA",
    "XAPROTOCOL", "XC",
})  # fmt: skip
_PHOTOMETRIC = frozenset({
    "MONOCHROME1", "MONOCHROME2", "RGB", "ARGB", "CMYK", "HSV", "YBR_FULL", "YBR_FULL_422",
    "YBR_PARTIAL_420", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT", "XYB", "PALETTE COLOR",
})  # fmt: skip


_NEVER_ZERO = frozenset({"SamplesPerPixel", "BitsAllocated", "BitsStored"})


@contextmanager
def reading() -> Iterator[None]:
    """Run pydicom: it raises nothing but :class:`medsift.core.errors.InputError`.

    What it has not implemented is no kind of file, but a value representation that nobody has:
    the file is damaged, not unsupported.
    """
    with contained(WHAT, tell_details=False):
        try:
            yield
        except NotImplementedError:
            raise DecodeError(f"damaged {WHAT}") from None


def parse(blob: Blob, context: Context) -> DicomFile:
    """Read a file with all its elements.

    Returns
    -------
    DicomFile
        What old files leave out is filled in.

    Raises
    ------
    LimitError
        It is too long, or inflates to too much.
    DecodeError
        It is damaged, or it is an image whose pixels are not there.
    """
    check_bytes(blob.size(), context.limits)
    data = blob.read(context.limits)
    with reading():
        file = parsed(data, context)
        if file.pixels is None:
            file = found(file)
        if file.pixels is not None:
            _complete(file.dataset)
        elif is_image(file):
            raise DecodeError("a DICOM image whose pixels are missing or cannot be found")
        return file


def encapsulated_pdf(dataset: Dataset) -> bytes | None:
    """Get the document that the file wraps, if it is a PDF."""
    with contained(WHAT, tell_details=False):
        document = dataset.get("EncapsulatedDocument")
        if not isinstance(document, bytes) or b"%PDF-" not in document[:1024]:
            return None
        return document


def modality(dataset: Dataset) -> str:
    """Get the code of the modality, if it is one of the standard's."""
    return _one_of(_MODALITIES, dataset, "Modality")


def photometric_interpretation(dataset: Dataset) -> str:
    """How the header says that samples are to be read, if it is one of the standard's."""
    return _one_of(_PHOTOMETRIC, dataset, "PhotometricInterpretation")


def _one_of(terms: frozenset[str], dataset: Dataset, keyword: str) -> str:
    with contained(WHAT, tell_details=False):
        value = str(dataset.get(keyword) or "").strip().upper()
    return value if value in terms else ""


def _complete(dataset: Dataset) -> None:
    """Fill in what files of before part 10 leave to the reader, as pydicom needs it."""
    try:
        int(dataset.get("NumberOfFrames") or 1)
    except (TypeError, ValueError):
        del dataset.NumberOfFrames  # then what is there counts
    for keyword, value in _image_defaults(dataset):
        if dataset.get(keyword) in {None, ""} or _is_impossible(dataset, keyword):
            setattr(dataset, keyword, value)
    if dataset.PhotometricInterpretation not in _PHOTOMETRIC:
        dataset.PhotometricInterpretation = _likely_interpretation(dataset)


def _is_impossible(dataset: Dataset, keyword: str) -> bool:
    return keyword in _NEVER_ZERO and not dataset.get(keyword)


def _likely_interpretation(dataset: Dataset) -> str:
    return "RGB" if dataset.SamplesPerPixel == 3 else "MONOCHROME2"


def _image_defaults(dataset: Dataset) -> Iterator[tuple[str, Any]]:
    # In this order: later ones build on those before.
    yield "SamplesPerPixel", 1
    yield "PhotometricInterpretation", _likely_interpretation(dataset)
    yield "BitsAllocated", 16
    yield "BitsStored", dataset.BitsAllocated
    yield "PixelRepresentation", 0
    if dataset.SamplesPerPixel == 3:
        yield "PlanarConfiguration", 0
