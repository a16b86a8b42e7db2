"""The client against a service that answers as told."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from medsift.client import (
    AsyncClient,
    Client,
    ClientError,
    Options,
    ServiceError,
    TransportError,
    asynchronous,
    synchronous,
)
from medsift.client import protocol as client_protocol
from medsift.core.errors import UsageError
from medsift.core.record import Record

RECORD = Record("a.png", label="medical", p_medical=0.9, kinds={"ct": 0.9}, bbox=(1, 2, 3, 4))
Answer = Callable[[httpx.Request], httpx.Response]


def row(record: Record = RECORD) -> dict[str, Any]:
    return json.loads(json.dumps(record.to_dict()))  # type: ignore[no-any-return]


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    content = {"code": code, "detail": "why", "status": status, "request_id": "r1"}
    return httpx.Response(status, json=content, headers=headers)


class Service:
    """Gives the prepared answers one after the other, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options: Any) -> Client:
        transport = httpx.MockTransport(self)
        return Client("http://service", Options(**options), transport=transport)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def test_a_picture_becomes_its_record(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"bytes of it")
    service = Service(httpx.Response(200, json=row()))
    with service.client(token="secret secret") as client:
        assert client.classify(tmp_path / "x.png", accept=["ct", "skin"], threshold=0.7) == RECORD
    (request,) = service.requests
    assert request.url.path == "/v1/classify"
    assert dict(request.url.params) == {"accept": "ct,skin", "threshold": "0.7"}
    assert request.headers["authorization"] == "Bearer secret secret"
    assert b'filename="x.png"' in request.content
    assert b"bytes of it" in request.content


def test_the_token_is_in_no_text() -> None:
    assert "secret" not in repr(Options(token="secret"))


def test_many_pictures_in_one_request() -> None:
    service = Service(httpx.Response(200, json={"records": [row(), row()], "counts": {}}))
    found = service.client().classify_batch([b"a", ("b.png", b"b")])
    assert found == [RECORD, RECORD]
    assert service.requests[0].content.count(b"Content-Disposition") == 2
    assert b'filename="file 1"' in service.requests[0].content


def test_files_or_addresses_but_not_both() -> None:
    service = Service(httpx.Response(200, json={"records": [row()]}))
    assert service.client().scan(urls=["https://example.org"]) == [RECORD]
    assert json.loads(service.requests[0].content) == {"urls": ["https://example.org"]}
    for wrong in ({}, {"files": [b"a"], "urls": ["https://example.org"]}):
        with pytest.raises(UsageError):
            service.client().scan(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "code"), [(429, "busy"), (503, "unavailable")])
def test_it_tries_again_when_the_service_says_so(
    status: int, code: str, waits: list[float]
) -> None:
    refusal = problem(status, code, **{"retry-after": "3"})
    service = Service(refusal, refusal, httpx.Response(200, json=row()))
    assert service.client().classify(b"a") == RECORD
    assert waits == [3.0, 3.0]
    # The body is sent again, too.
    assert all(b"\r\n\r\na\r\n" in request.content for request in service.requests)


def test_it_gives_up_in_the_end(waits: list[float]) -> None:
    service = Service(*[problem(429, "busy")] * 3)
    with pytest.raises(ServiceError) as raised:
        service.client(retries=2).classify(b"a")
    assert (raised.value.status, raised.value.code, raised.value.request_id) == (429, "busy", "r1")
    assert len(waits) == 2
    assert waits[0] < waits[1] <= 1.0


def test_it_never_waits_longer_than_told(waits: list[float]) -> None:
    service = Service(
        problem(503, "unavailable", **{"retry-after": "86400"}), httpx.Response(200, json=row())
    )
    service.client(longest_wait=2.0).classify(b"a")
    assert waits == [2.0]


