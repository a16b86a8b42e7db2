"""Perceptual hash: pictures that look alike have hashes that differ in few bits.

The DCT hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions"
(2010), section 3.2.1, over a 32 x 32 grey picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Pixels

DECODED_SIDE = 176
"""Pixels: pictures that get a hash are decoded at least this large.

Decoders of some formats shrink while they decode, which moves bits; so the hash must not depend on
how small a picture some model is content with. It is the side of the largest bundled model.
"""

_SIDE = 32
_LOW = 8


def _dct_rows(size: int, rows: int) -> NDArray[np.float32]:
    """Compute the first rows of the orthonormal DCT-II matrix."""
    frequency = np.arange(rows)[:, np.newaxis]
    place = np.arange(size)[np.newaxis, :]
    matrix = np.cos(np.pi * (2 * place + 1) * frequency / (2 * size)) * np.sqrt(2.0 / size)
    matrix[0] /= np.sqrt(2.0)
    return np.asarray(matrix, dtype=np.float32)


_DCT = _dct_rows(_SIDE, _LOW)


def phash(pixels: Pixels) -> str:
    """64-bit perceptual hash of a picture.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    grey = Image.fromarray(pixels).convert("L")
    small = grey.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    low = _DCT @ np.asarray(small, dtype=np.float32) @ _DCT.T
    # The constant term is left out of the median: it would dwarf the others.
    bits = low > np.sort(low.reshape(-1)[1:])[(_LOW * _LOW - 1) // 2]
    return np.packbits(bits).tobytes().hex()


def hamming(first: str, second: str) -> int:
    """In how many of 64 bits two hashes differ.

    Raises
    ------
    ValueError
        One of them is not a hash.
    """
    if len(first) != len(second):
        raise ValueError("hashes of different length")
    return (int(first, 16) ^ int(second, 16)).bit_count()
