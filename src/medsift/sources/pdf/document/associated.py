"""Files that are associated with a document or its pages, ISO 32000-2, 14.13."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from medsift.sources.pdf.document.dictionaries import number_of, value_of, value_of_item

if TYPE_CHECKING:
    from pypdf import PdfReader

_MANY = 1_000


def associated(reader: PdfReader) -> Iterator[tuple[str, Any]]:
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
