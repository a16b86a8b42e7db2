"""The client for ``async`` code: the same requests, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

import httpx

from medsift.client import requests, wire
from medsift.client.errors import TransportError
from medsift.client.options import Options
from medsift.client.requests import Request, as_method
from medsift.client.wire import Attempts, Call, Lines

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _asking(
    build: Callable[P, Request[Answer]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, Answer]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        request = build(*args, **kwargs)
        return request.read((await self.send(request.call)).content)

    return as_method(method, build)


def _streaming(
    build: Callable[P, Request[Answer]],
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[Answer]]:
    async def method(
        self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[Answer]:
        request = build(*args, **kwargs)
        answer = await self.send(request.call, stream=True)
        lines = Lines()
        try:
            async for piece in answer.aiter_bytes():
                for line in lines.fed(piece):
                    yield request.read(line)
            lines.end()
        except (httpx.HTTPError, ValueError) as error:
            raise TransportError("the answer of the service broke off") from error
        finally:
            await answer.aclose()

    return as_method(method, build, "AsyncIterator[{}]")


class AsyncClient:
    """Speaks to a running ``medsift serve``.

    Parameters
    ----------
    base_url : str
        ``http://127.0.0.1:8000``.
    options : Options, optional
        Token, timeout, retries.
    transport : httpx.AsyncBaseTransport, optional
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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._options = options or Options()
        self._http = httpx.AsyncClient(
            transport=transport, **wire.settings(base_url, self._options)
        )

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    classify = _asking(requests.classify)
    classify_batch = _asking(requests.classify_batch)
    scan = _asking(requests.scan)
    stream = _streaming(requests.stream)
    model = _asking(requests.model)

    async def ready(self) -> bool:
        """Whether the service can work."""
        try:
            return (await self._http.send(self._request(requests.READY))).is_success
        except httpx.HTTPError:
            return False

    async def send(self, call: Call, stream: bool = False) -> httpx.Response:
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
                outcome = await self._http.send(self._request(call), stream=stream)
                if not outcome.is_success:
                    await outcome.aread()
            except httpx.HTTPError as error:
                outcome = error
            following = attempts.next(outcome)
            if isinstance(following, httpx.Response):
                return following
            await asyncio.sleep(following)

    def _request(self, call: Call) -> httpx.Request:
        return self._http.build_request(**call.arguments())
