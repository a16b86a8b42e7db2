"""DICOM files for tests: made here, or shipped by pydicom."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset

from medsift.core.picture import Finding, Picture, Provenance
from medsift.sources import dicom
from medsift.sources.base import Blob, Context
from medsift.sources.dicom.codecs import Codec
from medsift.sources.dicom.dataset import parse

PATIENT = "Doe^Secret"
WHERE = Provenance(source="a.dcm")


def dataset(values: np.ndarray[Any, Any], **elements: object) -> Dataset:
    """A secondary capture of these samples; (h, w), (h, w, 3) or (n, h, w) when Frames is set."""
    frames = elements.get("NumberOfFrames")
    shape = values.shape[1:] if frames else values.shape
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    made.SOPClassUID = uid.SecondaryCaptureImageStorage
    made.SOPInstanceUID = "1.2.3"
    made.PatientName = PATIENT
    made.Modality = "CT"
    made.Rows, made.Columns = shape[:2]
    made.SamplesPerPixel = 3 if len(shape) == 3 else 1
    made.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if len(shape) == 3:
        made.PlanarConfiguration = 0
    bits = values.dtype.itemsize * 8
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = int(values.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    made.PixelData = values.tobytes()
    return made


def written(made: Dataset) -> bytes:
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


def read(data: bytes, **context: Any) -> list[Finding]:
    return list(dicom.read(Blob(WHERE, data=data), Context(**context)))


def codec_of(data: bytes) -> Codec:
    return Codec(parse(Blob(WHERE, data=data), Context()))


def only(made: Dataset | bytes) -> Picture:
    (found,) = read(made if isinstance(made, bytes) else written(made))
    assert isinstance(found, Picture)
    return found


def sample(name: str) -> bytes:
    """One of the files that pydicom ships."""
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def ramp(dtype: str = "uint16", top: int = 4095, low: int = 0) -> np.ndarray[Any, Any]:
    return np.tile(np.linspace(low, top, 64), (48, 1)).astype(dtype)
