"""Files beside a saved page: found by reference, and never outside of the page's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from medsift.core.errors import NotFoundError
from medsift.sources.web.fetching.address import is_remote
from medsift.sources.web.fetching.errors import OutsideFolderError, RemoteError
from medsift.sources.web.page.references import Address


@dataclass(frozen=True, slots=True)
class PageFolder:
    """The folder of a page on disk.

    Attributes
    ----------
    base : str
        ``file:`` address of the page.
    root : Path
        Its folder, absolute and free of symbolic links.
    """

    base: str
    root: Path

    @classmethod
    def of(cls, page: Path) -> PageFolder:
        """Give the folder that a page lies in; a symbolic link counts where it lies itself."""
        root = page.absolute().parent.resolve()
        return cls((root / page.name).as_uri(), root)

    def find(self, address: Address) -> Path:
        """Find the file that a reference leads to.

        A query is part of the name where there is such a file (as some downloaders name
        them), and is left out where there is none. A reference that is relative as written is
        looked for beside the page even if a ``base`` element sends it to the web.

        Raises
        ------
        RemoteError
            The reference leads to the web.
        OutsideFolderError
            The path, or a symbolic link on it, leads out of the folder.
        NotFoundError
            There is no such file.
        """
        outside = False
        for candidate in self._candidates(address):
            resolved = _resolved(candidate)
            if resolved is not None and not resolved.is_relative_to(self.root):
                outside = True  # and is not so much as looked at
            elif resolved is not None and _is_file(resolved):
                return resolved
        name = address.written[:200]
        if is_remote(address.url) or address.written.startswith("//"):
            raise RemoteError(f"{name} is on the web")
        if outside or _names_a_machine(address.url):
            raise OutsideFolderError(f"{name} lies outside of the folder of the page")
        raise NotFoundError(f"there is no file {name} beside the page")

    def _candidates(self, address: Address) -> list[Path]:
        if _names_a_machine(address.url):
            return []  # on Windows, looking there would already speak to that machine
        parts = urlsplit(address.url)
        folder = Path()
        if parts.scheme != "file":
            parts, folder = urlsplit(address.written.replace("\\", "/")), self.root
            if parts.scheme or parts.netloc or parts.path.startswith("/"):
                return []
        names = [f"{parts.path}?{parts.query}"] if parts.query else []
        names.append(parts.path)
        paths = [folder / url2pathname(name) for name in names]
        # Some programs write references without escaping the percent signs in file names.
        return paths + [folder / name for name in names if unquote(name) != name]


def _resolved(path: Path) -> Path | None:
    """Follow symbolic links; None for what can be no file."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None  # too long, with a null character, or a circle of links


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _names_a_machine(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "file" and parts.netloc not in ("", "localhost")
