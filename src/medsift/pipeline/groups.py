"""Look-alikes get a common name: pictures whose perceptual hashes differ in few bits.

Pictures are taken in their order: one that is close to the first picture of a group joins it (the
nearest one, if there are several), any other begins a group. A group is named by the hash of its
first picture, so that the name of a picture's group never changes while more are found.

Firsts are found by multi-index hashing (Norouzi, Punjani and Fleet, "Fast Search in Hamming Space
with Multi-Index Hashing", CVPR 2012): of two hashes of 64 bits that differ in at most r, one of
their four pieces of 16 differs in at most r // 4, so only the hashes that have such a piece in
common need to be compared.
"""

from __future__ import annotations

import itertools
from array import array

from medsift.core.errors import UsageError

MOST_BITS = 11
DEFAULT_BITS = 6

MOST_FIRSTS = 1_000_000
"""Groups that are looked through, and as many of before; older ones are forgotten. 200 MB."""

_PIECES = 4
_PIECE_BITS = 16
_MASK = (1 << _PIECE_BITS) - 1


class Groups:
    """Names the groups of pictures that go by.

    Parameters
    ----------
    bits : int
        In how many of 64 bits a picture may differ from the first of its group, 0 to 11.
    most : int
        First pictures that are remembered, see :data:`MOST_FIRSTS`.

    Raises
    ------
    UsageError
        ``bits`` is out of range.
    """

    def __init__(self, bits: int = DEFAULT_BITS, most: int = MOST_FIRSTS) -> None:
        if not 0 <= bits <= MOST_BITS:
            raise UsageError(f"look-alikes may differ in 0 to {MOST_BITS} bits, not {bits}")
        self._bits = bits
        self._most = most
        self._flips = _flips(bits // _PIECES)
        self._now, self._before = _Index(), _Index()

    def name(self, phash: str) -> str:
        """The group of the next picture, by its hash of 16 hexadecimal digits.

        Returns
        -------
        str
            The hash of the first picture of the group; empty for a picture without a hash.
        """
        if not phash:
            return ""
        value = int(phash, 16)
        best = min(
            self._now.nearest(value, self._bits, self._flips),
            self._before.nearest(value, self._bits, self._flips),
        )
        if best[0] <= self._bits:
            return f"{best[1]:016x}"
        self._begin(value)
        return phash

    def recall(self, group: str) -> None:
        """Take up a group of records that are there already."""
        if group and self.name(group) != group:
            self._begin(int(group, 16))

    def _begin(self, value: int) -> None:
        if len(self._now) >= self._most:
            self._now, self._before = _Index(), self._now
        self._now.add(value)


class _Index:
    """Hashes by their pieces."""

    def __init__(self) -> None:
        self._values = array("Q")
        self._places: dict[int, array[int]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: int) -> None:
        place = len(self._values)
        self._values.append(value)
        for key in _keys(value):
            self._places.setdefault(key, array("I")).append(place)

    def nearest(self, value: int, bits: int, flips: list[int]) -> tuple[int, int]:
        """Distance and value of the nearest hash; of several the smallest. (65, 0) if none."""
        best = (65, 0)
        for key in _keys(value):
            for flip in flips:
                for place in self._places.get(key ^ flip, ()):
                    other = self._values[place]
                    distance = (other ^ value).bit_count()
                    if distance <= bits:
                        best = min(best, (distance, other))
        return best


def _keys(value: int) -> list[int]:
    """The pieces of a hash, each with its number above it."""
    return [
        (value >> (_PIECE_BITS * number)) & _MASK | (number << _PIECE_BITS)
        for number in range(_PIECES)
    ]


def _flips(most: int) -> list[int]:
    """Patterns of a piece with at most so many bits set."""
    return [
        sum(1 << bit for bit in chosen)
        for count in range(most + 1)
        for chosen in itertools.combinations(range(_PIECE_BITS), count)
    ]
