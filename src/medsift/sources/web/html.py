"""Saved web pages: the pictures inside them, and those in the files beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from medsift.core.picture import Finding
from medsift.sources.base import Blob, Context
from medsift.sources.web.folder import PageFolder
from medsift.sources.web.pictures import PAGE_BYTES, pictures
from medsift.sources.web.references import parse_page
from medsift.sources.web.shelf import Nowhere


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of a page that was saved to disk, in document order.

    Pictures inside the page and in its folder are read; what lies on the web is not fetched
    but reported as skipped (``remote``), like what lies elsewhere on disk
    (``outside_folder``). A file that is missing is a failure.

    Raises
    ------
    LimitError
        The page is too long, nested too deeply, or refers to too many pictures.
    """
    most = min(PAGE_BYTES, context.limits.file_bytes)
    content = blob.read(replace(context.limits, file_bytes=most))
    folder = PageFolder.of(blob.path) if blob.path is not None else None
    page = parse_page(content, folder.base if folder else blob.where.url)
    where = replace(blob.where, source_type=blob.where.source_type or "html")
    yield from pictures(page, folder or Nowhere(), where, context.deeper())
