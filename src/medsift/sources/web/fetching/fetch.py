"""Fetches addresses: within limits, politely, and only those that the guard lets pass."""

from __future__ import annotations

import contextlib
import email.utils
import functools
import random
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, metadata
from types import TracebackType

import httpx

from medsift._version import __version__
from medsift.core.errors import (
    FetchError,
    InputError,
    LimitError,
    NotFoundError,
    TimedOutError,
)
from medsift.core.limits import MIB
from medsift.sources.web.fetching.answer import Answer
from medsift.sources.web.fetching.cache import Cache
from medsift.sources.web.fetching.coding import ACCEPTED, decoded
from medsift.sources.web.fetching.errors import (
    ForbiddenAddressError,
    PassingError,
    RefusedError,
    SlowError,
)
from medsift.sources.web.fetching.guard import Guard
from medsift.sources.web.fetching.locks import HostLocks
from medsift.sources.web.fetching.pace import Pace
from medsift.sources.web.fetching.robots import Robots
from medsift.sources.web.fetching.transport import DEADLINE, guarded_transport
from medsift.sources.web.options import DEFAULT_WEB_OPTIONS, WebOptions

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT = 30.0
_BACKOFF = 0.5
_SHORT_BYTES = 16 * 1024
_ROBOTS_BYTES = 512 * 1024  # RFC 9309, section 2.5: at least 500 KiB


