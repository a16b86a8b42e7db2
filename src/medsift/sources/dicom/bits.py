"""The bits of a sample that hold its value, PS3.5 section 8.1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pydicom import Dataset

_FEW = 0.001
"""Share of the samples that may lie beyond their bits by accident."""


def values_of(stored: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Values out of whole samples: bits beside those that are stored do not count.

    Parameters
    ----------
    stored : ndarray of (u)int
        Samples with all bits that they take in the file.
    dataset : Dataset

    Returns
    -------
    ndarray
        Of the same shape and size; signed where the header says so.

    Notes
    -----
    Where High Bit says that values stand in the upper bits and only the lower ones are in use,
    the header is wrong and not the samples. So it is where values go on beyond Bits Stored, and
    no overlay is said to use those bits (PS3.5 section 8.1.2).
    """
    size = stored.itemsize * 8
    bits = int(dataset.get("BitsStored") or size)
    if stored.dtype.kind not in "iu" or not 1 < bits <= size:
        return stored
    is_signed = bool(dataset.get("PixelRepresentation"))
    samples = stored.view(f"{stored.dtype.byteorder}u{stored.itemsize}")
    samples = samples.astype(f"u{stored.itemsize}", copy=False)
    shift = _shift(samples, bits, int(dataset.get("HighBit") or bits - 1), size)
    if not shift and bits < size and not _has_overlay(dataset):
        bits = _bits_in_use(samples, bits, is_signed, size)
    unused = size - bits - shift
    if not is_signed:
        if not shift and not unused:
            return samples
        moved: NDArray[Any] = (samples << unused) >> (unused + shift)
        return moved
    return (samples << unused).view(f"i{stored.itemsize}") >> (unused + shift)


def _shift(samples: NDArray[Any], bits: int, high_bit: int, size: int) -> int:
    """By how many bits values stand too high."""
    shift = high_bit + 1 - bits
    if shift <= 0 or high_bit >= size:
        return 0
    below = np.bitwise_or.reduce(samples, axis=None)
    in_low_bits = below & ((1 << shift) - 1)
    in_high_bits = below >> bits
    return 0 if in_low_bits and not in_high_bits else shift


def _bits_in_use(samples: NDArray[Any], bits: int, is_signed: bool, size: int) -> int:
    """All bits where values go on beyond those that are said to be stored, without a gap."""
    above = 1 << (bits - is_signed)
    values = samples.view(f"i{samples.itemsize}") if is_signed else samples
    beyond = (values >= above) & (values < above + above // 4)
    if np.count_nonzero(beyond) <= _FEW * values.size:
        return bits
    if not is_signed:
        return size
    # Or the bits above are no copies of the sign: the smoother of both pictures is the right one.
    unused = size - bits
    signed = (samples << unused).view(values.dtype) >> unused
    return bits if _roughness(signed) < _roughness(values) else size


def _roughness(values: NDArray[Any]) -> float:
    """Mean difference between neighbours in the rows."""
    rows = values.astype(np.float32).reshape(values.shape[0], -1)
    return float(np.abs(np.diff(rows, axis=1)).mean()) if rows.shape[1] > 1 else 0.0


def _has_overlay(dataset: Dataset) -> bool:
    """Whether an overlay takes bits of the samples: Overlay Bit Position is not zero."""
    return any(
        dataset.get((group, 0x0102)) is not None and dataset[group, 0x0102].value
        for group in range(0x6000, 0x6020, 2)
    )
