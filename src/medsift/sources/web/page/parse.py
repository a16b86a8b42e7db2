"""Markup in, addresses out: what pictures a page refers to. Nothing is opened or fetched."""

from __future__ import annotations

from medsift.sources.web.page.charset import decode_text
from medsift.sources.web.page.collect import Collector
from medsift.sources.web.page.references import Markup, Reference


def parse_page(html: bytes | str, base: str, charset: str = "") -> Markup:
    """Find all that an HTML page, or an SVG file, refers to.

    Parameters
    ----------
    html : bytes or str
    base : str
        Address of the page; may be empty, then relative addresses stay relative.
    charset : str
        As the Content-Type header declares it, where there is one.

    Raises
    ------
    LimitError
        The page has too many elements.
    """
    text = html if isinstance(html, str) else decode_text(html, charset)
    collector = Collector(base)
    collector.read(text)
    return collector.markup()


def references(html: bytes | str, base: str) -> list[Reference]:
    """Pictures that a page shows or links to, in document order, each address once."""
    return list(parse_page(html, base).references)
