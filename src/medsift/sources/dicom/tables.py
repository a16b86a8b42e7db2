"""Lookup tables of grey values: of the modality, PS3.3 C.11.1, and of interest, C.11.2.

What a table says of itself is often wrong. The entries that are there count, not the number
that is declared; and the greatest of them is white where the declared bits are more, or fewer,
than they need.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pydicom import Dataset

_EVERY = 1 << 16


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A table that can be used.

    Attributes
    ----------
    entries : ndarray of uint16, shape (n,)
    first : int
        The value that the first entry is for.
    top : int
        What is white.
    """

    entries: NDArray[np.uint16] = field(repr=False)
    first: int
    top: int

    def look_up(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """Entries for values; those outside get the first or the last."""
        if values.dtype.kind == "f":
            values = np.rint(np.nan_to_num(values))
        places = np.clip(values.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[places]


def usable_table(items: Any, dataset: Dataset) -> LookupTable | None:
    """The first table of a sequence that can be used.

    Parameters
    ----------
    items : sequence of Dataset or None
    dataset : Dataset
        That the sequence is of.
    """
    for item in items or ():
        try:
            table = _table(item, dataset)
        except (TypeError, ValueError, IndexError, AttributeError, KeyError, OverflowError):
            continue
        if table is not None:
            return table
    return None


def _table(item: Dataset, dataset: Dataset) -> LookupTable | None:
    declared, first, bits = (int(number) for number in item.LUTDescriptor)
    entries = _entries(item.LUTData, (declared % _EVERY) or _EVERY, bits, _order(dataset))
    if entries.size < 2 or entries.min() == entries.max():
        return None
    # The value representation may be unsigned where it stands for signed values.
    is_signed = bool(dataset.get("PixelRepresentation")) or first < 0
    if is_signed and first >= _EVERY // 2:
        first -= _EVERY
    largest = int(entries.max())
    top = largest if largest.bit_length() != bits else (1 << bits) - 1
    return LookupTable(entries, first, top)


def _entries(data: Any, declared: int, bits: int, order: str) -> NDArray[np.uint16]:
    if not isinstance(data, bytes | bytearray):
        values = np.atleast_1d(np.asarray(data)).astype(np.int64) & 0xFFFF
        if declared <= 256 and bits <= 8 and values.size == -(-declared // 2):
            # Entries of 8 bits, two to a word.
            values = np.asarray(values, "<u2").view(np.uint8)
        return values[:declared].astype(np.uint16)
    is_half = len(data) in {declared, declared + declared % 2} and declared > 1
    if is_half and (bits <= 8 or _is_of_bytes(data, order)):
        return np.frombuffer(data, np.uint8)[:declared].astype(np.uint16)
    words = np.frombuffer(data, f"{order}u2", len(data) // 2)
    return words[:declared].astype(np.uint16)


def _is_of_bytes(data: bytes | bytearray, order: str) -> bool:
    """Whether a table looks like one of bytes rather than one that lacks half of its words."""
    entries = np.frombuffer(data, np.uint8).astype(np.float64)
    words = np.frombuffer(data, f"{order}u2", len(data) // 2).astype(np.float64) / 257
    return bool(np.abs(np.diff(entries)).mean() <= np.abs(np.diff(words)).mean() + 1)


def _order(dataset: Dataset) -> str:
    is_little = dataset.original_encoding[1]
    return ">" if is_little is False else "<"
