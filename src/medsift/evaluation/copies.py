"""Copies and near-copies among labelled pictures.

A copy has the same bytes. A near-copy looks the same: its perceptual hash differs in at most
:data:`NEAR_BITS` of 64 bits, and a small grey version correlates with that of the other. The hash
alone takes empty charts and pages of text for one another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import InputError
from medsift.core.picture import Pixels
from medsift.decode.phash import phash
from medsift.evaluation.labelled import Example
from medsift.evaluation.measure import read_pixels

NEAR_BITS = 6
_ALIKE = 0.98
_SIDE = 24
_DECODED = 64
_BLOCK = 256
_BITS = np.array([bin(i).count("1") for i in range(1 << 16)], dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """What tells copies of a picture.

    Attributes
    ----------
    example : Example
    sha256 : str
        Of the file; empty where it could not be read.
    phash : int
    grey : ndarray of float32, shape (k,), or None
        Normalised grey values; None where there is no picture.
    error : str
        Why the picture could not be read.
    """

    example: Example
    sha256: str
    phash: int = 0
    grey: NDArray[np.float32] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """Two pictures that are the same, or look it; numbers of their prints, the lower first."""

    first: int
    second: int
    exact: bool


def prints_of(
    examples: Iterable[Example], progress: Callable[[int], object] = lambda _: None
) -> list[Print]:
    """Read pictures and keep what tells their copies."""
    found = []
    for example in examples:
        found.append(_print(example))
        progress(1)
    return found


def copies_in(prints: Sequence[Print]) -> list[Copy]:
    """All pairs of copies and near-copies, in order."""
    seen: dict[str, list[int]] = {}
    pairs: dict[tuple[int, int], bool] = {}
    for number, made in enumerate(prints):
        for other in seen.get(made.sha256, ()) if made.sha256 else ():
            pairs[other, number] = True
        seen.setdefault(made.sha256, []).append(number)
    for first, second in _near(prints):
        pairs.setdefault((first, second), False)
    return [Copy(*pair, exact) for pair, exact in sorted(pairs.items())]


def _print(example: Example) -> Print:
    try:
        digest = hashlib.sha256(example.path.read_bytes()).hexdigest()
    except OSError as error:
        return Print(example, "", error=f"unreadable: {error.strerror}")
    try:
        pixels = read_pixels(example, _DECODED)
    except InputError as error:
        return Print(example, digest, error=error.record_text)
    return Print(example, digest, int(phash(pixels), 16), _grey(pixels))


def _grey(pixels: Pixels) -> NDArray[np.float32]:
    small = Image.fromarray(pixels).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float32).ravel()
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    result: NDArray[np.float32] = values / length if length > 1 else np.zeros_like(values)
    return result


def _near(prints: Sequence[Print]) -> Iterator[tuple[int, int]]:
    """Pairs whose hashes and grey values are close; blank pictures are like none."""
    known = [i for i, made in enumerate(prints) if made.grey is not None and made.grey.any()]
    if len(known) < 2:
        return
    where = np.array(known)
    codes = np.array([prints[i].phash for i in known], dtype=np.uint64).view(np.uint16)
    codes = codes.reshape(len(known), 4)
    greys = np.stack([g for i in known if (g := prints[i].grey) is not None])
    for start in range(0, len(known), _BLOCK):
        block = slice(start, start + _BLOCK)
        differ = np.zeros((len(codes[block]), len(known)), dtype=np.uint8)
        for part in range(4):
            differ += _BITS[codes[block, part][:, None] ^ codes[None, :, part]]
        rows, columns = np.nonzero(differ <= NEAR_BITS)
        later = columns > rows + start
        rows, columns = rows[later] + start, columns[later]
        alike = (greys[rows] * greys[columns]).sum(axis=1) >= _ALIKE
        for row, column in zip(where[rows[alike]], where[columns[alike]], strict=True):
            yield int(row), int(column)
