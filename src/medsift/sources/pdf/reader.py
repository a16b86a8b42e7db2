"""A PDF becomes pictures and problems, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.naming import refined
from medsift.sources.pdf.attachments import attached_to, attachments_of
from medsift.sources.pdf.document import open_document, open_second, saved_plainly
from medsift.sources.pdf.extract import Extractor
from medsift.sources.pdf.facts import FactsReader
from medsift.sources.pdf.page import findings_of
from medsift.sources.pdf.placements import frame_of
from medsift.sources.pdf.second import is_doubtful, second_look
from medsift.sources.pdf.sheet import Sheet

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

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
    with open_document(data, context.options.pdf_password) as document:
        facts = _facts_of(data, document)
        found = chain(
            _pages(document, facts, where, context), attachments_of(document, where, context)
        )
        yield from _numbered(found, where, context)


def _pages(
    document: PdfDocument, facts: FactsReader, where: Provenance, context: Context
) -> Iterator[Finding]:
    extractor = Extractor(context)
    # A page count may be too small; then the second reader may know of the others.
    known = len(document)
    count = max(known, facts.page_count)
    if not count:
        raise DecodeError("holds no pages")
    damaged = 0
    for number in range(min(count, context.limits.pages)):
        spot = replace(refined(where, f"page {number + 1}"), page=number + 1)
        try:
            if number < known:
                yield from _page(document, spot, facts, extractor)
            else:
                yield from second_look(spot, facts, number, extractor)
        except DecodeError as error:
            yield Problem(spot, "failed", error.code, error.record_text)
            damaged += 1
            if damaged >= _MOST_DAMAGED:
                # A page count may lie; thousands of records of it help nobody.
                yield _stopped(where, f"{damaged} damaged pages; the rest were not read")
                return
    if count > context.limits.pages:
        yield _stopped(where, f"{count} pages, of which {context.limits.pages} were read")


def _page(
    document: PdfDocument, where: Provenance, facts: FactsReader, extractor: Extractor
) -> Iterator[Finding]:
    import pypdfium2 as pdfium

    number = (where.page or 1) - 1
    try:
        page = document[number]
    except pdfium.PdfiumError as error:
        # With fewer pages, the second reader may mean another one by the number.
        agree = facts.page_count >= len(document)
        found = list(second_look(where, facts, number, extractor)) if agree else []
        if not any(isinstance(finding, Picture) for finding in found):
            raise DecodeError("the page is damaged") from error
        yield from found
        return
    try:
        sheet = Sheet(page, frame_of(page), where, facts.of_page(number))
        yield from findings_of(sheet, extractor)
        if is_doubtful(page, facts.page(number)):
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
