"""Bytes become a message of the standard library, as forgivingly as programs for mail read them.

The library's parser takes a message by its letter: a blank line, a byte order mark or a length
before the header, a blank before a colon, or an encoded message within a message make all of it
text, and what is attached is lost.
"""

from __future__ import annotations

import base64
import codecs
import re
from email import message_from_bytes
from email.message import Message
from itertools import islice

_BLANK_LINES = re.compile(rb"(?:[ \t]*\r?\n|[ \t]*\r)+")
_LENGTH = re.compile(rb"(\d{1,12})[ \t]*(?:\r?\n|\r)")  # Apple's .emlx
_QUOTED_ENVELOPE = re.compile(rb">From [^\r\n]*(?:\r?\n|\r)")
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n|\r\r")
_BLANK_BEFORE_COLON = re.compile(rb"^([!-9;-~]{1,76})[ \t]+:", re.MULTILINE)
_MIME_FIELD = re.compile(rb"^(content-[a-z-]{2,40})[ \t]+:", re.MULTILINE | re.IGNORECASE)
_CODING = re.compile(r"[\w-]+")
_NO_DIGIT = re.compile(r"[^A-Za-z0-9+/=]+")
_ENCODED = frozenset({"base64", "quoted-printable", "x-uuencode", "uuencode", "uue", "x-uue"})
_BOUNDARY = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]*\r?$", re.MULTILINE)
_MOST_BOUNDARIES = 50


def parsed(content: bytes) -> Message:
    """Parse a message.

    Raises
    ------
    RecursionError, MessageError, LookupError, ValueError, TypeError, AttributeError
        What the library is known to raise on malformed messages.
    """
    return message_from_bytes(_tidied(content))


def parts_in(part: Message) -> list[Message] | None:
    """Parts or message within a part; None where it has none.

    Also those that are encoded as a whole, which standards forbid and programs do, and those
    of a part that does not say where they begin.
    """
    payload = part.get_payload()
    kind = part.get_content_maintype()
    if isinstance(payload, list):
        inner = [one for one in payload if isinstance(one, Message)]
        if kind == "message" and len(inner) == 1 and coding_of(part) in _ENCODED:
            return [_decoded_message(part, inner[0])]
        return inner
    if kind == "multipart":
        return _found_parts(part)
    return None


def content_of(part: Message) -> bytes:
    """Content of a part without its transfer encoding; empty where there is none."""
    coding = coding_of(part)
    written = part.get("Content-Transfer-Encoding")
    if written is not None and str(written).lower() != coding:
        del part["Content-Transfer-Encoding"]
        part["Content-Transfer-Encoding"] = coding
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return b""
    return _in_fours(part.get_payload(), payload) if coding == "base64" else payload


def _in_fours(written: object, payload: bytes) -> bytes:
    """Decode base64 that has a digit too many, as where it is cut off: the library gives it up."""
    if not isinstance(written, str) or written.encode("ascii", "replace")[:32] != payload[:32]:
        return payload
    digits = _NO_DIGIT.sub("", written).rstrip("=")
    return base64.b64decode(digits[:-1]) if len(digits) % 4 == 1 else payload


def coding_of(part: Message) -> str:
    """Name of the transfer encoding: in lower case, without comments and parameters."""
    found = _CODING.search(str(part.get("Content-Transfer-Encoding", "")))
    return found.group().lower() if found else ""


def _decoded_message(part: Message, inner: Message) -> Message:
    body = inner.get_payload()
    if coding_of(part) != "quoted-printable" and (inner.keys() or not isinstance(body, str)):
        return inner  # it was said to be encoded, and is not
    holder = Message()
    holder["Content-Transfer-Encoding"] = coding_of(part)
    holder.set_payload(inner.as_bytes().decode("ascii", "surrogateescape"))
    return parsed(content_of(holder))


def _found_parts(part: Message) -> list[Message] | None:
    """Parts of one whose boundary is missing or wrong: lines like one are taken for it."""
    body = content_of(part)
    for found in islice(_BOUNDARY.finditer(body), _MOST_BOUNDARIES):
        boundary = found.group(1)
        if body.count(b"--" + boundary) >= 2 and b'"' not in boundary:
            head = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\n\n'
            inner = message_from_bytes(head + body).get_payload()
            if isinstance(inner, list):
                return [one for one in inner if isinstance(one, Message)]
    return None


def _tidied(content: bytes) -> bytes:
    content = _in_ascii(content)
    if blank := _BLANK_LINES.match(content):
        content = content[blank.end() :]
    if length := _LENGTH.match(content):
        content = content[length.end() : length.end() + int(length.group(1))]
    if envelope := _QUOTED_ENVELOPE.match(content):
        content = content[envelope.end() :]
    end = _END_OF_HEADER.search(content)
    start = end.start() if end else len(content)
    header = _BLANK_BEFORE_COLON.sub(rb"\1:", content[:start])
    # Of parts only those fields matter, and what looks like others may be their content.
    return header + _MIME_FIELD.sub(rb"\1:", content[start:])


def _in_ascii(content: bytes) -> bytes:
    """Undo what editors do that save a message as UTF-16, or with a byte order mark."""
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :]
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace").encode("utf-8", "replace")
    if b"\0" in content[:2]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
        return content.decode(encoding, "replace").encode("utf-8", "replace")
    return content
