"""Opening a PDF: passwords, repair, and the errors that PDFium and pypdf report."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from medsift.core.errors import DecodeError, EncryptedError, InputError
from medsift.sources.pdf.document.repair import with_trailer

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdfium2 import PdfDocument, PdfPage


def open_document(data: bytes, password: str) -> PdfDocument:
    """Open a PDF with PDFium, which repairs what it can; else rewrite it with pypdf first.

    Parameters
    ----------
    data : bytes
        The whole file.
    password : str
        Tried where the file does not open without one.

    Raises
    ------
    EncryptedError
        It needs a password that was not given, or another one.
    DecodeError
        Neither library can make sense of it.
    """
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    try:
        return _load(data, password)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            return _unlocked(data, password)
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise EncryptedError("protected by a security scheme that is not supported") from error
        return _repaired(data, password)


def open_second(data: bytes, password: str) -> PdfReader:
    """Open the same bytes with pypdf, for what PDFium does not tell.

    Raises
    ------
    DecodeError
        pypdf cannot read it.
    EncryptedError
        The password does not open it, or its cipher is not at hand.
    """
    import pypdf

    # It logs each repair as a warning; what matters of that becomes a finding.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(password):
            raise EncryptedError("the password does not open it")
        return reader
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise DecodeError(f"damaged: {error}") from error


@contextmanager
def opened(data: bytes) -> Iterator[PdfPage]:
    """Open the first page of a document, for as long as the block lasts.

    Raises
    ------
    DecodeError
        There is none.
    """
    import pypdfium2 as pdfium

    try:
        with pdfium.PdfDocument(data) as document:
            page = document[0]
            try:
                yield page
            finally:
                page.close()
    except pdfium.PdfiumError as error:
        raise DecodeError("the page cannot be opened") from error


def saved_plainly(document: PdfDocument) -> bytes:
    """Save the document repaired and without its cipher: pypdf alone lacks the newer ones."""
    from pypdfium2 import raw

    buffer = io.BytesIO()
    document.save(buffer, flags=raw.FPDF_REMOVE_SECURITY)
    return buffer.getvalue()


def _load(data: bytes, password: str) -> PdfDocument:
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    try:
        # A file that only restricts printing or copying opens without a password.
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code != raw.FPDF_ERR_PASSWORD or not password:
            raise
    return pdfium.PdfDocument(data, password=password)


def _unlocked(data: bytes, password: str) -> PdfDocument:
    """Let pypdf try a password that PDFium refuses: it knows variants that PDFium does not."""
    import pypdfium2 as pdfium

    if not password:
        raise EncryptedError("a password is needed to open it, and none was given")
    try:
        return _load(_rewritten(data, password), "")
    except (pdfium.PdfiumError, InputError) as error:
        raise EncryptedError("the given password does not open it") from error


def _repaired(data: bytes, password: str) -> PdfDocument:
    """What PDFium cannot open as it is: with a trailer made for it, then as pypdf reads it."""
    import pypdfium2 as pdfium

    patched = with_trailer(data)
    if patched is not None:
        try:
            return _load(patched, password)
        except pdfium.PdfiumError:
            del patched
    try:
        return _load(_rewritten(data, password), "")
    except pdfium.PdfiumError as error:
        raise DecodeError("not a PDF, or damaged beyond repair") from error


def _rewritten(data: bytes, password: str) -> bytes:
    import pypdf

    reader = open_second(data, password)
    buffer = io.BytesIO()
    try:
        writer = pypdf.PdfWriter()
        for page in reader.pages:
            writer.add_page(page)
        if not writer.pages:
            raise DecodeError("holds no pages")
        writer.write(buffer)
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise DecodeError(f"damaged beyond repair: {error}") from error
    return buffer.getvalue()
