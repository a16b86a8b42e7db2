"""DICOM files are parsed within bounds, and what old ones leave out is filled in."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from medsift.core.errors import LimitError
from medsift.core.limits import MIB
from medsift.decode.guard import check_bytes, contained
from medsift.sources.base import Blob, Context

if TYPE_CHECKING:
    from pydicom import Dataset

WHAT = "DICOM file"

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

DEFLATED = b"1.2.840.10008.1.2.1.99"
META_AT = 132  # preamble and DICM
_CHUNK = 1 * MIB

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


def parse(blob: Blob, context: Context) -> Dataset:
    """Read a file with all its elements.

    Raises
    ------
    LimitError
        It is too long, or inflates to too much.
    DecodeError
        It is damaged.
    """
    check_bytes(blob.size(), context.limits)
    with blob.open() as stream, contained(WHAT, tell_details=False):
        _check_inflation(stream, context)
        stream.seek(0)
        return _completed(_parsed(stream))


def has_pixels(dataset: Dataset) -> bool:
    """Whether there is an image in the file."""
    with contained(WHAT, tell_details=False):
        return any(keyword in dataset for keyword in PIXEL_KEYWORDS)


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


def _parsed(stream: BinaryIO) -> Dataset:
    from pydicom import dcmread

    # Forced: files of before part 10 have no preamble, and were told by their elements.
    return dcmread(stream, force=True)


def _completed(dataset: Dataset) -> Dataset:
    """Fill in what files of before part 10 leave to the reader, as pydicom needs it."""
    from pydicom import uid

    if not hasattr(dataset, "file_meta"):
        from pydicom.dataset import FileMetaDataset

        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        is_implicit, is_little = dataset.original_encoding
        if is_implicit:
            syntax = uid.ImplicitVRLittleEndian
        else:
            syntax = uid.ExplicitVRLittleEndian if is_little else uid.ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = syntax
    if any(keyword in dataset for keyword in PIXEL_KEYWORDS):
        for keyword, value in _image_defaults(dataset):
            if dataset.get(keyword) in {None, ""}:
                setattr(dataset, keyword, value)
    return dataset


def _image_defaults(dataset: Dataset) -> Iterator[tuple[str, Any]]:
    # In this order: later ones build on those before.
    yield "SamplesPerPixel", 1
    yield "PhotometricInterpretation", "RGB" if dataset.SamplesPerPixel == 3 else "MONOCHROME2"
    yield "BitsAllocated", 16
    yield "BitsStored", dataset.BitsAllocated
    yield "PixelRepresentation", 0
    if dataset.SamplesPerPixel == 3:
        yield "PlanarConfiguration", 0


def _check_inflation(stream: BinaryIO, context: Context) -> None:
    """Inflate a deflated file without keeping it: pydicom would do it without a bound."""
    head = stream.read(4096)
    if DEFLATED not in head:
        return
    # (0002,0000) UL: how long the group of the file meta information is.
    length = int.from_bytes(head[META_AT + 8 : META_AT + 12], "little")
    stream.seek(META_AT + 12 + length)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    while piece := inflate.unconsumed_tail or stream.read(_CHUNK):
        grown = len(inflate.decompress(piece, _CHUNK))
        total += grown
        context.budget.spend(inflated_bytes=grown)
        if total > context.limits.file_bytes:
            raise LimitError(f"inflates to more than {context.limits.file_bytes // MIB} MiB")
        if inflate.eof:
            return
