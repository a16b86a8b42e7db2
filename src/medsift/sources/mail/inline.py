r"""Files that were written into the text of a message: uuencode, yEnc, or plain base64.

Before MIME pictures were sent like that, in newsgroups they are still, and programs that give
notice of what they could not deliver quote messages as text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from medsift.core.limits import MIB
from medsift.decode.sniff import HEAD_BYTES, sniff

_UU = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,500}?)[ \t]*\r?$", re.MULTILINE)
_UU_END = re.compile(rb"^(?:end|====)[ \t]*\r?$", re.MULTILINE)
_YENC = re.compile(rb"^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,500}?)[ \t]*\r?\n", re.MULTILINE)
_YENC_END = re.compile(rb"^=yend", re.MULTILINE)
_YENC_ESCAPE = re.compile(rb"=(.)", re.DOTALL)
_YENC_TABLE = bytes((value - 42) % 256 for value in range(256))
_BASE64 = re.compile(
    rb"^(?:(?:[A-Za-z0-9+/]{40,}[ \t]*\r?\n)+[A-Za-z0-9+/]*|[A-Za-z0-9+/]{120,})={0,2}[ \t]*\r?$",
    re.MULTILINE,
)
_NO_FILE = frozenset({"text", "unknown", "empty", "xml", "html"})
_MOST = 1_000
_TEXT_BYTES = 128 * MIB


def files_in(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in a text, in the order of their encodings.

    Parameters
    ----------
    text : bytes
        What follows the first 128 MiB is not looked at.
    """
    text = text[:_TEXT_BYTES]
    count = 0
    for found in (*_uuencoded(text), *_yencoded(text), *_in_base64(text)):
        if found[1] and count < _MOST:
            count += 1
            yield found


def is_file(content: bytes) -> bool:
    """Whether content is of a type that may hold pictures, rather than words."""
    return sniff(content[:HEAD_BYTES]) not in _NO_FILE


def _uuencoded(text: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while begin := _UU.search(text, position):
        end = _UU_END.search(text, begin.end())
        position = end.end() if end else len(text)
        body = text[begin.end() : end.start() if end else len(text)]
        content = _base64(body) if begin.group(1) else b"".join(map(_uu_line, body.split(b"\n")))
        yield _name(begin.group(2)), content


def _uu_line(line: bytes) -> bytes:
    line = line.rstrip(b"\r")
    if not line or line[:1] in b"` ":
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    # As the standard library's uu does for encoders that pad with more than they should.
    size = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:size])
    except binascii.Error:
        return b""


def _yencoded(text: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while begin := _YENC.search(text, position):
        end = _YENC_END.search(text, begin.end())
        position = end.end() if end else len(text)
        lines = text[begin.end() : end.start() if end else len(text)].splitlines()
        body = b"".join(line for line in lines if not line.startswith(b"=ypart"))
        plain = _YENC_ESCAPE.sub(lambda found: bytes([(found[1][0] - 64) % 256]), body)
        yield _name(begin.group(1)), plain.translate(_YENC_TABLE)


def _in_base64(text: bytes) -> Iterator[tuple[str, bytes]]:
    for found in _BASE64.finditer(text):
        if is_file(_base64(found.group()[: HEAD_BYTES * 2])):
            yield "", _base64(found.group())


def _base64(text: bytes) -> bytes:
    digits = re.sub(rb"[^A-Za-z0-9+/]+", b"", text)
    return base64.b64decode(digits[: len(digits) // 4 * 4] + _last(digits))


def _last(digits: bytes) -> bytes:
    rest = digits[len(digits) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _name(written: bytes) -> str:
    return written.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
