"""An address of the web becomes findings: fetched, told by its content, and looked through."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx

from medsift.core.errors import InputError
from medsift.core.picture import Finding, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.web.fetching.address import is_remote, resolve
from medsift.sources.web.fetching.answer import Answer, keep_out
from medsift.sources.web.fetching.errors import TagError
from medsift.sources.web.fetching.fetch import Fetcher
from medsift.sources.web.fetching.session import shared_fetcher
from medsift.sources.web.options import DEFAULT_WEB_OPTIONS, WebOptions
from medsift.sources.web.page.collect import refreshed
from medsift.sources.web.page.parse import parse_page
from medsift.sources.web.page.pictures import PAGE_BYTES, pictures, problem
from medsift.sources.web.page.references import Markup, Reference
from medsift.sources.web.page.website import Website

_DECLARED_PAGES = ("text/html", "application/xhtml+xml")
_PAGE_TYPES = "text/html, application/xhtml+xml, */*;q=0.8"


def read_url(
    url: str,
    context: Context,
    options: WebOptions = DEFAULT_WEB_OPTIONS,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[Finding]:
    """Yield what is at an address: of a page its pictures, of a file what is in it.

    Nothing is raised for what the web does: an address that cannot be had gives a
    :class:`Problem`, and so does a page without pictures.

    Parameters
    ----------
    url : str
        Of a web page, or of a file of any type that medsift reads.
    context : Context
    options : WebOptions
        What may be fetched, and how.
    transport : httpx.BaseTransport, optional
        What sends requests; tests give one that has no network.
    """
    with shared_fetcher(options) if transport is None else Fetcher(options, transport) as fetcher:
        yield from _Visit(fetcher, context, url).findings()


@dataclass(frozen=True, slots=True)
class _Stop:
    """A page to read: its address, the links between it and the input, and what led to it.

    Its hops are the refreshes that led to it, one after the other.
    """

    url: str
    depth: int = 0
    source: str = ""
    hops: int = 0


class _Visit:
    """Reads the pages below one input, each once."""

    def __init__(self, fetcher: Fetcher, context: Context, url: str) -> None:
        self._fetcher = fetcher
        self._options = fetcher.options
        self._context = context
        self._url = url
        self._waiting = deque([_Stop(url, 0, url)])
        self._seen = {url}
        self._pictures: set[str] = set()

    def findings(self) -> Iterator[Finding]:
        pages, found = 0, False
        while self._waiting and pages < self._options.max_pages:
            stop = self._waiting.popleft()
            pages += 1
            where = Provenance(stop.source, url=stop.url)
            try:
                for finding in self._at(stop, where):
                    found = True
                    yield finding
            except InputError as error:
                found = True
                yield problem(where, error)
        if not found:
            yield Problem(Provenance(self._url, url=self._url), "skipped", "no_image")

    def _at(self, stop: _Stop, where: Provenance) -> Iterator[Finding]:
        answer = self._fetcher.fetch(stop.url, self._options.document_bytes, _PAGE_TYPES)
        self._context.budget.spend(members=1, inflated_bytes=len(answer.content))
        self._respect(answer.tags)
        where = replace(where, url=answer.url)
        blob = Blob(where, data=answer.content)
        file_type = blob.file_type()
        # A page that starts with plain text looks like text; then what the site says counts.
        # So it does where one starts with a drawing.
        if file_type != "html" and not (
            file_type in ("text", "xml", "svg") and answer.content_type in _DECLARED_PAGES
        ):
            self._follow(stop, answer.url, refreshed(answer.refresh))
            yield from self._context.recurse(blob, self._context)
            return
        yield from self._page(stop, answer, replace(where, source_type="html"))

    def _page(self, stop: _Stop, answer: Answer, where: Provenance) -> Iterator[Finding]:
        limits = replace(self._context.limits, file_bytes=PAGE_BYTES)
        content = Blob(where, data=answer.content).read(limits)
        page = parse_page(content, answer.url, answer.charset)
        self._respect(page.robots)
        self._queue(stop, answer.url, page, answer.tags)
        for target in (refreshed(answer.refresh), *(r.url for r in page.refreshes)):
            self._follow(stop, answer.url, target)
        tiny = [r for r in page.references if r.tiny and is_remote(r.url)]
        page = replace(page, references=self._new(page))
        yield from _left_out(tiny, where)
        with Website(self._fetcher, page.references, self._context.budget) as website:
            yield from pictures(page, website, where, self._context.deeper())

    def _new(self, page: Markup) -> tuple[Reference, ...]:
        """References that no page before referred to, and that are wanted."""
        linked = self._options.linked_pictures
        wanted = [r for r in page.references if linked or not r.linked]
        new = tuple(r for r in wanted if r.url not in self._pictures and not r.tiny)
        self._pictures.update(r.url for r in new)
        return new

    def _queue(self, stop: _Stop, url: str, page: Markup, tags: frozenset[str]) -> None:
        """Note which pages to read next: frames, and links where crawling is wanted."""
        self._seen.add(url)
        for frame in page.frames:
            self._add(_Stop(frame.url, stop.depth, stop.source), url)
        wanted = self._options.ignore_tags or not {"nofollow", "none"} & (page.robots | tags)
        if self._options.crawl and wanted and stop.depth < self._options.max_depth:
            for link in page.links:
                self._add(_Stop(link, stop.depth + 1, link), url)

    def _follow(self, stop: _Stop, url: str, target: str) -> None:
        """Note where a page sends its readers: to any host, as redirects do."""
        resolved = resolve(target, url) if target else ""
        if is_remote(resolved) and stop.hops < self._options.redirects:
            self._add(_Stop(resolved, stop.depth, stop.source, stop.hops + 1), resolved)

    def _add(self, stop: _Stop, page: str) -> None:
        same_host = urlsplit(stop.url).netloc == urlsplit(page).netloc
        # Nothing is fetched twice, and what is queued is bounded by what may be read.
        if (
            same_host
            and stop.url not in self._seen
            and len(self._waiting) < self._options.max_pages
        ):
            self._seen.add(stop.url)
            self._waiting.append(stop)

    def _respect(self, tags: frozenset[str]) -> None:
        tag = keep_out(tags)
        if tag and not self._options.ignore_tags:
            raise TagError(f"the site asks machines to keep out ({tag})")


def _left_out(tiny: list[Reference], where: Provenance) -> Iterator[Finding]:
    """Report what is not worth a request, and often is there only to be requested."""
    for reference in tiny:
        place = replace(where, url=reference.url, locator=reference.element)
        yield Problem(place, "skipped", "too_small")
