"""MHTML (RFC 2557): a web page and its files in one mail message, as browsers save them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.errors import MessageError
from email.message import Message
from urllib.parse import unquote, urlsplit

from medsift.core.errors import DecodeError, InputError, LimitError, NotFoundError
from medsift.core.limits import MIB
from medsift.core.picture import Finding
from medsift.sources.base import Blob, Context
from medsift.sources.mail.inline import is_file
from medsift.sources.mail.parsing import content_of, parsed
from medsift.sources.web.fetching.address import is_remote, resolve
from medsift.sources.web.fetching.errors import RemoteError
from medsift.sources.web.page.parse import parse_page
from medsift.sources.web.page.pictures import pictures
from medsift.sources.web.page.references import Address, Markup, Reference

MESSAGE_BYTES = 256 * MIB
"""Longest message that is read: it is held in memory, some times over."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of the message, decoded."""

    kind: str
    location: str
    content: bytes = field(repr=False)
    charset: str = ""


@dataclass(slots=True)
class _Parts:
    """The loader of an archived page: parts by address, and which of them were found."""

    by_url: dict[str, _Part]
    used: set[str] = field(default_factory=set)

    def find(self, address: Address) -> bytes:
        for url in (address.url, _plain(address.url)):
            part = self.by_url.get(url)
            if part is not None:
                self.used.add(part.location)
                return part.content
        if is_remote(address.url):
            raise RemoteError(f"{address.url[:200]} is not in the archive")
        raise NotFoundError(f"there is no part {address.written[:200]}")


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of an archived page and of the frames in it, in order.

    Addresses lead to parts by Content-Location or Content-ID; nothing is fetched. Parts with
    pictures that no page of the archive shows come last.

    Raises
    ------
    DecodeError
        It is no message, or none with parts.
    LimitError
        It is too long, nested too deeply, or holds too many parts or pictures.
    """
    most = min(MESSAGE_BYTES, context.limits.file_bytes)
    parts = _parts(blob.read(replace(context.limits, file_bytes=most)), context)
    loader = _Parts({})
    for part in parts:
        loader.by_url.setdefault(part.location, part)
    for part in parts:
        loader.by_url.setdefault(_plain(part.location), part)
    _add_relative(loader, parts)
    where = replace(blob.where, source_type=blob.where.source_type or "html")
    context = context.deeper()
    pages = [part for part in parts if part.kind in ("text/html", "application/xhtml+xml")]
    for number, part in enumerate(pages, 1):
        page = parse_page(part.content, part.location, part.charset)
        place = where if number == 1 else replace(where, locator=f"frame page {number}")
        yield from pictures(page, loader, place, context)
    rest = [
        Reference((Address(part.location, part.location),), f"part {number}")
        for number, part in enumerate(parts, 1)
        if part.location not in loader.used
        and (part.kind.startswith("image/") or (part not in pages and is_file(part.content)))
    ]
    yield from pictures(Markup(tuple(rest)), loader, where, context)


def _add_relative(loader: _Parts, parts: list[_Part]) -> None:
    """Parts whose address is relative lie beside the first page: some programs mean that."""
    base = next((part.location for part in parts if is_remote(part.location)), "")
    for part in parts if base else ():
        if not urlsplit(part.location).scheme:
            loader.by_url.setdefault(resolve(part.location, base), part)


def _parts(content: bytes, context: Context) -> list[_Part]:
    try:
        message = parsed(content)
        base = _header(message, "Content-Location") or _header(message, "Snapshot-Content-Location")
        found: list[_Part] = []
        for part in message.walk():
            if part.is_multipart():
                continue
            if len(found) >= context.limits.members:
                raise LimitError(f"more than {context.limits.members} parts")
            found.append(_part(part, base, len(found) + 1))
            context.budget.spend(members=1, inflated_bytes=len(found[-1].content))
    except InputError:
        raise
    except (
        RecursionError,
        MessageError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        # What the standard library's parser is known to raise on malformed headers.
        raise DecodeError(f"a damaged message: {type(error).__name__}") from error
    if not message.is_multipart():
        raise DecodeError("a message without parts")
    return found


def _part(part: Message, base: str, number: int) -> _Part:
    content = content_of(part)
    identifier = _header(part, "Content-ID").strip("<>")
    written = _header(part, "Content-Location")
    location = resolve(written, base) if written else ""
    location = location or (f"cid:{identifier}" if identifier else f"part:{number}")
    return _Part(part.get_content_type(), location, content, part.get_content_charset("") or "")


def _plain(url: str) -> str:
    """Address without escapes: pages write them in one way, archives in another."""
    return unquote(url).replace(" ", "")


def _header(message: Message, name: str) -> str:
    return "".join(str(message.get(name, "")).split())
