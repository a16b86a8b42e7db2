"""The few elements of a DICOM header that tell which files belong together.

Read before any worker is at work, so within tight bounds: a fixed number of bytes, no pixels.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.core.errors import InputError
from medsift.core.limits import KIB, MIB
from medsift.decode.guard import contained
from medsift.decode.sniff_dicom import is_dicom
from medsift.sources.dicom.dataset import WHAT
from medsift.sources.dicom.elements import DEFLATED

if TYPE_CHECKING:
    from pydicom import Dataset

_NEAR, _FAR = 64 * KIB, 2 * MIB
"""Bytes in which the elements are looked for: first in few, then, if need be, in more."""

_LONGEST_UID = 64  # PS3.5, section 9.1
_META_AT = 132  # preamble and DICM
_ROWS = 0x00280010
_SERIES = 0x0020000E
_NUMBER = 0x00200013


@dataclass(frozen=True, slots=True)
class Slice:
    """What places an image in its series.

    Attributes
    ----------
    series : str
        SeriesInstanceUID; for comparison only, as it may lead to a patient.
    number : int
        InstanceNumber; 0 where there is none.
    """

    series: str = field(repr=False)
    number: int = 0


def slice_of(path: Path) -> Slice | None:
    """Tell the place of a file in its series; None where it is no DICOM image of a series."""
    for most in (_NEAR, _FAR):
        try:
            with path.open("rb") as stream:
                head = stream.read(most)
        except OSError:
            return None  # whoever reads it for its pictures will say so
        if not is_dicom(head):
            return None
        try:
            with contained(WHAT, tell_details=False):
                dataset = _parsed(head)
                found = _slice(dataset) if _ROWS in dataset else None
        except InputError:
            found = None
        if found is not None or len(head) < most:
            return found
    return None


def series_uid(dataset: Dataset) -> str:
    """SeriesInstanceUID, if it is one; empty otherwise."""
    value = dataset.get(_SERIES)
    uid = str(value.value or "").strip() if value is not None else ""
    return uid if len(uid) <= _LONGEST_UID else ""


def _slice(dataset: Dataset) -> Slice | None:
    uid = series_uid(dataset)
    number = dataset.get(_NUMBER)
    if not uid:
        return None
    return Slice(uid, int(number.value) if number is not None and number.value else 0)


def _parsed(head: bytes) -> Dataset:
    from pydicom.filereader import read_dataset, read_partial

    wanted = [_SERIES, _NUMBER, _ROWS]
    if head[:4] == b"DICM":
        head = head[4:]  # without its preamble, and pydicom would take the prefix for an element
    deflated = _inflated(head)
    if deflated is None:
        return read_partial(
            io.BytesIO(head),
            stop_when=lambda tag, _vr, _length: tag > _ROWS,
            force=True,
            specific_tags=list(wanted),
        )
    return read_dataset(
        io.BytesIO(deflated),
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _length: tag > _ROWS,
        specific_tags=list(wanted),
    )


def _inflated(head: bytes) -> bytes | None:
    """Start of the data set of a deflated file, as many bytes as were given; None of others."""
    if DEFLATED.encode() not in head[: 4 * KIB]:
        return None
    length = int.from_bytes(head[_META_AT + 8 : _META_AT + 12], "little")
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    return inflate.decompress(head[_META_AT + 12 + length :], len(head))
