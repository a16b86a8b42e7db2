"""Documents in one XML file, their pictures within as base64.

Flat OpenDocument, Word 2003, flat Open Packaging, Visio, FictionBook, and whatever other program
keeps files so: not the name of an element tells what is one, but its content.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from xml.parsers import expat

from medsift.core.errors import DecodeError, InputError
from medsift.core.limits import MIB
from medsift.core.picture import Finding, Problem
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member, problem
from medsift.sources.office.markup import attribute
from medsift.sources.web.fetching.address import decode_data, is_data
from medsift.sources.web.fetching.errors import LeftOutError
from medsift.sources.web.page.folder import PageFolder
from medsift.sources.web.page.references import Address

_DOCUMENT_BYTES = 256 * MIB
_ROOT = re.compile(
    rb"<\?mso-application|<(?:office:document|pkg:package|FictionBook|VisioDocument)[\s>]"
)
_TEXT = re.compile(rb">\s*(?:<!\[CDATA\[\s*)?([A-Za-z0-9+/=\s]{64,4096})")
_DATA = re.compile(rb"[\"'>]\s*data:(?:image|application)/[^,\"'<>]{1,200};base64,")
_BASE64 = re.compile(r"\s*[A-Za-z0-9+/][A-Za-z0-9+/=\s]{63}")
_SPACE = re.compile(rb"[^A-Za-z0-9+/]+")
_NO_FILE = frozenset({"text", "unknown", "empty", "xml", "html"})
_PICTURES = frozenset({"image", "metafile", "svg"})
_NAMES = ("name", "id")


def kind(blob: Blob) -> str:
    """Whether an XML file is a document with pictures within.

    Returns
    -------
    str
        ``flat``; ``xml`` for any other.
    """
    if blob.size() > _DOCUMENT_BYTES:
        return "xml"
    try:
        content = blob.read().replace(b"\0", b"")  # of UTF-16
    except InputError:
        return "xml"
    if _ROOT.search(content[:HEAD_BYTES]) or _DATA.search(content):
        return "flat"
    return "flat" if any(_is_file(_decoded(t[1])) for t in _TEXT.finditer(content)) else "xml"


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures and files within an XML document, in order.

    Raises
    ------
    DecodeError
        Malformed; what stands before counts.
    LimitError
        Too long, nested too deeply, or a budget is used up.
    """
    container = Container(blob, context, "office")
    most = min(_DOCUMENT_BYTES, context.limits.file_bytes)
    content = blob.read(replace(context.limits, file_bytes=most))
    folder = PageFolder.of(blob.path) if blob.path is not None else None
    yield from container.completed(_document(content, container, folder), plain=False)


def _document(content: bytes, container: Container, folder: PageFolder | None) -> Iterator[Finding]:
    collector = _Collector()
    fault = _parse(content, collector)
    images = objects = 0
    for found in collector.found:
        if isinstance(found, str):
            images += 1
            yield from _linked(found, f"image {images}", container, folder)
            continue
        if sniff(found.content[:HEAD_BYTES]) in _PICTURES:
            images += 1
            locator = f"image {images}"
        else:
            objects += 1
            locator = f"object {objects}"
        member = Member(found.name or locator, partial(io.BytesIO, found.content), counted=True)
        container.spend(inflated_bytes=len(found.content))
        yield from container.member(member, container.place(member.name, locator))
    if fault is not None:
        raise fault


def _parse(content: bytes, collector: _Collector) -> DecodeError | None:
    """Collect what there is, up to the place where it is malformed."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = collector.on_start
    parser.CharacterDataHandler = collector.on_text
    parser.EndElementHandler = collector.on_end
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except DecodeError as error:
        return error
    except (expat.ExpatError, ValueError, LookupError) as error:
        parser.buffer_text = False  # hands over what it has kept back
        collector.cut_off()
        return DecodeError(f"malformed XML: {error}")
    return None


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content: bytes = field(repr=False)


class _Collector:
    """Collects files, and the addresses of pictures that lie elsewhere."""

    def __init__(self) -> None:
        self.found: list[_File | str] = []
        self._names: list[str] = []
        self._pieces: list[str] | None = []

    def on_start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._pieces = []
        own = next((attribute(attributes, n) for n in _NAMES if attribute(attributes, n)), "")
        self._names.append(own or (self._names[-1] if self._names else ""))
        for value in attributes.values():
            if is_data(value):
                self._add_data(value)
        address = attribute(attributes, "href", "xlink")
        is_elsewhere = address and not address.startswith("#") and not is_data(address)
        if tag.rpartition(" ")[2] == "image" and is_elsewhere:
            self.found.append(address)

    def on_text(self, text: str) -> None:
        if self._pieces is not None:
            self._pieces.append(text)
            first = len(self._pieces) == 1
            if first and len(text) >= 64 and not (_BASE64.match(text) or is_data(text.lstrip())):
                self._pieces = None  # words, of which there may be many

    def on_end(self, _tag: str) -> None:
        self.cut_off()
        self._names.pop()

    def cut_off(self) -> None:
        """Take what an element holds so far."""
        text = "".join(self._pieces or ())
        self._pieces = None
        if is_data(text.lstrip()[:8]):
            self._add_data(text.strip())
        elif _BASE64.match(text):
            self._add(_decoded(text.encode("ascii", "ignore")))

    def _add_data(self, uri: str) -> None:
        try:
            self._add(decode_data(uri, _DOCUMENT_BYTES))
        except InputError:
            return  # no address of this kind: words that only begin like one

    def _add(self, content: bytes) -> None:
        if _is_file(content):
            name = "".join(self._names[-1:]).strip().rpartition("://")[2].strip("/")
            self.found.append(_File(name, content))


def _linked(
    address: str, locator: str, container: Container, folder: PageFolder | None
) -> Iterator[Finding]:
    where = container.at(locator)
    if "://" in address:
        url = address if address.lower().startswith(("http://", "https://")) else ""
        yield Problem(replace(where, url=url), "skipped", "remote")
    elif folder is None:
        yield Problem(where, "skipped", "remote")
    else:
        try:
            path = folder.find(Address(address, address))
        except LeftOutError as error:
            yield Problem(where, "skipped", error.code)
        except InputError as error:
            yield problem(where, error)
        else:
            yield from container.inside(Blob(where, path))


def _is_file(content: bytes) -> bool:
    return sniff(content[:HEAD_BYTES]) not in _NO_FILE


def _decoded(text: bytes) -> bytes:
    digits = _SPACE.sub(b"", text)
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    return base64.b64decode(digits + b"=" * (-len(digits) % 4))


def _refuse(*_declaration: object) -> None:
    raise DecodeError("malformed XML: it declares entities")
