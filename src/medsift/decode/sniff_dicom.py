"""DICOM told from other files, also without the preamble of part 10."""

from __future__ import annotations

import struct
from typing import Literal, TypeAlias

_Order: TypeAlias = Literal["<", ">"]

_PREAMBLE = 128
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_FIRST_GROUPS = (0x0002, 0x0004, 0x0008)
_HIGHEST_FIRST_ELEMENT = 0x0070
_LONGEST_FIRST_VALUE = 1024


def is_dicom(head: bytes) -> bool:
    """Whether a file that starts with these bytes is DICOM.

    A file of part 10 has ``DICM`` after 128 bytes; some writers leave those out. Older ones
    start with the first data element: they are known by two elements in a row that make sense.
    """
    if b"DICM" in {head[_PREAMBLE : _PREAMBLE + 4], _prefix(head)}:
        return True
    return _starts_with_elements(head, "<") or _starts_with_elements(head, ">")


def _prefix(head: bytes) -> bytes:
    """What may be the prefix of a file without its preamble: the meta header follows."""
    return head[:4] if head[4:6] == b"\x02\x00" else b""


def _starts_with_elements(head: bytes, order: _Order) -> bool:
    first = _element(head, 0, order)
    if first is None:
        return False
    group, element, end = first
    if group not in _FIRST_GROUPS or element > _HIGHEST_FIRST_ELEMENT:
        return False
    second = _element(head, end, order)
    if second is None:
        return False
    return (group, element) < second[:2] and second[0] <= 0x0020


def _element(head: bytes, at: int, order: _Order) -> tuple[int, int, int] | None:
    """Group, element and end of the data element at an offset, if it is plausible."""
    if len(head) < at + 12:
        return None
    group, element = struct.unpack_from(order + "HH", head, at)
    vr = head[at + 4 : at + 6]
    if vr in _SHORT_VRS:
        start, length = at + 8, struct.unpack_from(order + "H", head, at + 6)[0]
    elif vr in _LONG_VRS:
        start, length = at + 12, struct.unpack_from(order + "I", head, at + 8)[0]
    else:
        start, length = at + 8, struct.unpack_from(order + "I", head, at + 4)[0]
    if length > _LONGEST_FIRST_VALUE:
        return None
    return group, element, start + length
