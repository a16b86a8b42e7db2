"""Transport Neutral Encapsulation ([MS-OXTNEF]): the ``winmail.dat`` of Outlook."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_SIGNATURE = b"\x78\x9f\x3e\x22"
_TITLE, _DATA, _BEGIN = 0x8010, 0x800F, 0x9002
_HEADER = struct.Struct("<BII")


def is_tnef(content: bytes) -> bool:
    """Whether the content is an encapsulated message."""
    return content.startswith(_SIGNATURE)


def tnef_attachments(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of what is attached; nothing more after damage."""
    name, data = "", b""
    position = len(_SIGNATURE) + 2
    while position + _HEADER.size <= len(content):
        _, tag, size = _HEADER.unpack_from(content, position)
        position += _HEADER.size
        value = content[position : position + size]
        position += size + 2  # a checksum
        kind = tag & 0xFFFF
        if kind == _BEGIN:
            if data:
                yield name, data
            name, data = "", b""
        elif kind == _TITLE:
            name = value.rstrip(b"\0").decode("cp1252", "replace").replace("/", "_")
        elif kind == _DATA:
            data = value
    if data:
        yield name, data
