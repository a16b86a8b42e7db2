"""The client that waits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import httpx

from medsift.client import calls, protocol
from medsift.client.errors import TransportError
from medsift.client.options import Options
from medsift.client.protocol import Call, FileLike
from medsift.core.record import Record


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
        made = protocol.settings(base_url, self._options)
        self._http = httpx.Client(transport=transport, **made)

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

    def classify(
        self,
        file: FileLike,
        *,
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> Record:
        """The record of one picture: a path, bytes, or a name with bytes."""
        answer = self._asked(calls.classify(file, accept, threshold))
        return protocol.record(protocol.parsed(answer.content))

    def classify_batch(
        self,
        files: Iterable[FileLike],
        *,
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> list[Record]:
        """One record for each of many small pictures, in their order."""
        answer = self._asked(calls.classify_batch(files, accept, threshold))
        return protocol.records(answer.content)

    def scan(
        self,
        files: Iterable[FileLike] = (),
        *,
        urls: Iterable[str] = (),
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> list[Record]:
        """All records of files, or of what lies at addresses, in their order."""
        answer = self._asked(calls.scan(files, urls, accept, threshold))
        return protocol.records(answer.content)

    def stream(
        self,
        files: Iterable[FileLike] = (),
        *,
        urls: Iterable[str] = (),
        accept: str | Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> Iterator[Record]:
        """Records of a scan, each as soon as the service knows it.

        An iteration that comes to its end is complete; one that breaks off raises
        :class:`TransportError`, and is not begun anew.
        """
        call = calls.scan(files, urls, accept, threshold, stream=True)
        answer = self._sent(call, stream=True)
        try:
            for line in answer.iter_lines():
                yield protocol.record(json.loads(line))
        except (httpx.HTTPError, ValueError) as error:
            raise TransportError("the answer of the service broke off") from error
        finally:
            answer.close()

    def model(self) -> dict[str, Any]:
        """The model, its kinds, and the limits of the service."""
        return protocol.parsed(self._asked(calls.MODEL).content)

    def ready(self) -> bool:
        """Whether the service can work."""
        try:
            return self._http.get(calls.READY.path).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _asked(self, call: Call) -> httpx.Response:
        return self._sent(call, stream=False)

    def _sent(self, call: Call, stream: bool) -> httpx.Response:
        attempt = 0
        while True:
            answer, fault = self._tried(call, stream)
            if answer is not None and answer.is_success:
                return answer
            wait = protocol.wait_before(attempt, answer, self._options)
            if wait is None:
                if answer is not None:
                    raise protocol.problem(answer)
                raise TransportError("the service cannot be reached") from fault
            time.sleep(wait)
            attempt += 1

    def _tried(
        self, call: Call, stream: bool
    ) -> tuple[httpx.Response | None, httpx.HTTPError | None]:
        request = self._http.build_request(call.method, call.path, **call.arguments())
        try:
            answer = self._http.send(request, stream=stream)
            if stream and not answer.is_success:
                answer.read()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return None, error
        except httpx.HTTPError as error:
            # It may have been worked on: sending it again is for the caller to decide.
            raise TransportError("the service did not answer") from error
        return answer, None
