"""Bytes of a page become text.

Follows the encoding sniffing algorithm of the HTML Living Standard, section 13.2.3.2, with one
difference: a page that declares nothing and is valid UTF-8 is read as UTF-8.
"""

from __future__ import annotations

import codecs
import re

_PRESCAN_BYTES = 4096
_META = re.compile(
    rb"<meta[^>]{0,1024}?charset\s{0,16}=\s{0,16}[\"']?\s{0,16}([\w.:-]{1,40})", re.I
)
_XML = re.compile(rb"^<\?xml[^>]{0,256}?encoding\s{0,16}=\s{0,16}[\"']([\w.:-]{1,40})", re.I)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Labels that the Encoding Standard maps to a superset, or that Python names otherwise.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}


def decode_text(content: bytes, declared: str = "") -> str:
    """Text of a page or style sheet; bytes that do not fit become U+FFFD.

    Parameters
    ----------
    content : bytes
    declared : str
        The ``charset`` of the Content-Type header, where there is one.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    wide = _wide(content[:64])
    if wide:
        return content.decode(wide, "replace")
    encoding = _codec(declared) or _codec(_label_in(content[:_PRESCAN_BYTES]))
    if encoding:
        return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _wide(head: bytes) -> str:
    """UTF-16 without a mark, where markup begins with it: every other byte is zero."""
    for lead, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) >= 8 and not any(head[lead::2]) and all(head[1 - lead :: 2]):
            return encoding
    return ""


def _label_in(head: bytes) -> str:
    found = _META.search(head) or _XML.match(head)
    label = found.group(1).decode("ascii", "replace") if found else ""
    # A label that could be read as ASCII cannot be UTF-16: the standard reads UTF-8 then.
    return "utf-8" if label.lower().startswith("utf-16") else label


def _codec(label: str) -> str:
    """Python's name of a text encoding; empty for what is none, or is unsafe."""
    if not label:
        return ""
    try:
        name = codecs.lookup(label.strip()).name
        b"a".decode(name, "replace")
    except (LookupError, ValueError, UnicodeError):
        return ""  # unknown, or not an encoding of text (base64, zlib, rot13)
    if name in ("utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"):
        return ""
    return _SUPERSETS.get(name, name)
