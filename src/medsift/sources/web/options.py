"""What users may ask of the fetcher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medsift.core.limits import GIB, MIB


@dataclass(frozen=True, slots=True)
class WebOptions:
    """How the web is read.

    Attributes
    ----------
    allow_private : bool
        Also fetch from private and loopback addresses, to scan one's own intranet. Link-local,
        multicast, reserved and cloud-metadata addresses stay forbidden.
    ports : tuple of int
        Ports that may be spoken to.
    ignore_robots : bool
        Fetch what ``robots.txt`` (RFC 9309) forbids. For sites of one's own.
    ignore_tags : bool
        Look at what ``X-Robots-Tag`` headers or robots ``meta`` elements ask machines to leave
        alone: ``noindex``, ``noimageindex``, ``noai``, ``noimageai``, ``none``.
    linked_pictures : bool
        Also fetch pictures that a page only links to.
    crawl : bool
        Also read the pages and documents of the same host that a page links to.
    max_pages : int
        Pages and documents that are read for one input, frames included.
    max_depth : int
        Links between the input and a page that is crawled.
    picture_bytes, document_bytes : int
        Longest picture of a page, and longest input or page, in bytes after decoding.
    connect_seconds, read_seconds, total_seconds : float
        Time for a connection, between two pieces of an answer, and for one address with all
        of its redirects, but without retries.
    redirects : int
        Redirects that are followed for one address.
    retries : int
        Further tries after a failure that may pass.
    concurrency : int
        Requests at the same time for one input.
    per_host, overall : int
        Requests at the same time to one host, and in all, by all processes of a scan together.
    delay : float
        Seconds between the starts of two requests to one host. A ``Crawl-delay`` in robots.txt
        makes it longer.
    cache : Path or None
        Folder in which answers are kept, to be asked for again only if they have changed.
    cache_bytes : int
        Most that the folder may hold; what was not used for the longest time goes first.
    hosts : Path or None
        Folder through which the processes of a scan agree on who speaks to which host; the
        engine sets it. Without one, each process counts for itself.
    contact : str
        Address or e-mail that sites find in the user agent.
    """

    allow_private: bool = False
    ports: tuple[int, ...] = (80, 443)
    ignore_robots: bool = False
    ignore_tags: bool = False
    linked_pictures: bool = False
    crawl: bool = False
    max_pages: int = 100
    max_depth: int = 3
    picture_bytes: int = 64 * MIB
    document_bytes: int = 256 * MIB
    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    total_seconds: float = 120.0
    redirects: int = 5
    retries: int = 2
    concurrency: int = 8
    per_host: int = 4
    overall: int = 32
    delay: float = 0.0
    cache: Path | None = None
    cache_bytes: int = GIB
    hosts: Path | None = None
    contact: str = ""


DEFAULT_WEB_OPTIONS = WebOptions()
