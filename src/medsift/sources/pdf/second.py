"""A second reader for pages that PDFium cannot open, or on which it sees nothing.

Some files frame their streams, or name the entries of their images, in ways that PDFium takes for
nothing at all and other readers put up with. Such a page is written anew by pypdf, in the way of
the standard, and then read like any other.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from medsift.core.errors import DecodeError, InputError
from medsift.core.picture import Finding, Picture, Provenance
from medsift.sources.pdf.document.dictionaries import value_of
from medsift.sources.pdf.document.facts import FactsReader, images_of
from medsift.sources.pdf.document.opening import open_second, opened
from medsift.sources.pdf.page import findings_of, from_stream
from medsift.sources.pdf.pixels.extract import Extractor
from medsift.sources.pdf.placement.page_context import PageContext
from medsift.sources.pdf.placement.placements import frame_of, has_pixels, walk

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_INLINE_IMAGE = re.compile(rb"(?:^|\s)BI\s.{0,4096}?\sID\s", re.DOTALL)
_DRAWN = re.compile(rb"(/[^\s/<>\[\](){}%]{1,127})\s+Do\b")
_MOST_IMAGES = 1_000
_SAMPLE = 4096
_DRAWABLE = frozenset({"/Form", "/Image", "/PS"})
# What entries of inline images may be called, and those of image objects may not (ISO 32000-1,
# table 93 and 94).
_NAMES = {
    "/BPC": "/BitsPerComponent",
    "/CS": "/ColorSpace",
    "/D": "/Decode",
    "/DP": "/DecodeParms",
    "/F": "/Filter",
    "/H": "/Height",
    "/IM": "/ImageMask",
    "/I": "/Interpolate",
    "/W": "/Width",
}
_VALUES = {
    "/G": "/DeviceGray",
    "/RGB": "/DeviceRGB",
    "/CMYK": "/DeviceCMYK",
    "/AHx": "/ASCIIHexDecode",
    "/A85": "/ASCII85Decode",
    "/LZW": "/LZWDecode",
    "/Fl": "/FlateDecode",
    "/RL": "/RunLengthDecode",
    "/CCF": "/CCITTFaxDecode",
    "/DCT": "/DCTDecode",
}


def is_doubtful(page: PdfPage, twin: Any = None) -> bool:
    """Whether PDFium sees nothing on a page, images without any pixels, or none where some are.

    Parameters
    ----------
    page : PdfPage
    twin : pypdf.PageObject, optional
        The same page.
    """
    from pypdfium2 import raw

    objects = list(walk(page))
    images = [item.handle for item in objects if item.kind == raw.FPDF_PAGEOBJ_IMAGE]
    if not objects or not all(map(has_pixels, images)):
        return True
    return not images and twin is not None and _draws_images(twin)


def _draws_images(page: Any) -> bool:
    """Whether the content of a page names an image that it draws."""
    try:
        shared = value_of(value_of(page, "/Resources"), "/XObject") or {}
        names = [n for n in shared if value_of(value_of(shared, n), "/Subtype") == "/Image"]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a parser may raise anything on hostile input
        return False
    drawn = set(_DRAWN.findall(_content(page))) if names else set()
    return any(name.encode("utf-8", "replace") in drawn for name in names)


def second_look(
    where: Provenance, facts: FactsReader, number: int, extractor: Extractor
) -> Iterator[Finding]:
    """Yield what the second reader finds on a page.

    Parameters
    ----------
    where : Provenance
        Of the page.
    facts : FactsReader
    number : int
        Of the page, from 0.
    extractor : Extractor

    Raises
    ------
    DecodeError
        The page has images, and none can be read.
    """
    page = facts.page(number)
    if page is None:
        return
    content = _content(page)
    if not content.strip() and not value_of(page, "/Annots"):
        if _lost_content(page):
            raise DecodeError("the content of the page is missing or damaged")
        return
    found = False
    try:
        for finding in _anew(page, where, extractor):
            found = found or isinstance(finding, Picture)
            yield finding
    except InputError:
        pass  # its images are looked at one by one
    if found or not content.strip():
        return
    streams = images_of(page)
    for stream in streams[:_MOST_IMAGES]:
        _spell_out(stream)
        found = True
        for finding in from_stream(where, stream, extractor):
            locator = f"{where.locator}, image without place"
            yield replace(finding, where=replace(finding.where, locator=locator))
    if not found:
        _refuse_damage(page, content)


def _anew(page: Any, where: Provenance, extractor: Extractor) -> Iterator[Finding]:
    data = _rewritten(page)
    with opened(data) as copy:
        if is_doubtful(copy, page):
            return
        facts = FactsReader(open_second(data, "")).of_page(0)
        yield from findings_of(PageContext(copy, frame_of(copy), where, facts), extractor)


def _rewritten(page: Any) -> bytes:
    from pypdf import PdfWriter

    try:
        writer = PdfWriter()
        for stream in images_of(writer.add_page(page)):
            _spell_out(stream)
        buffer = io.BytesIO()
        writer.write(buffer)
    except (InputError, MemoryError):
        raise
    except Exception as error:
        # A parser may raise anything on hostile input.
        raise DecodeError(f"a damaged page: {error}") from error
    return buffer.getvalue()


def _spell_out(stream: Any) -> None:
    """Give the entries of an image their full names."""
    from pypdf.generic import ArrayObject, NameObject

    for short, name in _NAMES.items():
        if short in stream and name not in stream:
            stream[NameObject(name)] = stream.raw_get(short)
            del stream[short]
    for name in ("/ColorSpace", "/Filter"):
        value = value_of(stream, name)
        if isinstance(value, ArrayObject):
            value[:] = [
                NameObject(_VALUES.get(str(v), str(v))) if _is_name(v) else v for v in value
            ]
        elif _is_name(value) and str(value) in _VALUES:
            stream[NameObject(name)] = NameObject(_VALUES[str(value)])


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/")


def _refuse_damage(page: Any, content: bytes) -> None:
    """Raise where a page without pictures is not what it should be."""
    if _INLINE_IMAGE.search(content):
        raise DecodeError("the page holds images that no reader makes sense of")
    if _is_garbage(content):
        raise DecodeError("the content of the page makes no sense")
    if _draws_what_is_lost(page, content):
        raise DecodeError("the page draws what the file does not hold")


def _draws_what_is_lost(page: Any, content: bytes) -> bool:
    """Whether the content of a page draws something that is neither a form nor an image."""
    try:
        shared = value_of(value_of(page, "/Resources"), "/XObject")
        for name in _DRAWN.findall(content):
            known = value_of(shared, name.decode("latin-1"))
            if value_of(known, "/Subtype") not in _DRAWABLE:
                return True
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a parser may raise anything on hostile input
        return True
    return False


def _is_garbage(content: bytes) -> bool:
    """Whether content is no text at all, as that of an encrypted page whose key is lost."""
    sample = content[:_SAMPLE]
    strange = sum(byte > 126 or (byte < 32 and byte not in b"\t\n\f\r\0") for byte in sample)
    return strange * 4 > len(sample)


def _lost_content(page: Any) -> bool:
    """Whether a page names its content, and there is none, or none that can be decoded."""
    try:
        content = value_of(page, "/Contents")
        parts = content if isinstance(content, list) else [content]
        streams = [p.get_object() for p in parts if p is not None]
        lost = [s for s in streams if not hasattr(s, "get_data") or (s._data and not s.get_data())]  # noqa: SLF001
        return "/Contents" in page and (bool(lost) or content is None)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a parser may raise anything on hostile input
        return True


def _content(page: Any) -> bytes:
    """Content of a page, decoded; empty where it cannot be."""
    try:
        content = value_of(page, "/Contents")
        parts = content if isinstance(content, list) else [content]
        return b"\n".join(p.get_object().get_data() for p in parts if p is not None)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a parser may raise anything on hostile input
        return b""
