"""Where the pictures of a page are looked for: beside it on disk, in the same archive, ..."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from medsift.sources.web.fetching.errors import RemoteError
from medsift.sources.web.page.references import Address


class Loader(Protocol):
    """Finds what an address leads to."""

    def find(self, address: Address) -> Path | bytes:
        """Find the file, or its content.

        Raises
        ------
        LeftOutError
            The address is not followed, on purpose.
        NotFoundError
            There is nothing at the address.
        InputError
            It could not be had for another reason.
        """


class NoLoader:
    """The loader of a page that is alone: bytes without a folder."""

    def find(self, address: Address) -> Path | bytes:
        """Refuse."""
        raise RemoteError(f"the page has no folder in which {address.written[:200]} could be")
