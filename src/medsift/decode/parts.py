"""Several pictures one after the other in a file whose format has no count of them.

Programs of Netpbm write as many pictures into a file as they are asked for, and FITS has further
axes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from math import prod

_MOST = 100_000  # the limit of pictures comes first, and is told
# The binary ones: what follows the last number is one blank, and the samples.
_BLANK = rb"(?:\s|#[^\n]*\n)+"
_PORTABLE = re.compile(rb"\s*P([456])" + (_BLANK + rb"(\d{1,9})") * 2)
_LARGEST = re.compile(_BLANK + rb"(\d{1,5})")
_BLOCK, _CARD = 2880, 80


def parts_of(kind: str, data: bytes) -> list[Callable[[], bytes]]:
    """The pictures of a file, each as a file of its own; empty where there is but one.

    Parameters
    ----------
    kind : str
        Format.
    data : bytes
        Of the file.
    """
    if kind == "ppm":
        found = _of_portable_maps(data)
    elif kind == "fits":
        found = _of_fits(data)
    else:
        return []
    return found if len(found) > 1 else []


def _of_portable_maps(data: bytes) -> list[Callable[[], bytes]]:
    found: list[Callable[[], bytes]] = []
    at = 0
    while len(found) < _MOST:
        head = _PORTABLE.match(data, at)
        if head is None:
            break
        kind, width, height = (int(number) for number in head.groups())
        start, size = head.end(), 1
        if kind != 4:
            largest = _LARGEST.match(data, start)
            if largest is None:
                break
            start, size = largest.end(), 1 if int(largest[1]) < 256 else 2
        row = (width + 7) // 8 if kind == 4 else width * size * (3 if kind == 6 else 1)
        end = start + 1 + row * height
        found.append(partial(_cut, data, b"", head.start(1) - 1, end))
        at = end
        if end <= start + 1:
            break
    return found


def _of_fits(data: bytes) -> list[Callable[[], bytes]]:
    """Planes of a cube, FITS 4.0 section 4.4.1.1; the header of all stands before each of them."""
    cards: dict[bytes, int] = {}
    end = 0
    for at in range(0, min(len(data), 64 * _BLOCK), _CARD):
        card = data[at : at + _CARD]
        if card.startswith(b"END "):
            end = -(-(at + _CARD) // _BLOCK) * _BLOCK
            break
        number = re.match(rb"(BITPIX|NAXIS\d*) *= +(-?\d{1,9})", card)
        if number is not None:
            cards[number[1]] = int(number[2])
    axes = [cards.get(b"NAXIS%d" % n, 0) for n in range(1, cards.get(b"NAXIS", 0) + 1)]
    if not end or len(axes) < 3:
        return []
    size = axes[0] * axes[1] * abs(cards.get(b"BITPIX", 0)) // 8
    count = min(prod(axes[2:]), _MOST, -(-(len(data) - end) // size) if size > 0 else 0)
    head = data[:end]
    starts = range(end, end + count * size, size)
    return [partial(_cut, data, head, start, start + size) for start in starts]


def _cut(data: bytes, head: bytes, start: int, end: int) -> bytes:
    return head + data[start:end]
