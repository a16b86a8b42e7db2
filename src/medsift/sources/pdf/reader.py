"""A PDF becomes pictures and problems, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from medsift.core.errors import InputError, LimitError
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.pdf.attachments import attached_to, attachments_of
from medsift.sources.pdf.document import open_document, open_second, without_security
from medsift.sources.pdf.extract import Extractor
from medsift.sources.pdf.facts import FactsReader
from medsift.sources.pdf.page import findings_of
from medsift.sources.pdf.placements import frame_of
from medsift.sources.pdf.sheet import Sheet

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument


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
    where = replace(blob.where, source_type="pdf")
    with open_document(blob, context) as document:
        facts = _facts_of(blob, document, context)
        yield from _numbered(_pages(document, facts, where, context), where, context)
        yield from attachments_of(document, where, context)


def _pages(
    document: PdfDocument, facts: FactsReader, where: Provenance, context: Context
) -> Iterator[Finding]:
    import pypdfium2 as pdfium

    extractor = Extractor(context)
    count = len(document)
    for number in range(min(count, context.limits.pages)):
        spot = replace(where, page=number + 1, locator=f"page {number + 1}")
        try:
            page = document[number]
        except pdfium.PdfiumError:
            yield Problem(spot, "failed", "undecodable", "undecodable: the page is damaged")
            continue
        try:
            sheet = Sheet(page, frame_of(page), spot, facts.of_page(number))
            yield from findings_of(sheet, extractor)
            yield from attached_to(page, spot, context)
        finally:
            page.close()
    if count > context.limits.pages:
        yield _stopped(where, f"{count} pages, of which {context.limits.pages} were read")


def _numbered(found: Iterator[Finding], where: Provenance, context: Context) -> Iterator[Finding]:
    """Count the pictures of the document, and stop where there are too many."""
    index = 0
    for finding in found:
        if not isinstance(finding, Picture) or finding.where.member != where.member:
            yield finding
            continue
        if index >= context.limits.pictures:
            yield _stopped(where, f"more than {context.limits.pictures} pictures")
            return
        index += 1
        yield replace(finding, where=replace(finding.where, index=index))


def _facts_of(blob: Blob, document: PdfDocument, context: Context) -> FactsReader:
    try:
        reader = open_second(blob.read(context.limits), context.options.pdf_password)
        if reader.is_encrypted:
            reader = open_second(without_security(document), "")
    except InputError:
        return FactsReader(None)
    return FactsReader(reader)


def _stopped(where: Provenance, sentence: str) -> Problem:
    error = LimitError(sentence)
    return Problem(where, "failed", error.code, error.record_text)
