"""HTTP over connections that the guard has approved."""

from __future__ import annotations

import functools
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from medsift.core.errors import FetchError, InputError, TimedOutError
from medsift.sources.web.fetching.errors import PassingError, SlowError
from medsift.sources.web.fetching.guard import Guard
from medsift.sources.web.options import WebOptions

DEADLINE = "medsift_deadline"
"""Extension of a request: when it must be over, on the clock of ``time.monotonic``."""


class _Clock(threading.local):
    """The deadline of the request that this thread works on."""

    deadline = float("inf")

    def left(self, timeout: float | None) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("took longer than its time limit")
        return left if timeout is None else min(left, timeout)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a host once, checks the answer, and connects to nothing else.

    Parameters
    ----------
    guard : Guard
    connector : httpcore.NetworkBackend, optional
        What opens the connections; it is given IP addresses only.
    """

    def __init__(self, guard: Guard, connector: httpcore.NetworkBackend | None = None) -> None:
        self._guard = guard
        self._connector = connector or httpcore.SyncBackend()
        self.clock = _Clock()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the host that answers."""
        self._guard.check_target("https" if port == 443 else "http", host, port)
        failure: Exception = httpcore.ConnectError(f"no address of {host} answers")
        for address in self._guard.addresses(host, port, self.clock.left(timeout)):
            try:
                stream = self._connector.connect_tcp(
                    str(address),
                    port,
                    timeout=self.clock.left(timeout),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:  # noqa: PERF203
                failure = error
            else:
                return _TimedStream(stream, self.clock)
        raise failure

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Refuse: files of this machine are none of the web's business."""
        raise FetchError(f"no connection to the socket {path}")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose waits end with the deadline of the request, whatever trickles in."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._clock.left(timeout))
        return _TimedStream(inner, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedTransport(httpx.BaseTransport):
    """Sends requests through a :class:`GuardedBackend`; safe to use from several threads.

    Neither proxies nor certificates are taken from the environment.

    Parameters
    ----------
    options : WebOptions
    backend : GuardedBackend
    trust : ssl.SSLContext, optional
        Which certificates are believed; by default those of the public authorities.
    """

    def __init__(
        self, options: WebOptions, backend: GuardedBackend, trust: ssl.SSLContext | None = None
    ) -> None:
        self._backend = backend
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or _ssl_context(),
            max_connections=4 * options.concurrency,
            max_keepalive_connections=options.concurrency,
            keepalive_expiry=15.0,
            http2=_has_http2(),
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is read as the caller asks for it.

        Raises
        ------
        ForbiddenAddressError, NotFoundError
            The guard refuses, or the name does not resolve.
        PassingError
            The connection fails.
        SlowError, TimedOutError
            The site is silent for too long, or the deadline of the request is over.
        """
        self._backend.clock.deadline = request.extensions.get(DEADLINE, float("inf"))
        url = request.url
        try:
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={
                        name: value
                        for name, value in request.extensions.items()
                        if name != DEADLINE
                    },
                )
            )
        except Exception as error:
            raise _input_error(error, self._backend.clock) from error
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_AnswerStream(answer, self._backend.clock),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _AnswerStream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, clock: _Clock) -> None:
        self._answer = answer
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.iter_stream()
        except Exception as error:
            raise _input_error(error, self._clock) from error

    def close(self) -> None:
        self._answer.close()


def guarded_transport(options: WebOptions) -> GuardedTransport:
    """Give the transport that goes with the options."""
    guard = Guard(allow_private=options.allow_private, ports=options.ports)
    return GuardedTransport(options, GuardedBackend(guard))


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Trusted certificates; reading them takes a tenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


def _has_http2() -> bool:
    try:
        import h2.connection  # noqa: F401
    except ImportError:
        return False
    return True


def _input_error(error: Exception, clock: _Clock) -> InputError:
    """Failures below HTTP, of any library, in the words of medsift."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, httpcore.TimeoutException):
        if time.monotonic() >= clock.deadline:
            return TimedOutError("the site takes too long for its answer")
        return SlowError("the site does not answer in time")
    what = str(error) or type(error).__name__
    return PassingError(f"the connection failed: {what[:200]}")
