"""Who is let in under which name, and what turning somebody away costs."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest

from tests.server.serving import PNG, Service, serving
from tests.server.test_refusals import FORM, assert_problem, part

pytestmark = pytest.mark.anyio

TOKEN = "correct horse battery"
PAGE = "https://clinic.example"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("api.example.org", 200), ("API.example.org:8000", 200), ("api.example.org.", 200)),
        *(("a.b.example.net", 200), ("example.net", 421), ("evilexample.net", 421)),
        *(
            ("service", 421),
            ("api.example.org.evil.com", 421),
            ("127.0.0.1", 421),
            ("[::1]:80", 421),
        ),
    ],
)
async def test_only_the_names_of_the_service_are_answered(host: str, status: int) -> None:
    async with serving(hosts=("api.example.org", "*.example.net")) as service:
        headers = {"host": host}
        answer = await service.client.get("/v1/model", headers=headers)
        assert answer.status_code == status
        if status != 200:
            assert_problem(answer, 421, "misdirected")
        # Supervisors ask by address.
        assert (await service.client.get("/healthz", headers=headers)).status_code == 200


async def test_any_name_is_answered_unless_the_operator_names_some() -> None:
    async with serving() as service:
        answer = await service.client.get("/v1/model", headers={"host": "anything"})
    assert answer.status_code == 200


async def test_browsers_ask_beforehand_without_the_token() -> None:
    headers = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    async with serving(token=TOKEN, origins=(PAGE,)) as service:
        answer = await service.client.options("/v1/classify", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "authorization" in answer.headers["access-control-allow-headers"].lower()
        shown = {"authorization": f"Bearer {TOKEN}", "origin": PAGE}
        answer = await service.client.post("/v1/classify", files={"file": PNG}, headers=shown)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        # A page must be able to read why it was refused.
        answer = await service.client.post("/v1/classify", headers={"origin": PAGE})
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["access-control-allow-origin"] == PAGE


async def test_pages_of_other_origins_are_told_nothing() -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for origins in ((PAGE,), ()):
        async with serving(origins=origins) as service:
            answer = await service.client.options("/v1/classify", headers=headers)
            assert answer.status_code in (400, 405)
            assert "access-control-allow-origin" not in answer.headers
            answer = await service.client.post(
                "/v1/classify", files={"file": PNG}, headers={"origin": "https://evil.example"}
            )
            assert "access-control-allow-origin" not in answer.headers


class Exchange:
    """A request whose client counts what is read of its body, and when the answer came."""

    def __init__(self, *headers: tuple[str, str], path: str = "/v1/scan") -> None:
        self.headers = [(k.encode(), v.encode()) for k, v in headers]
        self.path = path
        self.sent: list[MutableMapping[str, Any]] = []
        self.read = 0
        self.read_before_the_answer = 0

    async def run(self, service: Service, piece: int = 64 * 1024) -> None:
        async def receive() -> dict[str, Any]:
            self.read += piece
            return {"type": "http.request", "body": bytes(piece), "more_body": True}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message.get("body") and not self.read_before_the_answer:
                self.read_before_the_answer = self.read
            self.sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": self.path,
            "query_string": b"",
            "headers": self.headers,
        }
        await service.app(scope, receive, send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])


LONG = ("content-length", str(10**9))
SENT_AS = ("content-type", FORM["content-type"])


@pytest.mark.parametrize("path", ["/v1/scan", "/v1/classify", "/v1/classify/batch"])
async def test_what_is_announced_too_long_is_answered_before_it_is_read(path: str) -> None:
    exchange = Exchange(LONG, SENT_AS, path=path)
    async with serving(body_bytes=10**6) as service:
        await exchange.run(service)
        assert service.leftovers() == []
    assert exchange.status == 413
    assert exchange.read_before_the_answer == 0
    assert (b"connection", b"close") in exchange.sent[0]["headers"]
    # The whole answer is out at once; what follows only keeps the connection open a little.
    length = dict(exchange.sent[0]["headers"])[b"content-length"]
    assert len(exchange.sent[1]["body"]) == int(length)
    assert exchange.sent[-1].get("more_body", False) is False


async def test_a_length_of_thousands_of_digits() -> None:
    exchange = Exchange(("content-length", "9" * 6000), SENT_AS)
    async with serving() as service:
        await exchange.run(service)
    assert exchange.status == 413


async def test_a_refusal_costs_a_bounded_part_of_the_body() -> None:
    exchange = Exchange(LONG, SENT_AS)
    async with serving(token=TOKEN) as service:
        await exchange.run(service)
        assert service.dispatcher.jobs == []
    assert exchange.status == 401
    assert exchange.read <= 5 * 1024 * 1024


async def test_who_waits_for_a_word_before_sending_sends_nothing() -> None:
    exchange = Exchange(LONG, SENT_AS, ("expect", "100-continue"))
    async with serving(body_bytes=10**6) as service:
        await exchange.run(service)
    assert (exchange.status, exchange.read) == (413, 0)


async def test_more_than_there_is_room_for_is_refused_from_its_length() -> None:
    exchange = Exchange(("content-length", str(2 * 10**6)), SENT_AS)
    async with serving(spool_bytes=10**6) as service:
        await exchange.run(service)
    assert (exchange.status, exchange.read_before_the_answer) == (429, 0)


async def test_a_small_body_that_is_refused_leaves_the_connection_usable() -> None:
    async with serving(token=TOKEN) as service:
        answer = await service.client.post("/v1/classify", files={"file": PNG})
    assert_problem(answer, 401, "unauthorized")
    assert "connection" not in answer.headers


async def test_headers_of_a_part_are_bounded_together() -> None:
    def lines(count: int) -> bytes:
        return b"".join(b"X-%d: %s\r\n" % (n, b"y" * 100) for n in range(count))

    async def sent() -> AsyncIterator[bytes]:
        yield part().replace(b"\r\n\r\n", b"\r\n" + lines(3000) + b"\r\n", 1) + b"--x--"

    async with serving() as service:
        answer = await service.client.post("/v1/scan", content=sent(), headers=FORM)
        assert_problem(answer, 400, "malformed_request")
        assert service.leftovers() == []
