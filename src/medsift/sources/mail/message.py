"""Mail messages (RFC 5322, MIME): attachments, inline pictures, and messages within messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from medsift.core.errors import DecodeError, EncryptedError, InputError, LimitError
from medsift.core.limits import MIB
from medsift.core.picture import Finding
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container
from medsift.sources.mail.attachments import Attachments
from medsift.sources.mail.body import HtmlBody
from medsift.sources.mail.cms import holds_message, signed_content
from medsift.sources.mail.inline import files_in, is_file
from medsift.sources.mail.parsing import content_of, parsed, parts_in

MESSAGE_BYTES = 128 * MIB
"""Longest message that is read: it is held in memory, ten times over."""

_MOST_PARTS = 10_000
_SIGNED = frozenset({"pkcs7-mime", "x-pkcs7-mime"})
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
    body = HtmlBody(container, f"{label}, " if label else "")
    for part in _parts(content, container.context):
        inside = part.content()
        # Programs that do not know a file declare it as text.
        if not part.is_body or is_file(inside):
            yield from attachments.read(part.name, inside)
        elif part.is_html_body or sniff(inside[:HEAD_BYTES]) == "html":
            yield from body.read(inside, part.charset)
        else:
            for name, file in files_in(inside):
                yield from attachments.read(part.folder + name, file)
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
            content = content_of(self.message)
        except _FAULTS:
            return b""
        if is_file(content) or self.is_body:
            return content
        # The transfer encoding may be missing or another one than is declared.
        files = [file for _, file in files_in(content)]
        return files[0] if len(files) == 1 else content


def _parts(content: bytes, context: Context) -> list[_Part]:
    try:
        return _leaves(parsed(content), context)
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
        inner = parts_in(part)
        if inner is None and (inner := _signed(part)):
            depth += 1
        if inner is None:
            leaves.append(_Part(part, folder))
        elif depth > context.limits.depth:
            raise LimitError(f"nested more than {context.limits.depth} containers deep")
        else:
            if part.get_content_maintype() == "message":
                messages += 1
                folder, depth = f"{folder}message {messages}/", depth + 1
            waiting += [(one, folder, depth) for one in reversed(inner)]
        if len(leaves) + len(waiting) > _MOST_PARTS:
            raise LimitError(f"more than {_MOST_PARTS} parts")
    return leaves


def _signed(part: Message) -> list[Message] | None:
    """Message within signed data; None for all else, and for a file with a signature."""
    if part.get_content_subtype() not in _SIGNED:
        return None
    try:
        content = signed_content(content_of(part))
    except (DecodeError, EncryptedError):
        return None
    return [parsed(content)] if holds_message(content) else None
