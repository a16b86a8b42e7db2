"""What can be mended in damaged image files without guessing at pixels."""

from __future__ import annotations

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks that pixels depend on, PNG third edition, 5.6.
_PNG_ESSENTIAL = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_END_OF_IMAGE = b"\xff\xd9"


def jpeg_with_end(data: bytes) -> bytes:
    """Close a truncated JPEG file: decoders then fill what is missing with grey."""
    return data + _END_OF_IMAGE


def png_essentials(data: bytes) -> bytes | None:
    """Leave out of a PNG file what its pixels do not depend on: text, profiles, animation.

    Returns
    -------
    bytes or None
        None where there is nothing to leave out.
    """
    kept = [_PNG_SIGNATURE]
    at = len(_PNG_SIGNATURE)
    has_more = False
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in _PNG_ESSENTIAL:
            kept.append(data[at:end])
        else:
            has_more = True
        at = end
    return b"".join(kept) if has_more else None