@pytest.mark.parametrize("text", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5", ""])
def test_odd_retry_after_headers_do_no_harm(text: str, waits: list[float]) -> None:
    answer = problem(503, "unavailable")
    answer.headers["retry-after"] = text
    Service(answer, httpx.Response(200, json=row())).client().classify(b"a")
    assert 0 < waits[0] <= 0.5


@pytest.mark.parametrize("status", [400, 401, 408, 413, 415, 422, 500, 507])
def test_other_problems_are_raised_at_once(status: int, waits: list[float]) -> None:
    with pytest.raises(ServiceError) as raised:
        Service(problem(status, "some_code")).client().classify(b"a")
    assert (raised.value.status, raised.value.code, raised.value.detail) == (
        status,
        "some_code",
        "why",
    )
    assert waits == []


def test_a_proxy_may_answer_instead() -> None:
    answer = httpx.Response(502, text="<html>Bad Gateway")
    with pytest.raises(ServiceError, match="502 http_error"):
        Service(answer).client().classify(b"a")


def test_who_cannot_be_reached_is_asked_again(waits: list[float]) -> None:
    fault = httpx.ConnectError("refused")
    assert Service(fault, httpx.Response(200, json=row())).client().classify(b"a") == RECORD
    with pytest.raises(TransportError):
        Service(fault, fault).client(retries=1).classify(b"a")
    assert len(waits) == 2


def test_what_may_have_been_worked_on_is_not_sent_again(waits: list[float]) -> None:
    service = Service(httpx.ReadTimeout("silence"))
    with pytest.raises(TransportError):
        service.client().classify(b"a")
    assert (len(service.requests), waits) == (1, [])


def test_records_come_as_they_are_known() -> None:
    lines = b"".join(json.dumps(row()).encode() + b"\n" for _ in range(3))
    service = Service(httpx.Response(200, content=lines))
    assert list(service.client().stream([b"a"], accept="ct")) == [RECORD] * 3
    assert dict(service.requests[0].url.params) == {"accept": "ct", "stream": "1"}


class Broken(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield json.dumps(row()).encode() + b"\n"
        raise httpx.RemoteProtocolError("incomplete")


def test_a_stream_that_breaks_off_says_so() -> None:
    stream = Service(httpx.Response(200, stream=Broken())).client().stream([b"a"])
    assert next(stream) == RECORD
    with pytest.raises(TransportError):
        next(stream)


def test_a_stream_that_is_refused_says_why() -> None:
    with pytest.raises(ServiceError, match="413"):
        list(Service(problem(413, "limit_exceeded")).client().stream([b"a"]))


@pytest.mark.parametrize("content", [b"", b"[]", b"nonsense", b'{"records": [1]}'])
def test_answers_of_something_else(content: bytes) -> None:
    client = Service(httpx.Response(200, content=content)).client()
    with pytest.raises(ClientError):
        client.scan([b"a"])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="cannot read"):
        Service().client().classify(tmp_path / "missing.png")


def test_readiness_is_told_and_never_raised() -> None:
    fault = httpx.ConnectError("refused")
    answers = (httpx.Response(200), httpx.Response(503), fault)
    client = Service(*answers).client()
    assert [client.ready() for _ in answers] == [True, False, False]


def _methods(module: object, name: str) -> dict[str, str]:
    """Names of a class's methods with their parameters."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    (found,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    return {
        n.name.replace("__a", "__"): ast.unparse(n.args).replace("Async", "")
        for n in found.body
        if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def test_both_clients_can_do_the_same() -> None:
    assert _methods(synchronous, "Client") == _methods(asynchronous, "AsyncClient")


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"retries": -1}, {"longest_wait": -1}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Options(**wrong)


def test_waits_grow_and_differ() -> None:
    waits = [
        [client_protocol.wait_before(n, None, Options(retries=9)) or 0 for n in range(9)]
        for _ in range(2)
    ]
    assert waits[0] != waits[1]
    assert all(0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits[0][:6]))
    assert max(waits[0]) <= 30


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_the_same_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    lines = json.dumps(row()).encode() + b"\n"
    service = Service(
        problem(429, "busy", **{"retry-after": "2"}),
        httpx.Response(200, json=row()),
        httpx.Response(200, json={"records": [row()]}),
        httpx.Response(200, content=lines * 2),
        problem(422, "undecodable"),
    )
    transport = httpx.MockTransport(service)
    async with AsyncClient("http://service", transport=transport) as client:
        assert await client.classify(b"a") == RECORD
        assert await client.classify_batch([b"a"]) == [RECORD]
        assert [found async for found in client.stream([b"a"])] == [RECORD] * 2
        with pytest.raises(ServiceError, match="undecodable"):
            await client.scan([b"a"])
    assert waits == [2.0]


@pytest.mark.anyio
async def test_against_the_application_itself() -> None:
    from tests.server.serving import PNG, serving

    async with serving(token="a token of some length") as service:
        options = Options(token="a token of some length")
        transport = httpx.ASGITransport(service.app)
        async with AsyncClient("http://service", options, transport=transport) as client:
            assert await client.ready()
            assert "kinds" in await client.model()
            record = await client.classify(("a.png", PNG), accept="ct")
            assert (record.source, record.decision) == ("a.png", "reject")
            assert [r.source async for r in client.stream([("b.png", PNG)])] == ["b.png"]
        async with AsyncClient("http://service", transport=transport) as client:
            with pytest.raises(ServiceError, match="401 unauthorized"):
                await client.model()
