"""EPUB (W3C EPUB 3.3): e-books, read chapter by chapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from medsift.core.errors import DecodeError, InputError
from medsift.core.picture import Finding
from medsift.sources.archive.zip import opened
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, ExhaustedError
from medsift.sources.described import described
from medsift.sources.office.markup import OnStart, scan_tags
from medsift.sources.office.package import PART_BYTES, Package, resolve_part
from medsift.sources.web.fetching.address import decode_data, is_data, is_remote
from medsift.sources.web.page.parse import parse_page
from medsift.sources.web.page.references import Address, Reference

_ROOT = "file:///"


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of an e-book, by chapter; what no chapter shows comes last.

    Raises
    ------
    DecodeError
        Damaged.
    LimitError
        Nested too deeply, too many pictures, or a budget is used up.
    """
    container = Container(blob, context, "office")
    with opened(blob) as archive:
        yield from container.completed(_book(Package(archive, container)), plain=False)


def _book(package: Package) -> Iterator[Finding]:
    package.set_encrypted(_encrypted_parts(package))
    for number, part in enumerate(_chapters(package), 1):
        yield from _chapter(package, part, f"chapter {number}")
    yield from package.report_rest()


def _chapter(package: Package, part: str, label: str) -> Iterator[Finding]:
    try:
        page = parse_page(package.read(part), _ROOT + part)
    except ExhaustedError:
        raise
    except InputError:
        return  # its pictures come without a place
    package.mark(part)
    number = 0
    for reference in page.references:
        if reference.linked:
            continue
        number += 1
        found = _picture(package, reference, f"{label}, image {number}")
        figure = f"{label}, {reference.figure}" if reference.figure else ""
        yield from described(found, package.context, reference.caption, figure)


def _picture(package: Package, reference: Reference, locator: str) -> Iterator[Finding]:
    names = [_part_at(address) for address in reference.addresses]
    name = next((name for name in names if name in package), "")
    url = reference.url
    if name:
        yield from package.report(name, locator)
    elif is_data(url):
        try:
            content = decode_data(url, PART_BYTES)
        except DecodeError:
            return
        yield from package.report_bytes(content, locator)
    elif is_remote(url):
        yield package.report_remote(url, locator)
    else:
        yield from package.report(names[0], locator)


def _part_at(address: Address) -> str:
    return unquote(address.url.removeprefix(_ROOT).partition("?")[0])


def _chapters(package: Package) -> list[str]:
    """Names of the parts in reading order; pages that are not part of it come last."""
    description = ""
    items: dict[str, str] = {}
    order: dict[str, None] = {}
    pages: dict[str, None] = {}

    def in_container(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal description
        if tag == "rootfile" and not description:
            description = unquote(attributes.get("full-path", ""))

    def in_description(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "item":
            href = unquote(attributes.get("href", ""))
            name = attributes.get("id", "")
            items[name] = resolve_part(href, description)
            if attributes.get("media-type") == "application/xhtml+xml":
                pages[name] = None
        elif tag == "itemref":
            order[attributes.get("idref", "")] = None

    _scan(package, "META-INF/container.xml", in_container)
    _scan(package, description, in_description)
    return [items[name] for name in (order | pages) if name in items]


def _encrypted_parts(package: Package) -> frozenset[str]:
    encrypted: set[str] = set()

    def on_start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "CipherReference":
            encrypted.add(unquote(attributes.get("URI", "")))

    _scan(package, "META-INF/encryption.xml", on_start)
    return frozenset(encrypted)


def _scan(package: Package, part: str, on_start: OnStart) -> None:
    try:
        scan_tags(package.read(part), on_start)
    except ExhaustedError:
        raise
    except InputError:
        return  # what was seen before counts
