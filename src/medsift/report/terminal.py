"""Text for a terminal: made harmless, measured in columns, shortened to fit."""

from __future__ import annotations

import unicodedata

_ELLIPSIS = "…"


def harmless(text: str) -> str:
    r"""Spell out what is not printable.

    A file name may hold escape sequences that move the cursor, set the title or change what
    was printed before, and marks that reverse the direction of text: ``\x1b`` and ``\u202e``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _spelled_out(c) for c in text)


def harmless_lines(text: str) -> str:
    """Spell out what is not printable in a text of several lines."""
    return "\n".join(map(harmless, text.split("\n")))


def columns(text: str) -> int:
    """How many columns a terminal needs for printable text."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def shortened(text: str, width: int, keep_end: bool = False) -> str:
    """Cut text to ``width`` columns, with an ellipsis where something is missing.

    Parameters
    ----------
    text : str
    width : int
        Columns, at least 1.
    keep_end : bool
        Cut in the middle and keep both ends, for paths; otherwise cut at the end.
    """
    if columns(text) <= width:
        return text
    room = width - 1
    # The end of a path tells more than its beginning.
    front = room // 3 if keep_end else room
    back = _head(text[::-1], room - front)[::-1]
    return _head(text, front) + _ELLIPSIS + back


def padded(text: str, width: int, keep_end: bool = False) -> str:
    """Exactly ``width`` columns of text."""
    text = shortened(text, width, keep_end)
    return text + " " * (width - columns(text))


def _head(text: str, width: int) -> str:
    used = 0
    for position, character in enumerate(text):
        used += _columns(character)
        if used > width:
            return text[:position]
    return text


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _spelled_out(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
