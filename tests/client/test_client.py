"""The client against a service that answers as told."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
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
)
from medsift.client import requests as asked
from medsift.client.wire import wait_before
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


@pytest.mark.parametrize("name", ["a\u2028b.png", "a\x85b.png", "a\nb.png", "a\x0cb.png"])
def test_odd_names_do_not_cut_the_lines_of_a_stream(name: str) -> None:
    lines = b"".join(
        json.dumps(row(replace(RECORD, source=name)), ensure_ascii=False).encode() + b"\n"
        for _ in range(2)
    )
    pieces = [lines[at : at + 7] for at in range(0, len(lines), 7)]
    service = Service(httpx.Response(200, content=iter(pieces)))
    assert [found.source for found in service.client().stream([b"a"])] == [name] * 2


def test_a_stream_that_ends_within_a_line_says_so() -> None:
    whole = json.dumps(row()).encode() + b"\n"
    stream = Service(httpx.Response(200, content=whole + whole[:-1])).client().stream([b"a"])
    assert next(stream) == RECORD
    with pytest.raises(TransportError, match="broke off"):
        next(stream)


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


def _public(kind: type) -> dict[str, list[str]]:
    """Names of a class's methods with their parameters."""
    return {
        name: [str(p) for p in inspect.signature(found).parameters.values()]
        for name, found in vars(kind).items()
        if not name.startswith("_")
    }


def test_every_request_is_a_method_of_both_clients() -> None:
    requests = {
        name: [str(p) for p in inspect.signature(found).parameters.values()]
        for name, found in vars(asked).items()
        if inspect.isfunction(found)
        and found.__module__ == asked.__name__
        and "Request" in str(found.__annotations__["return"])
    }
    assert {"classify", "classify_batch", "scan", "stream", "model"} == set(requests)
    for kind in (Client, AsyncClient):
        methods = _public(kind)
        for name, parameters in requests.items():
            assert methods[name][1:] == parameters
            assert getattr(kind, name).__doc__ == getattr(asked, name).__doc__
            told = str(inspect.signature(getattr(kind, name)).return_annotation)
            assert "Request" not in told, "a method gives what is read, not what is asked"
    assert (
        set(_public(Client)) == set(_public(AsyncClient)) == {*requests, "close", "ready", "send"}
    )


def test_types_are_kept() -> None:
    # The types of this function are checked by mypy; a comment that is of no use is an error there.
    service = Service(
        httpx.Response(200, json=row()), httpx.Response(200, json={"records": [row()]})
    )
    client = service.client()
    record: Record = client.classify(b"a", threshold=0.5)
    records: list[Record] = client.classify_batch(files=[b"a"], accept=("ct",))
    assert [record] == records
    with pytest.raises(TypeError):
        client.classify(b"a", accepts="ct")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        client.classify()  # type: ignore[call-arg]
    assert inspect.iscoroutinefunction(AsyncClient.classify)


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"retries": -1}, {"longest_wait": -1}])
def test_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Options(**wrong)


def test_waits_grow_and_differ() -> None:
    waits = [[wait_before(n, None, Options(retries=9)) or 0 for n in range(9)] for _ in range(2)]
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


class BrokenAsync(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield json.dumps(row()).encode() + b"\n"
        raise httpx.RemoteProtocolError("incomplete")


@pytest.mark.anyio
async def test_what_goes_wrong_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    refused, silent = httpx.ConnectError("refused"), httpx.ReadTimeout("silence")
    service = Service(
        *[refused] * 2,
        silent,
        httpx.Response(200, stream=BrokenAsync()),
        problem(413, "limit_exceeded"),
        httpx.Response(200, content=b"nonsense"),
        *(httpx.Response(200), httpx.Response(503), refused),
    )
    transport, options = httpx.MockTransport(service), Options(retries=1)
    async with AsyncClient("http://service", options, transport=transport) as client:
        with pytest.raises(TransportError, match="reached"):
            await client.classify(b"a")
        with pytest.raises(TransportError, match="did not answer"):
            await client.classify(b"a")
        stream = client.stream([b"a"])
        assert await anext(stream) == RECORD
        with pytest.raises(TransportError, match="broke off"):
            await anext(stream)
        with pytest.raises(ServiceError, match="413"):
            [found async for found in client.stream([b"a"])]
        with pytest.raises(ClientError, match="not JSON"):
            await client.model()
        with pytest.raises(UsageError):
            await client.classify_batch([])
        assert [await client.ready() for _ in range(3)] == [True, False, False]
    assert len(waits) == 1


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
