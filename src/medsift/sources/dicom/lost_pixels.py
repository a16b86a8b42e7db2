"""Pixels that the elements of a file do not lead to, looked for in its bytes.

A length that is too large swallows what follows; then the group of the pixels is inside of
another element. Vendors put pixels into elements of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from medsift.sources.dicom.elements import (
    PIXEL_KEYWORDS,
    DicomFile,
    Elements,
    Encoding,
    PixelElement,
    Walk,
    pixels_at,
)

if TYPE_CHECKING:
    from pydicom import Dataset

_MOST_PLACES = 32
_MOST_STARTS = 32
_ITEM = b"\xfe\xff\x00\xe0"
# Samples per Pixel and Rows, PS3.3 C.7.6.3: one of them opens the description of the pixels.
_FIRST_OF_IMAGE = (0x00280002, 0x00280010)
# Spectroscopy Data, whose rows and columns count spectra, and Encapsulated Document.
_NO_IMAGES = (0x56000020, 0x00420011)
# How the names of storage classes end whose objects have pixels, PS3.4 annex B.5.
_IMAGES = ("Image Storage", "Segmentation Storage", "Parametric Map Storage")


def found(file: DicomFile) -> DicomFile:
    """The file with the pixels that its bytes hold, if they can be placed; as it is otherwise."""
    return _swallowed(file) or _private(file) or file


def is_image(file: DicomFile) -> bool:
    """Whether a file without pixels ought to have some, by its header or its bytes."""
    dataset = file.dataset
    if any(tag in dataset for tag in _NO_IMAGES):
        return False
    if _describes_pixels(dataset) or _is_of_image_class(dataset):
        return True
    return any(True for _ in _places(file.body, file.encoding))


def _swallowed(file: DicomFile) -> DicomFile | None:
    # The pixels of the file itself come last: before them there may be those of an icon.
    for at in islice(_places(file.body, file.encoding), _MOST_PLACES):
        taken = pixels_at(file.body, at, file.encoding)
        if taken is None or not _is_plausible(taken[0], file.encoding):
            continue
        if _describes_pixels(file.dataset):
            return replace(file, pixels=taken[0])
        for start in _starts(file.body, at, file.encoding):
            elements, end = Walk(file.body, file.encoding, start).header()
            if end == at:
                _add(file.dataset, elements)
                return replace(file, pixels=taken[0])
    return None


def _private(file: DicomFile) -> DicomFile | None:
    """Native pixels of the very length that the header asks for, or items, in a private element."""
    dataset = file.dataset
    if not _describes_pixels(dataset):
        return None
    try:
        length = dataset.Rows * dataset.Columns * int(dataset.get("SamplesPerPixel") or 1)
        length *= int(dataset.get("BitsAllocated") or 16) // 8
        length *= int(dataset.get("NumberOfFrames") or 1)
    except (TypeError, ValueError):
        return None
    for tag in sorted(dataset.keys(), reverse=True):
        if tag >> 16 < 0x7FE1 or not tag >> 16 & 1:
            continue
        value = dataset.get_item(tag).value
        if not isinstance(value, bytes):
            continue
        is_packed = value.startswith(_ITEM) and len(value) > 16
        if is_packed or (length and len(value) in {length, length + 1}):
            element = PixelElement("PixelData", "OW", memoryview(value), is_packed)
            return replace(file, pixels=element)
    return None


def _describes_pixels(dataset: Dataset) -> bool:
    return 0x00280010 in dataset and 0x00280011 in dataset


def _is_of_image_class(dataset: Dataset) -> bool:
    from pydicom.uid import UID

    classes = (dataset.get("SOPClassUID"), dataset.file_meta.get("MediaStorageSOPClassUID"))
    names = (UID(str(uid)).name for uid in classes if uid)
    return any(name.endswith(_IMAGES) and "Surface" not in name for name in names)


def _places(body: bytes, encoding: Encoding) -> Iterator[int]:
    """Where the tag of an element with pixels stands, the last first."""
    for tag in PIXEL_KEYWORDS:
        needle = _needle(tag, encoding)
        at = body.rfind(needle)
        while at >= 0:
            yield at
            at = body.rfind(needle, 0, at + len(needle) - 1)


def _starts(body: bytes, end: int, encoding: Encoding) -> list[int]:
    """Where the description of pixels may begin, before an offset."""
    found: set[int] = set()
    for tag in _FIRST_OF_IMAGE:
        needle = _needle(tag, encoding)
        at = body.find(needle, 0, end)
        while at >= 0 and len(found) < _MOST_STARTS:
            found.add(at)
            at = body.find(needle, at + 1, end)
    return sorted(found)


def _needle(tag: int, encoding: Encoding) -> bytes:
    return struct.pack(encoding.order + "HH", tag >> 16, tag & 0xFFFF)


def _is_plausible(element: PixelElement, encoding: Encoding) -> bool:
    if element.is_undefined:
        item = _ITEM if encoding.is_little else b"\xff\xfe\xe0\x00"
        return bytes(element.value[:4]) == item
    return len(element.value) > 0 and element.vr in {"OB", "OW", "UN", "OF", "OD"}


def _add(dataset: Dataset, elements: Elements) -> None:
    for tag, element in elements.items():
        if tag not in dataset:
            dataset[tag] = element
