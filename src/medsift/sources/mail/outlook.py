"""Messages of Outlook ([MS-OXMSG]): attachments by their properties, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from medsift.core.errors import InputError
from medsift.core.picture import Finding
from medsift.decode.sniff import sniff
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, ExhaustedError, problem
from medsift.sources.mail.attachments import Attachments
from medsift.sources.mail.body import HtmlBody
from medsift.sources.office.embedded import native_object
from medsift.sources.office.ole import StreamPath, Streams, opened_ole

_ATTACHMENT = "__attach_version1.0_"
# Property 3701 holds the content: of type 0102 bytes, of type 000D an object with streams.
_CONTENT = "__substg1.0_37010102"
_OBJECT = "__substg1.0_3701000D"
_MESSAGE = "__properties_version1.0"
_NAMES = ("3707001F", "3704001F", "3707001E", "3704001E")
_HTML = "__substg1.0_10130102"
_NATIVE = "\x01Ole10Native"
_NO_FILE = frozenset({"text", "unknown", "empty", "xml"})


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures that came with a message; what is attached is looked into.

    Nothing of its text, addresses and subject goes into a finding, and nothing is fetched.

    Raises
    ------
    DecodeError
        Damaged.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    container = Container(blob, context, "mail")
    with opened_ole(blob) as file:
        yield from container.completed(_message(Streams(file, container), container))


def _message(streams: Streams, container: Container) -> Iterator[Finding]:
    attachments = Attachments(container, "")
    body = HtmlBody(container, "")
    paths = streams.paths()
    known = frozenset(paths)
    for path in paths:
        container.spend(members=1)
        try:
            if path[-1] == _HTML:
                yield from body.read(streams.read(path))
            elif path[-1] == _CONTENT and path[-2:-1] and path[-2].startswith(_ATTACHMENT):
                name = _folder(path[:-2]) + _name(streams, known, path[:-1])
                yield from attachments.read(name, streams.read(path))
            elif _is_object(path, known):
                yield from _object(streams, path, attachments)
        except ExhaustedError:
            raise
        except InputError as error:
            yield problem(container.at("attachment"), error)
    yield from body.left_out()


def _object(streams: Streams, path: StreamPath, attachments: Attachments) -> Iterator[Finding]:
    content = streams.read(path)
    name = path[-1]
    if name == _NATIVE:
        name, content = native_object(content)
    if sniff(content[:4096]) not in _NO_FILE:
        yield from attachments.read(_folder(path[:-1]) + name.replace("/", "_"), content)


def _is_object(path: StreamPath, known: frozenset[StreamPath]) -> bool:
    if _OBJECT not in path:
        return False
    # The innermost object that the stream is part of: a message shows its own attachments.
    start = len(path) - path[::-1].index(_OBJECT)
    return (*path[:start], _MESSAGE) not in known and start < len(path)


def _folder(path: StreamPath) -> str:
    """Names of the messages within which a path lies."""
    within = [name for name in path if name.startswith(_ATTACHMENT)]
    numbers = [name.rpartition("#")[2].lstrip("0") or "0" for name in within]
    return "".join(f"message {number}/" for number in numbers)


def _name(streams: Streams, known: frozenset[StreamPath], storage: StreamPath) -> str:
    for kind in _NAMES:
        path = (*storage, f"__substg1.0_{kind}")
        if path in known:
            encoding = "utf-16-le" if kind.endswith("1F") else "cp1252"
            text = streams.read(path, 2048).decode(encoding, "replace")
            return text.strip("\0").replace("\\", "/").rpartition("/")[2]
    return ""
