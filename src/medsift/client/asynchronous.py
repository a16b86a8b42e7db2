"""The client for ``async`` code; the same as :mod:`medsift.client.synchronous`, with ``await``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any

import httpx

from medsift.client import calls, protocol
from medsift.client.errors import TransportError
from medsift.client.options import Options
from medsift.client.protocol import Call, FileLike
from medsift.core.record import Record


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
        made = protocol.settings(base_url, self._options)
        self._http = httpx.AsyncClient(transport=transport, **made)

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

    async def classify(
        self,
        file: FileLike,
        *,
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> Record:
        """The record of one picture: a path, bytes, or a name with bytes."""
        answer = await self._asked(calls.classify(file, accept, threshold))
        return protocol.record(protocol.parsed(answer.content))

    async def classify_batch(
        self,
        files: Iterable[FileLike],
        *,
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> list[Record]:
        """One record for each of many small pictures, in their order."""
        answer = await self._asked(calls.classify_batch(files, accept, threshold))
        return protocol.records(answer.content)

    async def scan(
        self,
        files: Iterable[FileLike] = (),
        *,
        urls: Iterable[str] = (),
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> list[Record]:
        """All records of files, or of what lies at addresses, in their order."""
        answer = await self._asked(calls.scan(files, urls, accept, threshold))
        return protocol.records(answer.content)

    async def stream(
        self,
        files: Iterable[FileLike] = (),
        *,
        urls: Iterable[str] = (),
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> AsyncIterator[Record]:
        """Records of a scan, each as soon as the service knows it.

        An iteration that comes to its end is complete; one that breaks off raises
        :class:`TransportError`, and is not begun anew.
        """
        call = calls.scan(files, urls, accept, threshold, stream=True)
        answer = await self._sent(call, stream=True)
        try:
            async for line in answer.aiter_lines():
                yield protocol.record(json.loads(line))
        except (httpx.HTTPError, ValueError) as error:
            raise TransportError("the answer of the service broke off") from error
        finally:
            await answer.aclose()

    async def model(self) -> dict[str, Any]:
        """The model, its kinds, and the limits of the service."""
        return protocol.parsed((await self._asked(calls.MODEL)).content)

    async def ready(self) -> bool:
        """Whether the service can work."""
        try:
            return (await self._http.get(calls.READY.path)).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def _asked(self, call: Call) -> httpx.Response:
        return await self._sent(call, stream=False)

    async def _sent(self, call: Call, stream: bool) -> httpx.Response:
        attempt = 0
        while True:
            answer, fault = await self._tried(call, stream)
            if answer is not None and answer.is_success:
                return answer
            wait = protocol.wait_before(attempt, answer, self._options)
            if wait is None:
                if answer is not None:
                    raise protocol.problem(answer)
                raise TransportError("the service cannot be reached") from fault
            await asyncio.sleep(wait)
            attempt += 1

    async def _tried(
        self, call: Call, stream: bool
    ) -> tuple[httpx.Response | None, httpx.HTTPError | None]:
        request = self._http.build_request(call.method, call.path, **call.arguments())
        try:
            answer = await self._http.send(request, stream=stream)
            if stream and not answer.is_success:
                await answer.aread()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return None, error
        except httpx.HTTPError as error:
            # It may have been worked on: sending it again is for the caller to decide.
            raise TransportError("the service did not answer") from error
        return answer, None
