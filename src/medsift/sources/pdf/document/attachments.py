"""Files that are embedded in a PDF: of the document, of a portfolio, and of annotations."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from medsift.core.errors import InputError, LimitError
from medsift.core.limits import MIB
from medsift.core.picture import Finding, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.naming import anchored, member_place
from medsift.sources.pdf.document.associated import files_of

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

    from medsift.sources.pdf.document.facts import FactsReader


def attachments_of(document: PdfDocument, where: Provenance, context: Context) -> Iterator[Finding]:
    """Yield what is found in the files that a document or portfolio holds.

    Parameters
    ----------
    document : PdfDocument
    where : Provenance
        Of the document.
    context : Context
    """
    from pypdfium2 import raw

    for number in range(raw.FPDFDoc_GetAttachmentCount(document)):
        handle = raw.FPDFDoc_GetAttachment(document, number)
        if handle and not (yield from _inside(handle, number, where, context)):
            return


def associated_with(
    document: PdfDocument, facts: FactsReader, where: Provenance, context: Context
) -> Iterator[Finding]:
    """Yield what is found in associated files that no name tree lists, and in a form of XFA.

    Parameters
    ----------
    document : PdfDocument
    facts : FactsReader
        Of the document.
    where : Provenance
        Of the document.
    context : Context
    """
    from pypdfium2 import raw

    files = files_of(facts.reader, listed=raw.FPDFDoc_GetAttachmentCount(document) > 0)
    for number, (name, stream) in enumerate(files):
        spot = member_place(where, name or f"attachment {number + 1}")
        try:
            content = stream.get_data()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  a parser may raise anything on hostile input
            yield Problem(spot, "failed", "undecodable", "undecodable: a damaged attachment")
            continue
        held = partial(bytes, content)
        if not (yield from _followed(spot, len(content), held, context)):
            return


def attached_to(page: PdfPage, where: Provenance, context: Context) -> Iterator[Finding]:
    """Yield what is found in the files that annotations of a page hold.

    Parameters
    ----------
    page : PdfPage
    where : Provenance
        Of the page.
    context : Context
    """
    from pypdfium2 import raw

    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_FILEATTACHMENT:
                continue
            handle = raw.FPDFAnnot_GetFileAttachment(annotation)
            if handle and not (yield from _inside(handle, number, where, context)):
                return
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _inside(
    handle: Any, number: int, where: Provenance, context: Context
) -> Generator[Finding, None, bool]:
    """Follow one file; whether the budget allows to go on."""
    spot = member_place(where, _name(handle) or f"attachment {number + 1}")
    size = _size(handle)
    if size is None:
        text = "undecodable: the content of an attachment is not found"
        yield Problem(spot, "failed", "undecodable", text)
        return True
    return (yield from _followed(spot, size, partial(_content, handle, size), context))


def _followed(
    spot: Provenance, size: int, content: Callable[[], bytes], context: Context
) -> Generator[Finding, None, bool]:
    try:
        if size > context.limits.file_bytes:
            raise LimitError(f"larger than {context.limits.file_bytes // MIB} MiB")
    except InputError as error:
        yield Problem(spot, "failed", error.code, error.record_text)
        return True
    try:
        context.budget.spend(members=1, inflated_bytes=size)
        deeper = context.deeper()
    except LimitError as error:
        yield Problem(spot, "failed", error.code, error.record_text)
        return False
    for found in context.recurse(Blob(spot, data=content()), deeper):
        yield replace(found, where=anchored(found.where, spot))
    return True


def _name(handle: Any) -> str:
    from pypdfium2 import raw

    length = raw.FPDFAttachment_GetName(handle, None, 0)
    buffer = ctypes.create_string_buffer(length)
    raw.FPDFAttachment_GetName(handle, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\x00")


def _size(handle: Any) -> int | None:
    """Bytes of a file; None where PDFium does not find it."""
    from pypdfium2 import raw

    length = ctypes.c_ulong()
    if not raw.FPDFAttachment_GetFile(handle, None, 0, length):
        return None
    return length.value


def _content(handle: Any, size: int) -> bytes:
    from pypdfium2 import raw

    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAttachment_GetFile(handle, buffer, size, ctypes.c_ulong())
    return buffer.raw
