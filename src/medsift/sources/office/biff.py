"""Excel's binary records ([MS-XLS]), as far as pictures need them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_DRAWING_GROUP, _DRAWING, _CONTINUE, _FILE_PASS = 0x00EB, 0x00EC, 0x003C, 0x002F
_FIRST_RECORDS = 40


def drawing_group(workbook: bytes) -> bytes:
    """Join the pictures of a workbook, which are cut into records of at most 8 KiB."""
    parts = []
    inside = False
    for kind, body in _records(workbook):
        inside = kind == _DRAWING_GROUP or (inside and kind == _CONTINUE)
        if inside:
            parts.append(body)
    return b"".join(parts)


def is_encrypted_workbook(workbook: bytes) -> bool:
    """Whether a workbook needs a password to be read."""
    for number, (kind, _) in enumerate(_records(workbook)):
        if kind == _FILE_PASS:
            return True
        if number >= _FIRST_RECORDS:
            break
    return False


def _records(workbook: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(workbook):
        kind, size = struct.unpack_from("<2H", workbook, position)
        yield kind, workbook[position + 4 : position + 4 + size]
        position += 4 + size
