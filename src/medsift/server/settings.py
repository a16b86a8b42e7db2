"""What the operator of the service may set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from medsift.core.errors import UsageError
from medsift.core.limits import DEFAULT_LIMITS, GIB, MIB, MIN_SIZE, Limits
from medsift.pipeline.options import ScanOptions
from medsift.sources.web.options import DEFAULT_WEB_OPTIONS

_ORIGIN = re.compile(r"https?://[^/\s?#@*]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator of the service may set.

    Attributes
    ----------
    model, threshold, tta, panels, min_size, workers
        As of :class:`medsift.pipeline.ScanOptions`.
    token : str
        Bearer token that requests must show; empty for none.
    hosts : tuple of str
        Names in ``Host`` that are answered, ``*.example.org`` for all below one; empty for any.
    origins : tuple of str
        Origins whose pages may ask from within a browser (CORS).
    thresholds : tuple of float
        Lowest and highest ``threshold`` that a request may ask for.
    remember : int
        Files whose records are remembered by the digest of their bytes; 0 for none.
    allow_urls : bool
        Fetch addresses that clients name.
    allow_private : bool
        Also from private and loopback addresses.
    ports : tuple of int
        Further ports that may be spoken to, besides 80 and 443.
    requests : int
        Requests with a body that are worked on or uploaded at the same time.
    body_bytes : int
        Longest body of a request.
    files : int
        Most files, or addresses, of one request.
    pictures : int
        Most pictures of one request to ``/v1/classify/batch``.
    pixels : int
        Width times height of the largest picture.
    spool_bytes : int
        Bytes of uploads that lie in the temporary folder at the same time.
    idle_seconds, body_seconds : float
        Time between two pieces of a body, and for all of it.
    input_seconds : float
        Time that a worker process may spend on one input.
    request_seconds : float
        Time for a request, counted from the end of its body.
    shutdown_seconds : float
        Time to finish what was accepted when the service is told to stop.
    batch : int
        Most small pictures, of any requests, that a worker is handed at once.
    """

    model: str = "default"
    threshold: float | None = None
    tta: bool = False
    panels: bool = False
    min_size: int = MIN_SIZE
    workers: int | None = None
    token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    thresholds: tuple[float, float] = (0.5, 0.99)
    remember: int = 0
    allow_urls: bool = False
    allow_private: bool = False
    ports: tuple[int, ...] = ()
    requests: int = 128
    body_bytes: int = 256 * MIB
    files: int = 100
    pictures: int = 1000
    pixels: int = 100_000_000
    spool_bytes: int = 2 * GIB
    idle_seconds: float = 20.0
    body_seconds: float = 600.0
    input_seconds: float = 60.0
    request_seconds: float = 300.0
    shutdown_seconds: float = 300.0
    batch: int = 16

    def __post_init__(self) -> None:
        bounds = (
            *(self.requests, self.body_bytes, self.files, self.pictures, self.pixels),
            *(self.idle_seconds, self.body_seconds, self.input_seconds, self.request_seconds),
            *(self.spool_bytes, self.shutdown_seconds, self.batch),
        )
        if min(bounds) <= 0:
            raise UsageError("limits of the service must be above zero")
        if self.remember < 0:
            raise UsageError("the number of files to remember cannot be negative")
        low, high = self.thresholds
        if not 0 < low <= high <= 1:
            raise UsageError("thresholds of requests lie in order, above 0 and up to 1")
        for origin in self.origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise UsageError(f"{origin!r} is no origin: https://example.org, without a path")
        _ = self.scan_options  # refuses what workers could not be told, before anything starts
        if self.allow_private and not self.allow_urls:
            raise UsageError("--allow-private has no use without --allow-urls")

    @property
    def scan_options(self) -> ScanOptions:
        """What each worker process is told."""
        return ScanOptions(
            model=self.model,
            threshold=self.threshold,
            tta=self.tta,
            panels=self.panels,
            min_size=self.min_size,
            workers=self.workers,
            web=replace(
                DEFAULT_WEB_OPTIONS,
                allow_private=self.allow_private,
                ports=(*DEFAULT_WEB_OPTIONS.ports, *self.ports),
            ),
            limits=self.input_limits,
        )

    @property
    def input_limits(self) -> Limits:
        """What one input may cost."""
        return replace(
            DEFAULT_LIMITS,
            file_bytes=max(self.body_bytes, DEFAULT_WEB_OPTIONS.document_bytes),
            pixels=self.pixels,
            seconds=self.input_seconds,
        )
