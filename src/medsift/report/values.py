r"""One record, one row of plain values: what every output file holds.

All formats hold the same values, so that it does not matter which one is read:

=========  ==================  =================  ============================
type       JSONL               Parquet            CSV
=========  ==================  =================  ============================
text       string              utf8               cell, see ``report.csv_file``
integer    number              int64              digits
number     number              double             shortest form that reads back
bbox       list of 4 numbers   list of double     ``x0 y0 x1 y1``
box        list of 4 integers  list of int64      ``x0 y0 x1 y1``
unknown    ``""`` for text, ``null`` (CSV: an empty cell) for everything else
=========  ==================  =================  ============================

Three things cannot be written everywhere and are replaced before any format sees them: half
surrogates (Python's stand-ins for bytes of a file name that are not text) and NUL become
``\udc80`` and ``\x00``, spelled out; numbers that are not finite, or do not fit 64 bits,
become unknown. A backslash that would be taken for the beginning of such a word becomes ``\x5c``,
so that :func:`original_text` gives back what was replaced, and no two names become one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from medsift.core.record import FIELDS, Record

Row: TypeAlias = dict[str, Any]
"""Field names, in order, to ``str``, ``int``, ``float``, list of 4 ``float``, or None."""

_ESCAPES = r"(?:x00|x5c|ud[89a-f][0-9a-f]{2})"
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]|" + rf"\\(?={_ESCAPES})")
_ESCAPED = re.compile(rf"\\{_ESCAPES}")
_INT64 = 2**63


def clean_text(text: str) -> str:
    """Spell out what UTF-8 text files cannot hold; everything else stays as it is."""
    if text.isascii() and "\x00" not in text and "\\" not in text:
        return text
    return _NOT_TEXT.sub(_spelled_out, text)


def original_text(text: str) -> str:
    """Inverse of :func:`clean_text`: the very name that a file has on disk."""
    return _ESCAPED.sub(lambda match: chr(int(match.group()[2:], 16)), text)


def row_of(record: Record) -> Row:
    """The values of a record as output files hold them."""
    return {name: _value(getattr(record, name), kind) for name, kind in FIELDS.items()}


def record_of(row: Mapping[str, Any]) -> Record:
    """Inverse of :func:`row_of`."""
    return Record.from_dict(row)


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False, separators=(",", ":"))
    if kind == "str":
        return "" if value is None else clean_text(str(value))
    if value is None:
        return None
    if kind == "int":
        return _whole(value)
    if kind == "float":
        return _finite(value)
    corners = [_whole(v) if kind == "box" else _finite(v) for v in value]
    return None if None in corners else corners


def _whole(value: Any) -> int | None:
    whole = int(value)
    return whole if -_INT64 <= whole < _INT64 else None


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _spelled_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
