"""Where the bytes of each frame are: told by the bytes, not by what the header says of them.

Pixels are encapsulated where their length is open or they begin with an item (PS3.5 annex A.4),
whatever the transfer syntax is. Offset tables are often wrong, and are used only where they agree
with the items.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from medsift.sources.dicom.coding import begins_a_frame
from medsift.sources.dicom.elements import PixelElement

if TYPE_CHECKING:
    from pydicom import Dataset

_FILLING = re.compile(rb"\0{1,64}|\xff{1,64}(?=\xff\xd8\xff)")
_ITEMS = {"<": b"\xfe\xff\x00\xe0", ">": b"\xff\xfe\xe0\x00"}


@dataclass(frozen=True, slots=True)
class Fragments:
    """Frames of an encapsulated value.

    Attributes
    ----------
    frames : sequence of sequence of memoryview
        The fragments of each frame.
    is_cut : bool
        The last fragment ends early.
    """

    frames: Sequence[Sequence[memoryview]] = field(repr=False)
    is_cut: bool

    def __getitem__(self, frame: int) -> bytes:
        """All bytes of a frame, without what fills up before it begins."""
        whole = b"".join(self.frames[frame])
        if begins_a_frame(whole[:64]):
            return whole
        filling = _FILLING.match(whole)
        start = filling.end() if filling is not None else 0
        return whole[start:] if begins_a_frame(whole[start : start + 64]) else whole


def is_encapsulated(pixels: PixelElement, native_bytes: int) -> bool:
    """Whether pixels are items, or one codestream, rather than samples as they are.

    Parameters
    ----------
    pixels : PixelElement
    native_bytes : int
        That samples would take as they are.
    """
    if pixels.keyword != "PixelData":
        return False
    value = pixels.value
    if pixels.is_undefined:
        # Samples after an open length are rare, but there is no telling them otherwise.
        return len(value) > 0 or len(pixels.rest) < native_bytes
    fits = native_bytes <= len(value) <= native_bytes + native_bytes % 2
    if bytes(value[:4]) in _ITEMS.values():
        items, is_cut = _items(value)
        # Samples may begin like an item, but hardly go on as a chain of them.
        return not fits or (not is_cut and len(items) > 1)
    return not fits and begins_a_frame(bytes(value[:64]))


def fragments(pixels: PixelElement, dataset: Dataset, count: int) -> Fragments:
    """Take an encapsulated value apart.

    Parameters
    ----------
    pixels : PixelElement
        That are encapsulated.
    dataset : Dataset
        They are of.
    count : int
        Of frames, as the header says.
    """
    value, is_cut = pixels.value, pixels.is_cut
    if bytes(value[:4]) not in _ITEMS.values():
        return Fragments([[value]] if value else [], is_cut)
    items, ends_early = _items(value)
    (_, table), *rest = items or [(0, value[:0])]
    if begins_a_frame(bytes(table[:64])):
        rest, table = items, value[:0]  # the offset table was left out
    rest = [(at, part) for at, part in rest if len(part)]
    return Fragments(_grouped(rest, _offsets(table), dataset, count), is_cut or ends_early)


def _items(value: memoryview) -> tuple[list[tuple[int, memoryview]], bool]:
    """Offsets and contents of the items; and whether the last one ends early."""
    order = "<" if bytes(value[:4]) == _ITEMS["<"] else ">"
    found: list[tuple[int, memoryview]] = []
    at = 0
    while len(value) >= at + 8 and bytes(value[at : at + 4]) == _ITEMS[order]:
        length = struct.unpack_from(order + "I", value, at + 4)[0]
        part = value[at + 8 : at + 8 + length]
        found.append((at, part))
        if len(part) < length:
            return found, True
        at += 8 + length
    return found, False


def _offsets(table: memoryview) -> list[int]:
    return list(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4]))


def _grouped(
    items: list[tuple[int, memoryview]], offsets: list[int], dataset: Dataset, count: int
) -> list[list[memoryview]]:
    """Fragments a frame: by their number, else by an offset table, else by how they begin."""
    parts = [part for _, part in items]
    starts = [begins_a_frame(bytes(part[:64])) for part in parts]
    if len(parts) == count or (len(parts) > 1 and all(starts)):
        return [[part] for part in parts]
    if count == 1:
        return [parts] if parts else []
    base = items[0][0] if items else 0
    places = {at - base: number for number, (at, _) in enumerate(items)}
    for table in (offsets, _extended(dataset)):
        if len(table) == count and _leads(table, places):
            cuts = [*(places[offset] for offset in table), len(parts)]
            return [parts[a:b] for a, b in pairwise(cuts)]
    if not any(starts):
        return [[part] for part in parts]
    groups: list[list[memoryview]] = []
    for part, is_start in zip(parts, starts, strict=True):
        if is_start or not groups:
            groups.append([part])
        else:
            groups[-1].append(part)
    return groups


def _leads(table: list[int], places: dict[int, int]) -> bool:
    rising = all(a < b for a, b in pairwise(table))
    return rising and table[0] == 0 and all(offset in places for offset in table)


def _extended(dataset: Dataset) -> list[int]:
    table = dataset.get("ExtendedOffsetTable")
    if not isinstance(table, bytes):
        return []
    return list(struct.unpack(f"<{len(table) // 8}Q", table[: len(table) // 8 * 8]))