class Fetcher:
    """Fetches addresses; safe to use from several threads. Close it, or use it with ``with``.

    Parameters
    ----------
    options : WebOptions
    transport : httpx.BaseTransport, optional
        What sends requests. The default opens connections only where the guard allows it;
        tests give one that has no network.
    pause : callable
        Waits for some seconds.
    """

    def __init__(
        self,
        options: WebOptions = DEFAULT_WEB_OPTIONS,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.options = options
        self._transport = transport or guarded_transport(options)
        self._guard = Guard(allow_private=options.allow_private, ports=options.ports)
        self._pause = pause
        locks = HostLocks(options.hosts) if options.hosts is not None else None
        self._pace = Pace(options, locks, pause)
        self._robots = None if options.ignore_robots else Robots(self._robots_file, locks)
        self._cache = (
            Cache(options.cache, options.cache_bytes) if options.cache is not None else None
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def fetch(self, url: str, most: int, accept: str = "*/*") -> Answer:
        """Fetch an address, following redirects, and trying again where that may help.

        Parameters
        ----------
        url : str
        most : int
            Longest content, in bytes.
        accept : str
            The Accept header.

        Raises
        ------
        ForbiddenAddressError
            The address, or one that it redirects to, may not be spoken to.
        RobotsError
            The site asks machines to keep out.
        NotFoundError, FetchError, TimedOutError, LimitError, DecodeError
            There is nothing at the address, or it could not be had.
        """
        return self._persist(url, most, accept)

    def _persist(self, url: str, most: int, accept: str, *, is_robots: bool = False) -> Answer:
        for attempt in range(self.options.retries + 1):
            try:
                return self._follow(url, most, accept, is_robots=is_robots)
            except (PassingError, SlowError) as error:  # noqa: PERF203
                asked_for = error.wait if isinstance(error, PassingError) else 0.0
                wait = asked_for or _BACKOFF * 2**attempt * random.uniform(1.0, 1.5)  # noqa: S311
                if attempt == self.options.retries or wait > _LONGEST_WAIT:
                    raise
                self._pause(wait)
        raise FetchError("no try was made")

    def _follow(self, url: str, most: int, accept: str, *, is_robots: bool = False) -> Answer:
        left = self.options.total_seconds
        known = self._cache.get(url) if self._cache and not is_robots else None
        if known is not None and len(known.content) > most:
            known = None
        target = _parsed(url)
        for _ in range(self.options.redirects + 1):
            delay = 0.0
            self._check(target)
            if self._robots is not None and not is_robots:
                delay = self._robots.check(target)
            with self._pace.turn(target.host, delay):
                # Only now: to wait for a turn is politeness, and no fault of the site.
                started = time.monotonic()
                request = self._request(target, accept, known, started + left)
                answer = self._send(request, most, known)
                left -= time.monotonic() - started
            if isinstance(answer, Answer):
                if self._cache and not is_robots and answer is not known:
                    self._cache.put(url, answer)
                return answer
            target = answer
        raise FetchError(f"more than {self.options.redirects} redirects")

    def _check(self, target: httpx.URL) -> None:
        port = target.port or {"http": 80, "https": 443}.get(target.scheme, 0)
        if target.userinfo:
            raise ForbiddenAddressError("addresses with a user name are not fetched")
        self._guard.check_target(target.scheme, target.host, port)

    def _request(
        self, target: httpx.URL, accept: str, known: Answer | None, deadline: float
    ) -> httpx.Request:
        headers = {
            "User-Agent": user_agent(self.options),
            "Accept": accept,
            "Accept-Encoding": ACCEPTED,
        }
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        if known is not None and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        waits = httpx.Timeout(self.options.read_seconds, connect=self.options.connect_seconds)
        extensions = {"timeout": waits.as_dict(), DEADLINE: deadline}
        return httpx.Request("GET", target, headers=headers, extensions=extensions)

    def _send(self, request: httpx.Request, most: int, known: Answer | None) -> Answer | httpx.URL:
        """Send one request: an answer, or where to ask instead."""
        deadline: float = request.extensions[DEADLINE]
        response = self._transport.handle_request(request)
        try:
            status = response.status_code
            if status != 200:
                _drain(response)
            if status == 304 and known is not None:
                return known
            if status in _REDIRECTS and "location" in response.headers:
                return _parsed(response.headers["location"], request.url)
            if status != 200:
                raise _refusal(status, response.headers)
            _check_length(response.headers, most)
            pieces = []
            coding = response.headers.get("content-encoding", "")
            for piece in decoded(response.stream, coding, most):  # type: ignore[arg-type]
                pieces.append(piece)
                if time.monotonic() > deadline:
                    raise TimedOutError(f"took longer than {self.options.total_seconds:g} seconds")
            return Answer.of(str(request.url), b"".join(pieces), response.headers)
        finally:
            response.close()

    def _robots_file(self, url: str) -> bytes:
        return self._persist(url, _ROBOTS_BYTES, "text/plain, */*", is_robots=True).content


def user_agent(options: WebOptions) -> str:
    """Say honestly who is asking, and where to complain."""
    contact = "".join(c for c in options.contact if c.isprintable() and c.isascii())
    return f"medsift/{__version__} ({'; '.join(filter(None, [_project_url(), contact]))})"


@functools.cache
def _project_url() -> str:
    try:
        values = metadata("medsift").get_all("Project-URL") or []
    except PackageNotFoundError:
        values = []
    urls = [value.partition(",")[2].strip() for value in values]
    return f"+{urls[0] if urls else 'https://pypi.org/project/medsift/'}"


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        joined = base.join(url) if base is not None else httpx.URL(url)
        # The one place where the text of an address is read: the guard, the request and the
        # connection all use this result, so that no two parsers can disagree on the host.
        return joined.copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(f"{url[:200]} is no valid address") from error


def _refusal(status: int, headers: httpx.Headers) -> InputError:
    if status in (404, 410):
        return NotFoundError(f"the site has nothing at this address (HTTP {status})")
    if status in _PASSING:
        return PassingError(f"the site cannot answer now (HTTP {status})", _retry_after(headers))
    return RefusedError(f"the site does not give it (HTTP {status})")


def _retry_after(headers: httpx.Headers) -> float:
    """Seconds that the site asks to wait (RFC 9110, section 10.2.3); 0 where it does not say."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(moment.timestamp() - time.time(), 0.0)


def _drain(response: httpx.Response) -> None:
    """Read a short body that nobody wants, so that its connection can be used again."""
    if not 0 <= _declared_length(response.headers) <= _SHORT_BYTES:
        return
    read = 0
    with contextlib.suppress(InputError):
        for piece in response.stream:  # type: ignore[union-attr]
            read += len(piece)
            if read > _SHORT_BYTES:
                return


def _declared_length(headers: httpx.Headers) -> int:
    """Bytes of the body as the site declares them; -1 where it does not."""
    length = headers.get("content-length", "")
    return int(length[:18]) if length.isascii() and length.isdigit() else -1


def _check_length(headers: httpx.Headers, most: int) -> None:
    if _declared_length(headers) > most:
        raise LimitError(f"the answer is longer than {most / MIB:g} MiB")
