"""Saved web pages: the pictures inside them, and those in the files beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from medsift.core.errors import InputError
from medsift.core.picture import Finding, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.naming import refined
from medsift.sources.web.fetching.errors import LeftOutError
from medsift.sources.web.page.folder import PageFolder
from medsift.sources.web.page.loader import Loader, NoLoader
from medsift.sources.web.page.parse import parse_page
from medsift.sources.web.page.pictures import PAGE_BYTES, pictures, problem
from medsift.sources.web.page.references import Address, Markup

_PAGES = frozenset({"html", "mhtml"})


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures of a page that was saved to disk, in document order.

    Pictures inside the page and in its folder are read; what lies on the web is not fetched
    but reported as skipped (``remote``), like what lies elsewhere on disk
    (``outside_folder``). A file that is missing is a failure. Pages and documents that the
    page shows in frames come after it, if they lie in its folder.

    Raises
    ------
    LimitError
        The page is too long, nested too deeply, or refers to too many pictures.
    """
    where = replace(blob.where, source_type=blob.where.source_type or "html")
    yield from _Reading(replace(blob, where=where), context).findings()


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a page within another is said to be, as the page around it sees it."""

    address: Address
    loader: Loader


class _Reading:
    """Reads a page and those that it shows, each once."""

    def __init__(self, blob: Blob, context: Context) -> None:
        self._blob = blob
        self._context = context
        self._inside = context.deeper()
        self._folder = PageFolder.of(blob.path) if blob.path is not None else None
        self._waiting: deque[_Frame] = deque()
        self._seen = set() if self._folder is None or blob.path is None else {blob.path.resolve()}
        self._frames = 1

    def findings(self) -> Iterator[Finding]:
        yield from self._page(self._blob, self._folder)
        while self._waiting and self._frames < self._context.options.web.max_pages:
            frame = self._waiting.popleft()
            try:
                path = frame.loader.find(frame.address)
            except LeftOutError:
                continue  # another page: nothing says that it has pictures
            except InputError as error:
                yield problem(self._place(), error)
                continue
            if isinstance(path, Path) and path not in self._seen:
                self._seen.add(path)
                yield from self._frame(path)

    def _frame(self, path: Path) -> Iterator[Finding]:
        blob = Blob(self._place(), path)
        try:
            is_page = blob.file_type() in _PAGES
        except InputError as error:
            yield problem(blob.where, error)
            return
        if not is_page or self._folder is None:
            yield from self._inside.recurse(blob, self._inside)
            return
        try:
            yield from self._page(blob, PageFolder(path.as_uri(), self._folder.root))
        except InputError as error:
            yield problem(blob.where, error)

    def _page(self, blob: Blob, folder: PageFolder | None) -> Iterator[Finding]:
        most = min(PAGE_BYTES, self._context.limits.file_bytes)
        content = blob.read(replace(self._context.limits, file_bytes=most))
        page = parse_page(content, folder.base if folder else blob.where.url)
        yield from pictures(page, folder or NoLoader(), blob.where, self._inside)
        self._queue(page, folder)

    def _queue(self, page: Markup, folder: PageFolder | None) -> None:
        if folder is not None:
            found = page.frames + page.refreshes
            self._waiting += [_Frame(address, folder) for address in found]

    def _place(self) -> Provenance:
        """Place of the next page within the page."""
        self._frames += 1
        return refined(self._blob.where, f"frame page {self._frames}")
