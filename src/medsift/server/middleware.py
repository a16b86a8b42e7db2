"""What every request passes: identity, admission, problems, metrics and its line in the log."""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

import anyio

from medsift.core.limits import MIB
from medsift.server.logs import event, places
from medsift.server.metrics import Metrics
from medsift.server.problems import MEDIA_TYPE, ProblemError, busy
from medsift.server.settings import Settings
from medsift.server.uploads import ClientGoneError

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

VISIT = "medsift.visit"
_WORK = frozenset({"/v1/scan", "/v1/classify", "/v1/classify/batch"})
_GUARDED = frozenset({*_WORK, "/v1/model", "/metrics"})
_KNOWN = frozenset({*_GUARDED, "/healthz", "/readyz", "/docs", "/openapi.json"})
_PROBES = frozenset({"/healthz", "/readyz"})
"""Asked by supervisors, who name the machine and not the service."""
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DRAIN_BYTES = 4 * MIB
_SMALL_BYTES = 64 * 1024
_DRAIN_SECONDS = 2.0
_CLIENT_GONE = 499
"""As nginx notes it; nobody receives it."""


@dataclass(slots=True)
class Visit:
    """What is known of one request.

    Attributes
    ----------
    request_id : str
        Of the client where it sent one, else made up.
    clean_up : ExitStack
        Is run when the request is over, however it ends.
    notes : dict
        Fields for its line in the log: numbers and codes only.
    """

    request_id: str
    clean_up: ExitStack
    notes: dict[str, object] = field(default_factory=dict)
    status: int = 0
    method: str = ""
    announced: int = 0
    body_done: bool = False

    @property
    def answered(self) -> bool:
        """Whether the head of the answer is out."""
        return self.status != 0


class Middleware:
    """ASGI middleware around the whole application.

    Parameters
    ----------
    app : ASGI application
    settings : Settings
    metrics : Metrics
    """

    def __init__(self, app: App, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        visit = Visit(_request_id(scope), ExitStack(), method=str(scope["method"])[:16])
        visit.announced = _announced(scope)
        scope[VISIT] = visit
        works = scope["path"] in _WORK and scope["method"] == "POST"
        self._active += works
        self._metrics.active.set(self._active)

        async def receiving() -> Message:
            message = await receive()
            visit.body_done = not message.get("more_body", False)
            return message

        async def passing(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_extra_headers(scope, visit)]
            await send(message)

        try:
            with visit.clean_up:
                self._admit(scope, works)
                await self._app(scope, receiving, passing)
        except ProblemError as problem:
            await self._answer(problem, visit, receiving, passing, _expects(scope))
        except ClientGoneError:
            visit.status = visit.status or _CLIENT_GONE
            visit.notes["client_gone"] = True
        except Exception as error:
            event(
                "unexpected",
                logging.ERROR,
                request_id=visit.request_id,
                error=type(error).__name__,
                at=places(error),
            )
            if visit.answered:
                raise  # the answer breaks off, so that the client knows that it is incomplete
            detail = "the service failed unexpectedly; its log says more"
            fault = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)
            await self._answer(fault, visit, receiving, passing, _expects(scope))
        finally:
            self._active -= works
            self._metrics.active.set(self._active)
            self._take_note(scope, visit, time.perf_counter() - started)

    def _admit(self, scope: Scope, works: bool) -> None:
        if self._settings.hosts and scope["path"] not in _PROBES:
            _check_host(scope, self._settings.hosts)
        if self._settings.token and scope["path"] in _GUARDED:
            _check_token(scope, self._settings.token)
        if works and self._active > self._settings.requests:
            raise busy(f"more than {self._settings.requests} requests at the same time")

    async def _answer(
        self, problem: ProblemError, visit: Visit, receive: Receive, send: Send, expects: bool
    ) -> None:
        self._metrics.problems.labels(problem.code).inc()
        visit.notes["code"] = problem.code
        if visit.answered:
            raise problem
        left = visit.method in _WITH_BODY and not visit.body_done
        if left and not expects and visit.announced <= _SMALL_BYTES:
            await _drain(receive, _SMALL_BYTES)  # so that the connection can be used again
            left = not visit.body_done
        body = problem.body(visit.request_id)
        headers = {
            "content-type": MEDIA_TYPE,
            "content-length": str(len(body)),
            **({"connection": "close"} if left else {}),
            **problem.headers,
        }
        encoded = [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()]
        await send({"type": "http.response.start", "status": problem.status, "headers": encoded})
        # The answer is out before what is left of the body is read: whoever waits for a word
        # gets it at once, and whoever reads only after sending still finds it.
        lingers = left and not expects
        await send({"type": "http.response.body", "body": body, "more_body": lingers})
        if lingers:
            await _drain(receive, _DRAIN_BYTES)
            await send({"type": "http.response.body", "body": b""})

    def _take_note(self, scope: Scope, visit: Visit, seconds: float) -> None:
        path = scope["path"]
        route = path if path in _KNOWN else "other"
        method = visit.method if visit.method in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(visit.status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        event(
            "request",
            logging.DEBUG if path in _QUIET and visit.status < _BAD else logging.INFO,
            request_id=visit.request_id,
            method=method,
            route=route,
            status=visit.status,
            ms=round(seconds * 1000, 1),
            **visit.notes,
        )


_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
_BAD = 400
_PORT = re.compile(r":[0-9]*$")
_LENGTH_DIGITS = 19


def _header(scope: Scope, name: bytes) -> bytes:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found


def _announced(scope: Scope) -> int:
    """Bytes of the body as the client says; more than any limit where it does not say."""
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() and len(length) < _LENGTH_DIGITS else sys.maxsize


def _check_host(scope: Scope, allowed: Sequence[str]) -> None:
    """Refuse names that are not this service's: a page elsewhere may have them point here."""
    name = _header(scope, b"host").decode("latin-1").lower()
    name = _PORT.sub("", name).rstrip(".")
    for pattern in allowed:
        below = pattern.lower().removeprefix("*")
        if name == below or (pattern.startswith("*.") and name.endswith(below)):
            return
    detail = "this service does not answer to the name in the header Host"
    raise ProblemError(HTTPStatus.MISDIRECTED_REQUEST, "misdirected", detail)


def _request_id(scope: Scope) -> str:
    given = _header(scope, b"x-request-id").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _expects(scope: Scope) -> bool:
    """Whether the client waits for a word before it sends its body (100-continue)."""
    return _header(scope, b"expect").lower() == b"100-continue"


def _check_token(scope: Scope, token: str) -> None:
    scheme, _, shown = _header(scope, b"authorization").partition(b" ")
    # Compares in constant time, so that the time of the answer tells nothing of the token.
    right = hmac.compare_digest(shown.strip(), token.encode())
    if scheme.lower() != b"bearer" or not right:
        detail = "this service needs a bearer token"
        headers = {"WWW-Authenticate": 'Bearer realm="medsift"'}
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers)


async def _drain(receive: Receive, most: int) -> None:
    """Take in some of a body that was refused: many clients read no answer before it is sent."""
    drained = 0
    with anyio.move_on_after(_DRAIN_SECONDS):
        while drained < most:
            message = await receive()
            drained += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return


def _extra_headers(scope: Scope, visit: Visit) -> list[tuple[bytes, bytes]]:
    extra = [(b"x-request-id", visit.request_id.encode()), (b"x-content-type-options", b"nosniff")]
    if scope["path"] in _GUARDED:
        extra.append((b"cache-control", b"no-store"))
    return extra
