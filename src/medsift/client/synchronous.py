"""The client that waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

import httpx

from medsift.client import requests, wire
from medsift.client.errors import TransportError
from medsift.client.options import Options
from medsift.client.requests import Request, as_method
from medsift.client.wire import Attempts, Call, Lines

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _asking(build: Callable[P, Request[Answer]]) -> Callable[Concatenate[Client, P], Answer]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        request = build(*args, **kwargs)
        return request.read(self.send(request.call).content)

    return as_method(method, build)


def _streaming(
    build: Callable[P, Request[Answer]],
) -> Callable[Concatenate[Client, P], Iterator[Answer]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Answer]:
        request = build(*args, **kwargs)
        answer = self.send(request.call, stream=True)
        lines = Lines()
        try:
            for piece in answer.iter_bytes():
                for line in lines.fed(piece):
                    yield request.read(line)
            lines.end()
        except (httpx.HTTPError, ValueError) as error:
            raise TransportError("the answer of the service broke off") from error
        finally:
            answer.close()

    return as_method(method, build, "Iterator[{}]")


class Client:
    """Speaks to a running ``medsift serve``. Safe to use from several threads.

    Parameters
    ----------
    base_url : str
        ``http://127.0.0.1:8000``.
    options : Options, optional
        Token, timeout, retries.
    transport : httpx.BaseTransport, optional
        For tests, and for what httpx calls transports.

    Notes
    -----
    Every request may raise :class:`ServiceError` where the service answers with a problem, and
    :class:`TransportError` where there is no answer. Where the service has no room (429, 503) the
    request is sent again, after the time that ``Retry-After`` asks for.
    """

    def __init__(
        self,
        base_url: str,
        options: Options | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._options = options or Options()
        self._http = httpx.Client(transport=transport, **wire.settings(base_url, self._options))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    classify = _asking(requests.classify)
    classify_batch = _asking(requests.classify_batch)
    scan = _asking(requests.scan)
    stream = _streaming(requests.stream)
    model = _asking(requests.model)

    def ready(self) -> bool:
        """Whether the service can work."""
        try:
            return self._http.send(self._request(requests.READY)).is_success
        except httpx.HTTPError:
            return False

    def send(self, call: Call, stream: bool = False) -> httpx.Response:
        """Send a call until it is answered; of a stream the head alone is read.

        Raises
        ------
        ServiceError
        TransportError
        """
        attempts = Attempts(self._options)
        while True:
            outcome: httpx.Response | httpx.HTTPError
            try:
                outcome = self._http.send(self._request(call), stream=stream)
                if not outcome.is_success:
                    outcome.read()
            except httpx.HTTPError as error:
                outcome = error
            following = attempts.next(outcome)
            if isinstance(following, httpx.Response):
                return following
            time.sleep(following)

    def _request(self, call: Call) -> httpx.Request:
        return self._http.build_request(**call.arguments())
