"""Mail messages (RFC 5322, MIME): attachments, inline pictures, and messages within messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.limits import MIB
from medsift.core.picture import Finding
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container
from medsift.sources.mail.attachments import Attachments
from medsift.sources.mail.body import Body

MESSAGE_BYTES = 128 * MIB
"""Longest message that is read: it is held in memory, ten times over."""

_MOST_PARTS = 10_000
# What the standard library's parser is known to raise on malformed messages.
_FAULTS = (RecursionError, MessageError, LookupError, ValueError, TypeError, AttributeError)


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures that came with a message; what is attached is looked into.

    Nothing of its text, addresses and subject goes into a finding, and nothing is fetched.

    Raises
    ------
    DecodeError
        Damaged.
    LimitError
        Too long, nested too deeply, too many parts, or a budget is used up.
    """
    container = Container(blob, context, "mail")
    most = min(MESSAGE_BYTES, context.limits.file_bytes)
    content = blob.read(replace(context.limits, file_bytes=most))
    yield from container.completed(message_findings(content, container))


def message_findings(content: bytes, container: Container, label: str = "") -> Iterator[Finding]:
    """Yield the pictures of one message of a container.

    Parameters
    ----------
    content : bytes
    container : Container
    label : str
        Name of the message where the container has several.

    Raises
    ------
    InputError
    """
    attachments = Attachments(container, label)
    body = Body(container, f"{label}, " if label else "")
    for part in _parts(content, container.context):
        if part.is_html_body:
            yield from body.read(part.content(), part.charset)
        elif not part.is_body:
            yield from attachments.read(part.name, part.content())
    yield from body.left_out()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that has no parts of its own."""

    message: Message
    folder: str

    @property
    def is_body(self) -> bool:
        message = self.message
        if message.get_content_maintype() != "text" or message.get_filename():
            return False
        return "attachment" not in str(message.get("Content-Disposition", "")).lower()

    @property
    def is_html_body(self) -> bool:
        return self.is_body and self.message.get_content_subtype() == "html"

    @property
    def charset(self) -> str:
        return self.message.get_content_charset("") or ""

    @property
    def name(self) -> str:
        written = self.message.get_filename("") or ""
        try:
            written = str(make_header(decode_header(written)))
        except (*_FAULTS, UnicodeError):
            pass  # as written, then
        return self.folder + written

    def content(self) -> bytes:
        try:
            payload = self.message.get_payload(decode=True)
        except _FAULTS:
            payload = b""
        return payload if isinstance(payload, bytes) else b""


def _parts(content: bytes, context: Context) -> list[_Part]:
    try:
        return _leaves(message_from_bytes(_in_ascii(content)), context)
    except InputError:
        raise
    except _FAULTS as error:
        raise DecodeError(f"a damaged message: {type(error).__name__}") from error


def _leaves(message: Message, context: Context) -> list[_Part]:
    leaves: list[_Part] = []
    messages = 0
    waiting = [(message, "", context.depth)]
    while waiting:
        part, folder, depth = waiting.pop()
        payload = part.get_payload()
        if not isinstance(payload, list):
            leaves.append(_Part(part, folder))
        elif depth > context.limits.depth:
            raise LimitError(f"nested more than {context.limits.depth} containers deep")
        else:
            if part.get_content_type() == "message/rfc822":
                messages += 1
                folder, depth = f"{folder}message {messages}/", depth + 1
            inner = [one for one in payload if isinstance(one, Message)]
            waiting += [(one, folder, depth) for one in reversed(inner)]
        if len(leaves) + len(waiting) > _MOST_PARTS:
            raise LimitError(f"more than {_MOST_PARTS} parts")
    return leaves


def _in_ascii(content: bytes) -> bytes:
    """Undo what editors do that save a message as UTF-16."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace").encode("utf-8", "replace")
    if b"\0" in content[:2]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
        return content.decode(encoding, "replace").encode("utf-8", "replace")
    return content
