"""Opening a PDF: passwords, repair, and the errors that PDFium and pypdf report."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from medsift.core.errors import DecodeError, EncryptedError, InputError
from medsift.sources.base import Blob, Context

if TYPE_CHECKING:
    from pypdf import PdfReader
    from pypdfium2 import PdfDocument


def open_document(blob: Blob, context: Context) -> PdfDocument:
    """Open a PDF with PDFium, which repairs what it can; else rewrite it with pypdf first.

    Raises
    ------
    EncryptedError
        It needs a password that was not given, or another one.
    DecodeError
        Neither library can make sense of it.
    LimitError, UnreadableError
        See :meth:`medsift.sources.base.Blob.read`.
    """
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    data = blob.read(context.limits)
    password = context.options.pdf_password
    try:
        return _load(data, password)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise _locked(password) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise EncryptedError("protected by a security scheme that is not supported") from error
        try:
            return _load(_rewritten(data, password), "")
        except pdfium.PdfiumError:
            raise DecodeError("not a PDF, or damaged beyond repair") from error


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


def without_security(document: PdfDocument) -> bytes:
    """Save the document without its cipher: pypdf alone lacks those of newer files."""
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


def _locked(password: str) -> EncryptedError:
    if password:
        return EncryptedError("the given password does not open it")
    return EncryptedError("a password is needed to open it, and none was given")


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
