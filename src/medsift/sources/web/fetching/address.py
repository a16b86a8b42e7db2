"""Addresses: resolving references against a base, and ``data:`` URIs."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from urllib.parse import unquote_to_bytes, urldefrag, urljoin, urlsplit

from medsift.core.errors import DecodeError, LimitError
from medsift.core.limits import MIB

_ENDS = "".join(map(chr, range(0x21)))
_NEWLINES = re.compile(r"[\t\n\r]+")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_DRIVE = re.compile(r"[a-zA-Z]:[\\/]")
_SPECIAL = ("", "http:", "https:", "file:")
_LONGEST = 16_384
_USABLE = frozenset({"", "http", "https", "file", "cid"})
_IMAGE_NAME = re.compile(
    r"\.(?:jpe?g|jpe|jfif|png|apng|gif|webp|avif|heic|heif|bmp|dib|tiff?|jp2|j2k|jpx|svgz?|jxl"
    r"|dcm)$",
    re.IGNORECASE,
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def resolve(reference: str, base: str) -> str:
    """Absolute address of a reference, without fragment.

    Parameters
    ----------
    reference : str
        As written in the page.
    base : str
        Address of the page, or of its ``base`` element; may be empty.

    Returns
    -------
    str
        A ``data:`` URI is given back whole, a path on a Windows drive as a ``file:`` address.
        Empty for what cannot be an address of a picture (``javascript:``, ``about:``, only a
        fragment, malformed, longer than any server accepts).
    """
    text = reference.strip(_ENDS)
    if text[:5].lower() == "data:":
        return text
    if len(text) > _LONGEST:
        return ""
    return _resolved(text, base)


@functools.lru_cache(4096)
def _resolved(text: str, base: str) -> str:
    text = _NEWLINES.sub("", text)
    if _DRIVE.match(text):
        return "file:///" + text.replace("\\", "/")
    text = _with_slashes(text)
    if not text or text.startswith("#"):
        return ""
    try:
        absolute = urldefrag(urljoin(base, text)).url
        parts = urlsplit(absolute)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return ""
    if parts.scheme not in _USABLE or (parts.scheme in ("http", "https") and not parts.hostname):
        return ""
    return absolute


def is_remote(address: str) -> bool:
    """Whether the address is one of the web."""
    return address[:8].lower().startswith(("http://", "https://"))


def is_data(address: str) -> bool:
    """Whether the address holds its own content."""
    return address[:5].lower() == "data:"


def names_image(address: str) -> bool:
    """Whether the path of the address ends as files of pictures do."""
    if is_data(address):
        return address[5:11].lower() == "image/"
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    return _IMAGE_NAME.search(path) is not None


def shown(address: str) -> str:
    """Give the address as records show it: ``data:`` URIs shortened to their media type."""
    if not is_data(address):
        return address
    return "data:" + re.split("[;,]", address[5:200], maxsplit=1)[0].strip().lower()


def decode_data(uri: str, most: int) -> bytes:
    """Content of a ``data:`` URI (RFC 2397; decoded as forgivingly as browsers do).

    Raises
    ------
    LimitError
        It holds more than ``most`` bytes.
    DecodeError
        It is malformed.
    """
    head, comma, body = uri[5:].partition(",")
    if not comma:
        raise DecodeError("a data: URI without a comma")
    if len(body) > most * 4:
        raise LimitError(f"a data: URI of more than {most // MIB} MiB")
    content = unquote_to_bytes(body)
    if re.search(r";\s*base64\s*$", head, re.IGNORECASE):
        digits = _NOT_BASE64.sub(b"", content)
        digits = digits[:-1] if len(digits) % 4 == 1 else digits
        try:
            content = base64.b64decode(digits + b"=" * (-len(digits) % 4))
        except (binascii.Error, ValueError) as error:
            raise DecodeError("a data: URI that is not base64") from error
    if len(content) > most:
        raise LimitError(f"a data: URI of more than {most // MIB} MiB")
    return content


def _with_slashes(text: str) -> str:
    """Backslashes in the path of a web or file address mean slashes (URL Standard)."""
    scheme = _SCHEME.match(text)
    if (scheme.group().lower() if scheme else "") not in _SPECIAL or "\\" not in text:
        return text
    cut = re.search(r"[?#]", text)
    end = cut.start() if cut else len(text)
    return text[:end].replace("\\", "/") + text[end:]
