"""Where the pictures of a page are looked for: beside it on disk, in the same archive, ..."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from medsift.core.errors import InputError
from medsift.sources.web.page.references import Address


class LeftOutError(InputError):
    """A reference is not followed, on purpose."""

    code = "left_out"


class RemoteError(LeftOutError):
    """A saved page refers to the web, and saved pages cause no traffic."""

    code = "remote"


class OutsideFolderError(LeftOutError):
    """A reference leads out of the folder of its page."""

    code = "outside_folder"


class Shelf(Protocol):
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


class Nowhere:
    """The shelf of a page that is alone: bytes without a folder."""

    def find(self, address: Address) -> Path | bytes:
        """Refuse."""
        raise RemoteError(f"the page has no folder in which {address.written[:200]} could be")
