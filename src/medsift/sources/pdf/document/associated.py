"""Files that are associated with a document or its pages, and the form that stands in for it.

ISO 32000-2, 14.13, and ISO 32000-1, 12.7.8: a form of XFA is XML, with pictures as base64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from medsift.sources.pdf.document.dictionaries import number_of, value_of, value_of_item

if TYPE_CHECKING:
    from pypdf import PdfReader

_MANY = 1_000
_DECLARATION = re.compile(rb"<\?xml.{0,200}?\?>", re.DOTALL)
_PICTURE = re.compile(rb"<image\b[^>]{0,400}>\s*[A-Za-z0-9+/]{60}")


def files_of(reader: PdfReader | None, *, listed: bool) -> list[tuple[str, Any]]:
    """Names and streams of files that are embedded without being listed.

    Parameters
    ----------
    reader : pypdf.PdfReader or None
    listed : bool
        The document has a list of its embedded files: that is to hold the associated ones as
        well (ISO 19005-3, 6.8).
    """
    if reader is None:
        return []
    found: list[tuple[str, Any]] = []
    try:
        found += [] if listed else _associated(reader)
        form = _form(reader)
        found += [("form.xml", form)] if form is not None else []
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001, S110  a parser may raise anything; these are a bonus
        pass
    return found


class Form:
    """The XML of a form, with what is asked of pypdf's streams."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_data(self) -> bytes:
        """All of it."""
        return self._content


def _form(reader: PdfReader) -> Form | None:
    """The XFA form of a document, where it has pictures; None otherwise.

    Parameters
    ----------
    reader : pypdf.PdfReader
    """
    form = value_of(value_of(reader.root_object, "/AcroForm"), "/XFA")
    # One stream, or names and the streams of its packets by turns.
    packets = form if isinstance(form, list) else [form]
    streams = (one.get_object() for one in packets[:_MANY] if hasattr(one, "get_object"))
    parts = (stream.get_data() for stream in streams if hasattr(stream, "get_data"))
    content = b"".join(part for part in parts if _PICTURE.search(part))
    if not content:
        return None
    return Form(b"<?xml version='1.0'?><form>%s</form>" % _DECLARATION.sub(b"", content))


def _associated(reader: PdfReader) -> Iterator[tuple[str, Any]]:
    """Yield name and stream of each file, once.

    Parameters
    ----------
    reader : pypdf.PdfReader
    """
    seen: set[int] = set()
    for holder in (reader.root_object, *list(reader.pages)[:_MANY]):
        listed = value_of(holder, "/AF")
        for place in range(min(len(listed), _MANY) if isinstance(listed, list) else 0):
            specification = value_of_item(listed, place)
            files = value_of(specification, "/EF")
            stream = value_of(files, "/UF") or value_of(files, "/F")
            mark = number_of(stream) or id(stream)
            if hasattr(stream, "get_data") and mark not in seen:
                seen.add(mark)
                name = value_of(specification, "/UF") or value_of(specification, "/F")
                yield str(name or ""), stream
