"""The HTML of a message: pictures within it count, those it refers to are only numbered."""

from __future__ import annotations

from collections.abc import Iterator

from medsift.core.errors import InputError
from medsift.core.limits import MIB
from medsift.core.picture import Finding, Problem
from medsift.sources.base import Blob
from medsift.sources.container import Container, problem
from medsift.sources.web.fetching.address import decode_data, is_data, is_remote
from medsift.sources.web.page.parse import parse_page

_BODY_BYTES = 16 * MIB


class HtmlBody:
    """All HTML of one message.

    Addresses of remote pictures are not told: in mail they often name who receives it.

    Parameters
    ----------
    container : Container
    label : str
        What comes before locators.
    """

    def __init__(self, container: Container, label: str) -> None:
        self._container = container
        self._label = label
        self._images = 0
        self._remote = 0

    def read(self, html: bytes, charset: str = "") -> Iterator[Finding]:
        """Yield the pictures that are within the HTML (``data:`` URIs).

        Those that it takes from other parts (``cid:``) come with these.
        """
        page = parse_page(html[:_BODY_BYTES], "", charset)
        for reference in page.references:
            if is_remote(reference.url):
                self._remote += not reference.linked
            elif is_data(reference.url):
                self._images += 1
                where = self._container.at(f"{self._label}body, image {self._images}")
                try:
                    content = decode_data(reference.url, _BODY_BYTES)
                except InputError as error:
                    yield problem(where, error)
                    continue
                yield from self._container.inside(Blob(where, data=content))

    def left_out(self) -> Iterator[Problem]:
        """Say how many pictures were not fetched."""
        if self._remote:
            what = f"{self._label}body, {self._remote} remote image{'s' * (self._remote > 1)}"
            yield Problem(self._container.at(what), "skipped", "remote")
