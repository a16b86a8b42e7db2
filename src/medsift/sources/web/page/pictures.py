"""From the references of a page to its pictures, wherever its files are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from medsift.core.errors import InputError, LimitError
from medsift.core.limits import MIB
from medsift.core.picture import Finding, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.described import described
from medsift.sources.web.fetching.address import decode_data, is_data, is_remote, resolve, shown
from medsift.sources.web.fetching.errors import LeftOutError
from medsift.sources.web.page.charset import decode_text
from medsift.sources.web.page.css import parse_css
from medsift.sources.web.page.loader import Loader
from medsift.sources.web.page.references import Address, Markup, Reference

PAGE_BYTES = 64 * MIB
"""Longest page that is read. Pages of that length keep their pictures inside themselves."""

_STYLESHEET_BYTES = 4 * MIB
_MOST_STYLESHEETS = 64


def pictures(
    page: Markup, loader: Loader, where: Provenance, context: Context
) -> Iterator[Finding]:
    """Yield what the references of a page lead to, in document order.

    Parameters
    ----------
    page : Markup
    loader : Loader
        Finds the files of the page.
    where : Provenance
        Of the page.
    context : Context
        For what is inside the page.

    Raises
    ------
    LimitError
        The page refers to too many pictures.
    """
    reader = _Reader(loader, where, context, {r.url for r in page.references})
    yield from reader.read(page.references)
    for references in reader.stylesheets(page.stylesheets):
        yield from reader.read(references)


@dataclass(slots=True)
class _Reader:
    loader: Loader
    where: Provenance
    context: Context
    seen: set[str]
    index: int = 0
    paths: set[Path] = field(default_factory=set)

    def read(self, references: Iterator[Reference] | tuple[Reference, ...]) -> Iterator[Finding]:
        for reference in references:
            if self.index >= self.context.limits.pictures:
                raise LimitError(f"refers to more than {self.context.limits.pictures} pictures")
            yield from self._findings(reference)

    def stylesheets(self, waiting: tuple[Address, ...]) -> Iterator[Iterator[Reference]]:
        """Yield the references of each style sheet that is found, and of those it imports."""
        queue = list(waiting)
        read: set[str] = set()
        while queue and len(read) < _MOST_STYLESHEETS:
            address = queue.pop(0)
            if address.url in read:
                continue
            read.add(address.url)
            try:
                content = self._content(address, _STYLESHEET_BYTES)
            except InputError:
                continue  # a page is whole without its style
            base = "" if is_data(address.url) else address.url
            sheet = parse_css(decode_text(content))
            queue += [Address(resolve(a, base), a) for a in sheet.imports if resolve(a, base)]
            yield self._styled(sheet.pictures, base, f"stylesheet {shown(address.written)[:200]}")

    def _styled(
        self, groups: tuple[tuple[str, ...], ...], base: str, element: str
    ) -> Iterator[Reference]:
        for group in groups:
            resolved = [Address(resolve(written, base), written) for written in group]
            addresses = tuple(address for address in resolved if address.url)
            if addresses and addresses[0].url not in self.seen:
                self.seen.add(addresses[0].url)
                yield Reference(addresses, element)

    def _findings(self, reference: Reference) -> Iterator[Finding]:
        first: tuple[Address, InputError] | None = None
        for address in reference.addresses:
            try:
                blob = self._blob(address)
            except InputError as error:
                # What the page offers in several sizes may be there in only one of them, and
                # then nothing is missing. Otherwise the first that is missing tells more than
                # the first that is left out.
                if first is None or isinstance(first[1], LeftOutError):
                    first = first or (address, error)
                continue
            if blob is not None:
                self.index += 1
                found = self._inside(replace(blob, where=self._place(address, reference)))
                yield from described(found, self.context, reference.caption, reference.figure)
            return
        missing = first is not None and not isinstance(first[1], LeftOutError)
        if first is not None and not reference.linked and not (missing and reference.supposed):
            self.index += 1
            yield problem(self._place(first[0], reference), first[1])

    def _blob(self, address: Address) -> Blob | None:
        """Find what is at the address; None for a file that another reference led to."""
        if is_data(address.url):
            content = decode_data(address.url, self.context.limits.file_bytes)
            return Blob(self.where, data=content)
        found = self.loader.find(address)
        if isinstance(found, bytes):
            return Blob(self.where, data=found)
        if found in self.paths:
            return None
        self.paths.add(found)
        return Blob(self.where, found)

    def _inside(self, blob: Blob) -> Iterator[Finding]:
        try:
            is_page = blob.file_type() in ("html", "mhtml")
        except InputError as error:
            yield problem(blob.where, error)
            return
        if is_page:  # pages that include each other would never end
            yield Problem(blob.where, "skipped", "not_an_image")
        else:
            yield from self.context.recurse(blob, self.context)

    def _content(self, address: Address, most: int) -> bytes:
        if is_data(address.url):
            return decode_data(address.url, most)
        found = self.loader.find(address)
        blob = Blob(self.where, data=found) if isinstance(found, bytes) else Blob(self.where, found)
        return blob.read(replace(self.context.limits, file_bytes=most))

    def _place(self, address: Address, reference: Reference) -> Provenance:
        url = shown(address.url if is_remote(address.url) else address.written)
        locator = f"{self.where.locator}, {reference.element}".removeprefix(", ")
        return replace(self.where, url=url, locator=locator, index=self.index)


def problem(where: Provenance, error: InputError) -> Problem:
    """Say why there is no picture: left out on purpose, or failed."""
    if isinstance(error, LeftOutError):
        return Problem(where, "skipped", error.code)
    return Problem(where, "failed", error.code, error.record_text)
