"""Signed data (RFC 5652, S/MIME): what is signed is not sealed, and is looked into."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from functools import partial

from medsift.core.errors import DecodeError, EncryptedError, LimitError
from medsift.core.limits import MIB
from medsift.core.picture import Finding
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member
from medsift.sources.mail.inline import is_file

_SIGNED = bytes.fromhex("2a864886f70d010702")
_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
_OBJECT, _SEQUENCE, _OCTETS, _PIECES = 0x06, 0x30, 0x04, 0x24
_INDEFINITE = 0x80
_DEEPEST = 16
_INFLATED_BYTES = 256 * MIB


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures in what was signed: a message, or a file with a signature around it.

    Raises
    ------
    EncryptedError
        It is sealed, or only a signature.
    DecodeError
        Damaged.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    from medsift.sources.mail.message import message_findings

    container = Container(blob, context, "mail")
    content = signed_content(blob.read(context.limits))
    if holds_message(content):
        yield from container.completed(message_findings(content, container))
    else:
        name = blob.name.removesuffix(".p7m") or "content"
        member = Member(name, partial(io.BytesIO, content), len(content))
        yield from container.completed(container.member(member))


def holds_message(content: bytes) -> bool:
    """Whether what was signed is a message, or a part of one, rather than a file."""
    return sniff(content[:HEAD_BYTES]) == "eml" or not is_file(content)


def signed_content(content: bytes) -> bytes:
    """What is inside of signed or compressed data.

    Raises
    ------
    EncryptedError
        There is nothing that can be read without a key.
    DecodeError
        Damaged.
    LimitError
        It inflates to too much.
    """
    try:
        whole, _ = _value(content, 0)
        kind, at = _value(whole, 0)
        if kind not in {_SIGNED, _COMPRESSED}:
            raise EncryptedError("a sealed message")
        data, _ = _value(_value(whole, at)[0], 0)
        octets = _octets(_encapsulated(data), 0)
    except IndexError as error:
        raise DecodeError("damaged signed data") from error
    return _inflated(octets) if kind == _COMPRESSED else octets


def _encapsulated(data: bytes) -> bytes:
    """Value of the first element that is a type with its content."""
    at = 0
    while at < len(data):
        tag = data[at]
        value, at = _value(data, at)
        # What stands before it are numbers and sets, or the name of an algorithm, alone.
        if tag == _SEQUENCE and value[:1] == bytes([_OBJECT]):
            _, inner = _value(value, 0)
            if inner < len(value) and value[inner] == 0xA0:
                return _value(value, inner)[0]
    raise EncryptedError("a signature without what it signs")


def _octets(data: bytes, depth: int) -> bytes:
    """Join what strings of octets hold, which may come in pieces."""
    if depth > _DEEPEST:
        raise DecodeError("signed data nested too deeply")
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        tag = data[at]
        value, at = _value(data, at)
        if tag == _OCTETS:
            pieces.append(value)
        elif tag == _PIECES:
            pieces.append(_octets(value, depth + 1))
    return b"".join(pieces)


def _value(data: bytes, at: int, depth: int = 0) -> tuple[bytes, int]:
    """Value of the element at a position, by the basic encoding rules (X.690), and its end.

    Content that is cut off is given as far as it goes.
    """
    length, at = data[at + 1], at + 2
    if length == _INDEFINITE:
        return _indefinite(data, at, depth)
    if length > _INDEFINITE:
        size = length - _INDEFINITE
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    return data[at : at + length], at + length


def _indefinite(data: bytes, start: int, depth: int) -> tuple[bytes, int]:
    if depth > _DEEPEST:
        raise DecodeError("signed data nested too deeply")
    at = start
    while data[at : at + 2] not in {b"\0\0", b"\0", b""}:
        _, at = _value(data, at, depth + 1)
    return data[start:at], at + 2


def _inflated(content: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        plain = inflating.decompress(content, _INFLATED_BYTES + 1)
    except zlib.error as error:
        raise DecodeError("damaged compressed data") from error
    if len(plain) > _INFLATED_BYTES:
        raise LimitError(f"inflates to more than {_INFLATED_BYTES // MIB} MiB")
    return plain
