"""Mailboxes (RFC 4155): messages one after the other, read one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from medsift.core.errors import InputError, LimitError, UnreadableError
from medsift.core.limits import MIB
from medsift.core.picture import Finding
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, ExhaustedError, problem
from medsift.sources.mail.message import MESSAGE_BYTES, message_findings

# People begin paragraphs with "From" as well, but not with a sender and a date after it.
_SEPARATOR = re.compile(
    rb"From \S+.{0,40}?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.{4,40}?\d\d:\d\d", re.ASCII
)
_LINE_BYTES = 1 * MIB


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of all messages of a mailbox, by the rules for single messages.

    Raises
    ------
    UnreadableError
        The file cannot be read.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    container = Container(blob, context, "mail")
    with blob.open() as stream:
        yield from container.completed(_mailbox(stream, container))


def _mailbox(stream: BinaryIO, container: Container) -> Iterator[Finding]:
    for number, content in enumerate(_messages(stream), 1):
        container.spend(members=1)
        label = f"message {number}"
        try:
            if content is None:
                raise LimitError(f"larger than {MESSAGE_BYTES // MIB} MiB")
            yield from message_findings(content, container, label)
        except ExhaustedError:
            raise
        except InputError as error:
            yield problem(container.place(label, label), error)


def _messages(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the messages without the lines between them; None for one that is too long."""
    lines: list[bytes] = []
    size = 0
    after_blank = True
    for line in _lines(stream):
        if after_blank and _SEPARATOR.match(line):
            if size:
                yield b"".join(lines) if size <= MESSAGE_BYTES else None
            lines, size = [], 0
        else:
            size += len(line)
            if size <= MESSAGE_BYTES:
                lines.append(line)
        after_blank = not line.strip(b"\r\n")
    if size:
        yield b"".join(lines) if size <= MESSAGE_BYTES else None


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while True:
        try:
            line = stream.readline(_LINE_BYTES)
        except OSError as error:
            raise UnreadableError(f"cannot read the mailbox: {error.strerror or error}") from error
        if not line:
            return
        yield line
