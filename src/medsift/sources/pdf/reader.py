"""A PDF becomes pictures and problems, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from medsift.core.errors import InputError, LimitError
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.pdf.document import open_document, open_second, without_security
from medsift.sources.pdf.extract import Extractor
from medsift.sources.pdf.facts import FactsReader, ImageFacts, ImageKey
from medsift.sources.pdf.geometry import stand_upright, upright_size
from medsift.sources.pdf.placements import Placement, frame_of, placements_of

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage


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
        yield from _Reading(document, where, context).pages(blob)


class _Reading:
    """The state of one document while it is read."""

    def __init__(self, document: PdfDocument, where: Provenance, context: Context) -> None:
        self._document = document
        self._where = where
        self._context = context
        self._extractor = Extractor(context)
        self._facts = FactsReader(None)
        self._index = 0

    def pages(self, blob: Blob) -> Iterator[Finding]:
        self._facts = _facts_of(blob, self._document, self._context)
        limits = self._context.limits
        count = len(self._document)
        for number in range(min(count, limits.pages)):
            yield from self._page(number)
            if self._index >= limits.pictures:
                yield _stopped(self._where, f"more than {limits.pictures} pictures")
                return
        if count > limits.pages:
            yield _stopped(self._where, f"{count} pages, of which {limits.pages} were read")

    def _page(self, number: int) -> Iterator[Finding]:
        import pypdfium2 as pdfium

        where = replace(self._where, page=number + 1, locator=f"page {number + 1}")
        try:
            page = self._document[number]
        except pdfium.PdfiumError:
            yield Problem(where, "failed", "undecodable", "undecodable: the page is damaged")
            return
        try:
            facts = self._facts.of_page(number)
            frame = frame_of(page)
            for order, placement in enumerate(placements_of(page, frame), start=1):
                spot = replace(
                    where, locator=f"page {number + 1}, image {order}", bbox=placement.bbox
                )
                yield self._picture(page, placement, _about(placement, facts), spot)
                if self._index >= self._context.limits.pictures:
                    return
        finally:
            page.close()

    def _picture(
        self,
        page: PdfPage,
        placement: Placement,
        facts: tuple[ImageFacts, ...],
        where: Provenance,
    ) -> Finding:
        try:
            found = self._extractor.extract(page, placement, facts)
        except InputError as error:
            return Problem(where, "failed", error.code, error.record_text)
        self._index += 1
        width, height = upright_size(found.width, found.height, placement.placed)
        return Picture(
            where=replace(where, index=self._index, extraction=found.extraction),
            pixels=stand_upright(found.pixels, placement.placed),
            width=width,
            height=height,
            format=found.format,
            color_mode=found.mode,
            sha256=found.sha256,
            data=found.data,
        )


def _about(placement: Placement, facts: dict[ImageKey, list[ImageFacts]]) -> tuple[ImageFacts, ...]:
    codec = placement.filters[-1] if placement.filters else ""
    key = (placement.width, placement.height, placement.encoded_length, codec)
    return tuple(facts.get(key, ()))


def _facts_of(blob: Blob, document: PdfDocument, context: Context) -> FactsReader:
    try:
        data = blob.read(context.limits)
        reader = open_second(data, context.options.pdf_password)
        if reader.is_encrypted:
            reader = open_second(without_security(document), "")
    except InputError:
        return FactsReader(None)
    return FactsReader(reader)


def _stopped(where: Provenance, sentence: str) -> Problem:
    error = LimitError(sentence)
    return Problem(where, "failed", error.code, error.record_text)
