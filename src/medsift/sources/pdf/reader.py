"""A PDF becomes pictures and problems, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.naming import refined
from medsift.sources.pdf.apart import ATTACHED, Begun, PageJob, noted, pages_apart
from medsift.sources.pdf.document.attachments import associated_with, attached_to, attachments_of
from medsift.sources.pdf.document.facts import FactsReader
from medsift.sources.pdf.document.opening import open_document, open_second, saved_plainly
from medsift.sources.pdf.page import findings_of, is_dangerous
from medsift.sources.pdf.pixels.extract import Extractor
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import frame_of
from medsift.sources.pdf.second import is_doubtful, second_look

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_TRACES = re.compile(rb"/Subtype\s*/Image\b|/(?:DCT|JPX|CCITTFax|JBIG2)Decode\b")
_MOST_DAMAGED = 100


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of a PDF, page by page, in the order in which they are drawn.

    Parameters
    ----------
    blob : Blob
    context : Context

    Yields
    ------
    Picture or Problem
        ``where.bbox`` is in the visible system of the page, see
        :mod:`medsift.sources.pdf.geometry`.

    Raises
    ------
    EncryptedError
        A password is needed, or another one.
    DecodeError
        Damaged beyond repair.
    LimitError
        Larger than the limits allow.
    """
    where = replace(blob.where, source_type=blob.where.source_type or "pdf")
    data = blob.read(context.limits)
    with noted(context.notes, data) as has_killed:
        found = pages_apart(data, where, context) if has_killed else _in_place(data, where, context)
        yield from _numbered(found, where, context)


def messages(job: PageJob, data: bytes, context: Context) -> Iterator[Finding | Begun]:
    """Yield what a process of its own finds on some pages, and which page it is at.

    Parameters
    ----------
    job : PageJob
    data : bytes
    context : Context
    """
    with open_document(data, context.options.pdf_password) as document:
        reading = _Reading(document, data, job.where, context)
        stop = reading.stop if job.last is None else min(job.last + 1, reading.stop)
        for number in range(job.first, stop):
            yield Begun(number)
            yield from reading.page(number)
        if job.last is None:
            yield from reading.rest()
            yield Begun(ATTACHED)
            yield from reading.attachments()


def _in_place(data: bytes, where: Provenance, context: Context) -> Iterator[Finding]:
    with open_document(data, context.options.pdf_password) as document:
        reading = _Reading(document, data, where, context, may_die=False)
        for number in range(reading.stop):
            yield from reading.page(number)
        yield from reading.rest()
        yield from reading.attachments()


class _Reading:
    """A document while its pages are read; whether in a process that may die of one."""

    def __init__(
        self,
        document: PdfDocument,
        data: bytes,
        where: Provenance,
        context: Context,
        *,
        may_die: bool = True,
    ) -> None:
        self._apart = None if may_die else partial(pages_apart, data, where, context)
        self._document = document
        self._where = where
        self._facts = _facts_of(data, document)
        self._extractor = Extractor(context)
        self._damaged = 0
        self._first = self._found = False
        self._has_traces = _TRACES.search(data) is not None
        # A page count may be too small; then the second reader may know of the others.
        self._known = len(document)
        self._count = max(self._known, self._facts.page_count)
        self._limit = context.limits.pages
        if not self._count:
            raise DecodeError("holds no pages")

    @property
    def stop(self) -> int:
        """Number of pages that are to be read."""
        return min(self._count, self._limit)

    def page(self, number: int) -> Iterator[Finding]:
        """Yield what is on a page, counted from 0."""
        if self._damaged >= _MOST_DAMAGED:
            return
        self._first = self._first or number == 0
        spot = replace(refined(self._where, f"page {number + 1}"), page=number + 1)
        try:
            found = (
                self._page(number, spot)
                if number < self._known
                else second_look(spot, self._facts, number, self._extractor)
            )
            for finding in found:
                self._found = True
                yield finding
        except DecodeError as error:
            yield Problem(spot, "failed", error.code, error.record_text)
            self._damaged += 1

    def rest(self) -> Iterator[Finding]:
        """Say which pages were not read."""
        if self._damaged >= _MOST_DAMAGED:
            # A page count may lie; thousands of records of it help nobody.
            what = f"{self._damaged} damaged pages; the rest were not read"
            yield _stopped(self._where, what)
        elif self._count > self._limit:
            yield _stopped(self._where, f"{self._count} pages, of which {self._limit} were read")
        elif self._hides_images():
            raise DecodeError("a damaged document with images that no page leads to")

    def _hides_images(self) -> bool:
        """Whether nothing was found in a damaged document whose bytes speak of images."""
        if self._found or self._damaged or not self._first or not self._has_traces:
            return False
        pages = [self._facts.page(number) for number in range(self.stop)]
        return any(page is None or "/Contents" not in page for page in pages)

    def attachments(self) -> Iterator[Finding]:
        """Yield what the files hold that are embedded in the document."""
        context = self._extractor.context
        yield from attachments_of(self._document, self._where, context)
        yield from associated_with(self._document, self._facts, self._where, context)

    def _page(self, number: int, where: Provenance) -> Iterator[Finding]:
        import pypdfium2 as pdfium

        facts, extractor = self._facts, self._extractor
        try:
            page = self._document[number]
        except pdfium.PdfiumError as error:
            # With fewer pages, the second reader may mean another one by the number.
            agree = facts.page_count >= self._known
            found = list(second_look(where, facts, number, extractor)) if agree else []
            if not any(isinstance(finding, Picture) for finding in found):
                raise DecodeError("the page is damaged") from error
            yield from found
            return
        try:
            page_context = PageContext(page, frame_of(page), where, facts.of_page(number))
            if self._apart is not None and is_dangerous(page_context):
                yield from self._apart(number, number)
                return
            abridged = any(
                f.abridged for found in page_context.facts.images.values() for f in found
            )
            if not abridged:
                yield from findings_of(page_context, extractor)
            if abridged or is_doubtful(page, facts.page(number)):
                yield from second_look(where, facts, number, extractor)
            yield from attached_to(page, where, extractor.context)
        except (InputError, MemoryError):
            raise
        except Exception as error:
            # Here ends what three parsers may raise on hostile input; the other pages go on.
            raise DecodeError(f"the page cannot be read ({type(error).__name__})") from error
        finally:
            page.close()


def _numbered(found: Iterator[Finding], where: Provenance, context: Context) -> Iterator[Finding]:
    """Count the pictures of the document, and stop where there are too many."""
    index = 0
    for finding in found:
        if not isinstance(finding, Picture):
            yield finding
            continue
        if index >= context.limits.pictures:
            yield _stopped(where, f"more than {context.limits.pictures} pictures")
            return
        index += 1
        yield replace(finding, where=replace(finding.where, index=index))


def _facts_of(data: bytes, document: PdfDocument) -> FactsReader:
    with suppress(InputError):
        reader = open_second(data, "")
        if not reader.is_encrypted:
            return FactsReader(reader)
    with suppress(InputError):
        return FactsReader(open_second(saved_plainly(document), ""))
    return FactsReader(None)


def _stopped(where: Provenance, sentence: str) -> Problem:
    error = LimitError(sentence)
    return Problem(where, "failed", error.code, error.record_text)
