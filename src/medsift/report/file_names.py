"""Names of saved pictures that a person can read, made from the fields of their records.

A pattern such as ``{stem}-p{page}-{index}-{kind}`` is the user's; what is put into it comes from
outside and may be hostile. So of each value only letters, digits, ``.``, ``-`` and ``_`` pass, and
the name is kept within what file systems can hold.
"""

from __future__ import annotations

import re
import unicodedata
from string import Formatter
from urllib.parse import unquote, urlsplit

from medsift.core.errors import UsageError
from medsift.core.record import Record

NAMES = ("stem", "page", "index", "frame", "kind", "label", "figure", "sha256")
"""What may stand in a pattern. ``stem`` is the file's name without folders and suffix."""

_LITERAL = re.compile(r"[\w .,+=@()\[\]-]*")
_WIDTH = re.compile(r"(0?[1-9]d?)?")
_UNSAFE = re.compile(r"[^\w.-]+")
_STEM_BYTES = 96
_NAME_BYTES = 200
_NUMBERS = frozenset({"page", "index", "frame"})
# Names of devices on Windows, with and without a suffix.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that cannot make file names.

    Raises
    ------
    UsageError
        It names no field or an unknown one, or has characters that do not belong in a name.
    """
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError as error:
        raise UsageError(f"{pattern!r} is no pattern for names: {error}") from error
    named = [name for _, name, _, _ in parts if name is not None]
    for name in named:
        if name not in NAMES:
            raise UsageError(f"no {name!r} in names of pictures: {', '.join(NAMES)}")
    if not named:
        raise UsageError(f"{pattern!r} names no field, so all pictures would have one name")
    for literal, field, width, conversion in parts:
        number = field in _NUMBERS or not width
        if conversion or not _WIDTH.fullmatch(width or "") or not number:
            raise UsageError(f"numbers may have a width of one digit, {{page:03d}}: {pattern!r}")
        if not _LITERAL.fullmatch(literal):
            raise UsageError(f"{literal!r} cannot stand in a file name")


def file_name(pattern: str, record: Record) -> str:
    """Make the name of a picture, without suffix.

    Parameters
    ----------
    pattern : str
        As :func:`check_pattern` lets pass. A number that is not known is 0 in the name, other
        text ``none``.
    record : Record
    """
    values: dict[str, str | int] = {
        "stem": _shortened(_safe(_stem(record)), _STEM_BYTES),
        **{name: getattr(record, name) or 0 for name in _NUMBERS},
        **{
            name: _shortened(_safe(getattr(record, name)), _STEM_BYTES)
            for name in ("kind", "label", "figure", "sha256")
        },
    }
    name = _shortened(pattern.format(**values).strip(" ."), _NAME_BYTES)
    if not name or name.startswith("-") or _DEVICE.match(name):
        name = f"_{name}"
    return name


def _stem(record: Record) -> str:
    inner = record.member or _path_of(record.url) or record.source
    last = inner.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    stem, dot, _ = last.rpartition(".")
    return stem if dot and stem else last


def _path_of(url: str) -> str:
    """Path of an address, with its escapes undone; empty where there is none."""
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def _safe(text: str) -> str:
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", text))
    return plain.strip("._") or "none"


def _shortened(text: str, most: int) -> str:
    """Cut text to so many bytes of UTF-8, never within a character."""
    return text.encode("utf-8", "ignore")[:most].decode("utf-8", "ignore")
