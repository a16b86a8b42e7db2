"""The loader of a page on the web: its pictures, fetched some at a time and ahead of need."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from medsift.core.errors import NotFoundError
from medsift.sources.base import Budget
from medsift.sources.web.fetching.address import is_data, is_remote
from medsift.sources.web.fetching.answer import Answer, keep_out
from medsift.sources.web.fetching.errors import OutsideFolderError, TagError
from medsift.sources.web.fetching.fetch import Fetcher
from medsift.sources.web.page.references import Address, Reference

PICTURE_TYPES = "image/*, application/dicom;q=0.9, */*;q=0.5"
"""What is asked for in place of a picture; no more than a wish."""


class Website:
    """Fetches what a page refers to. Use it with ``with``: it holds threads.

    While a picture is looked at, the next ones are already on their way; how many, and so how
    much is held in memory, is bounded.

    Parameters
    ----------
    fetcher : Fetcher
    references : iterable of Reference
        In the order in which they will be asked for.
    budget : Budget
        Is charged with what is fetched.
    """

    def __init__(self, fetcher: Fetcher, references: Iterable[Reference], budget: Budget) -> None:
        self._fetcher = fetcher
        self._budget = budget
        self._waiting = deque(r.url for r in references if is_remote(r.url))
        self._under_way: dict[str, Future[Answer]] = {}
        self._pool = ThreadPoolExecutor(fetcher.options.concurrency, "medsift-fetch")

    def __enter__(self) -> Website:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def find(self, address: Address) -> bytes:
        """Fetch what is at the address.

        Raises
        ------
        OutsideFolderError
            It is a file of this machine.
        TagError
            The site asks machines to leave it alone.
        InputError
            As :meth:`medsift.sources.web.fetching.fetch.Fetcher.fetch`.
        """
        if not is_remote(address.url):
            if address.url.startswith("file:"):
                raise OutsideFolderError("a page on the web may not refer to files of this machine")
            raise NotFoundError(f"there is no {address.written[:200]}")
        self._budget.spend()  # raises where it is used up already
        self._go_on(address.url)
        answer = self._under_way.pop(address.url).result()
        self._budget.spend(members=1, inflated_bytes=len(answer.content))
        tag = keep_out(answer.tags)
        if tag and not self._fetcher.options.ignore_tags:
            raise TagError(f"the site asks machines to keep out ({tag})")
        return answer.content

    def _go_on(self, url: str) -> None:
        """Start to fetch the address, and some of those after it."""
        if url not in self._under_way:
            self._start(url)
        if url in self._waiting:
            # What stands before it was not asked for, and will not be.
            while self._waiting.popleft() != url:
                pass
        while self._waiting and len(self._under_way) < self._fetcher.options.concurrency:
            self._start(self._waiting.popleft())

    def _start(self, url: str) -> None:
        if not is_data(url) and url not in self._under_way:
            options = self._fetcher.options
            self._under_way[url] = self._pool.submit(
                self._fetcher.fetch, url, options.picture_bytes, PICTURE_TYPES
            )
