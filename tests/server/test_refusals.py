"""What the service refuses, and how it says so."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from medsift.core.record import Record
from medsift.server import uploads
from tests.server.serving import PNG, Service, serving

pytestmark = pytest.mark.anyio

FORM = {"content-type": "multipart/form-data; boundary=x"}


def part(name: str = "files", content: bytes = PNG) -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


async def refused(
    service: Service, status: int, code: str, path: str = "/v1/scan", **request: Any
) -> httpx.Response:
    answer = await service.client.post(path, **request)
    assert_problem(answer, status, code)
    assert service.leftovers() == []
    return answer


async def test_bodies_that_are_announced_too_long() -> None:
    async with serving(body_bytes=1000) as service:
        await refused(service, 413, "limit_exceeded", content=b"x" * 1001, headers=FORM)


async def test_bodies_that_turn_out_too_long() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield part()
        for _ in range(100):
            yield b"x" * 100

    async with serving(body_bytes=1000) as service:
        await refused(service, 413, "limit_exceeded", content=endless(), headers=FORM)
        headers = {"content-type": "image/png"}
        await refused(
            service, 413, "limit_exceeded", "/v1/classify", content=endless(), headers=headers
        )


async def test_too_many_files() -> None:
    files = [("files", ("a.png", PNG))] * 4
    async with serving(files=3) as service:
        await refused(service, 413, "limit_exceeded", files=files)
        await refused(service, 413, "limit_exceeded", "/v1/classify", files=files[:2])


async def test_too_many_addresses() -> None:
    async with serving(files=3, allow_urls=True) as service:
        urls = ["https://example.org/"] * 4
        await refused(service, 413, "limit_exceeded", json={"urls": urls})


async def test_bodies_that_come_too_slowly() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield part()
        await anyio.sleep(5)
        yield b"--x--"

    async with serving(idle_seconds=0.1) as service:
        await refused(service, 408, "timed_out", content=slow(), headers=FORM)


async def test_bodies_that_trickle_for_too_long() -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield part()
        while True:
            await anyio.sleep(0.05)
            yield b"\r\n"

    async with serving(body_seconds=0.3) as service:
        await refused(service, 408, "timed_out", content=trickle(), headers=FORM)


async def test_more_requests_at_once_than_there_may_be() -> None:
    async with serving(requests=2) as service, anyio.create_task_group() as group:
        service.dispatcher.silent = True
        for _ in range(2):
            group.start_soon(_post_and_forget, service)
        while len(service.dispatcher.jobs) < 2:
            await anyio.sleep(0.01)
        answer = await service.client.post("/v1/classify", files={"file": PNG})
        assert_problem(answer, 429, "busy")
        assert answer.headers["retry-after"] == "1"
        assert (await service.client.get("/healthz")).status_code == 200
        for job in service.dispatcher.jobs:
            job.tell(Record(source="a", label="medical"))
            job.end()


async def _post_and_forget(service: Service) -> None:
    answer = await service.client.post("/v1/classify", files={"file": PNG})
    assert answer.status_code == 200


async def test_more_bytes_than_the_temporary_folder_may_hold() -> None:
    async with serving(spool_bytes=50) as service:
        await refused(service, 429, "busy", files={"files": PNG * 10})
        answer = await service.client.post("/v1/classify", files={"file": PNG})
        assert answer.status_code == 200  # what was refused is not counted for ever


@pytest.mark.parametrize("broken", ["open", "write", "flush"])
async def test_a_full_disk(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _content: bytes) -> int:
            if broken == "write":
                raise OSError(errno.ENOSPC, "No space left on device")
            return 0

        def close(self) -> None:
            if broken == "flush":
                raise OSError(errno.ENOSPC, "No space left on device")

    def opened(self: uploads.RequestFolder) -> Any:
        if broken == "open":
            raise uploads._problem_of(OSError(errno.ENOSPC, "No space left on device"))
        path, file = plain(self)
        file.close()
        return path, Full()

    plain = uploads.RequestFolder.open
    monkeypatch.setattr(uploads.RequestFolder, "open", opened)
    async with serving() as service:
        await refused(service, 507, "storage_full", files={"files": PNG})
        headers = {"content-type": "image/png"}
        await refused(service, 507, "storage_full", "/v1/classify", content=PNG, headers=headers)


async def test_a_disk_that_is_full_for_the_workers() -> None:
    record = Record(source="a", status="failed", reason="storage_full", error="storage_full: x")
    async with serving(lambda _: [record]) as service:
        await refused(service, 507, "storage_full", files={"files": PNG})
        await refused(service, 507, "storage_full", "/v1/classify", files={"file": PNG})


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content-type": "text/plain"}, 415, "unsupported"),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported"),
        ({"content-type": "multipart/mixed; boundary=x"}, 415, "unsupported"),
        ({}, 415, "unsupported"),
        ({**FORM, "content-encoding": "gzip"}, 415, "unsupported"),
        ({"content-type": "multipart/form-data"}, 400, "malformed_request"),
        ({"content-type": "multipart/form-data; boundary=other"}, 400, "malformed_request"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/scan", "/v1/classify"])
async def test_bodies_of_a_type_that_is_not_read(
    path: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with serving() as service:
        await refused(service, status, code, path, content=part() + b"--x--", headers=headers)


@pytest.mark.parametrize(
    "body", [b"", b"--", b"garbage", part(), part()[:-30], b"--x\r\n\r\n", b"\x00" * 5000]
)
async def test_malformed_forms(body: bytes) -> None:
    async with serving() as service:
        answer = await service.client.post("/v1/scan", content=body, headers=FORM)
        assert answer.status_code in (400, 422), answer.text
        assert service.leftovers() == []


async def test_forms_without_files_or_with_fields_that_do_not_exist() -> None:
    async with serving() as service:
        await refused(service, 422, "invalid_request", content=b"--x--\r\n", headers=FORM)
        content = part("thresholds") + b"--x--"
        await refused(service, 422, "invalid_request", content=content, headers=FORM)


async def test_text_where_a_file_is_due() -> None:
    content = part().replace(b'; filename="a.png"', b"") + b"--x--"
    async with serving() as service:
        await refused(service, 422, "invalid_request", content=content, headers=FORM)


async def test_documents_where_a_picture_is_due() -> None:
    async with serving() as service:
        for content in (b"%PDF-1.7 ...", b"plain words", b""):
            await refused(service, 415, "unsupported", "/v1/classify", files={"file": content})


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("failed", "undecodable", 422),
        ("failed", "crashed", 422),
        ("failed", "limit_exceeded", 413),
        ("failed", "timed_out", 408),
        ("skipped", "unsupported", 415),
    ],
)
async def test_a_picture_that_cannot_be_classified(status: str, reason: str, expected: int) -> None:
    record = Record(source="a", status=status, reason=reason, error=f"{reason}: a sentence")
    async with serving(lambda _: [record]) as service:
        answer = await refused(service, expected, reason, "/v1/classify", files={"file": PNG})
        assert answer.json()["detail"] == "a sentence"
        # In a scan it costs nothing else.
        answer = await service.client.post("/v1/scan", files={"files": PNG})
        assert answer.json()["records"][0]["error"] == f"{reason}: a sentence"


async def test_a_picture_that_is_left_out_is_an_answer() -> None:
    record = Record(source="a", status="skipped", reason="too_small")
    async with serving(lambda _: [record]) as service:
        answer = await service.client.post("/v1/classify", files={"file": PNG})
    assert (answer.status_code, answer.json()["reason"]) == (200, "too_small")


async def test_addresses_where_the_operator_does_not_allow_them() -> None:
    async with serving() as service:
        await refused(service, 403, "forbidden", json={"urls": ["https://example.org/"]})


@pytest.mark.parametrize(
    "body",
    [
        b'{"urls": []}',
        b'{"urls": "https://example.org"}',
        b'{"urls": [1]}',
        b'{"urls": ["file:///etc/passwd"]}',
        b'{"urls": ["/etc/passwd"]}',
        b'{"urls": ["https://"]}',
        b'{"urls": ["https://example.org"], "crawl": 5}',
        b"[]",
        b"null",
    ],
)
async def test_lists_of_addresses_that_are_none(body: bytes) -> None:
    headers = {"content-type": "application/json"}
    async with serving(allow_urls=True) as service:
        await refused(service, 422, "invalid_request", content=body, headers=headers)
        assert service.dispatcher.jobs == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_json_that_is_none(body: bytes) -> None:
    headers = {"content-type": "application/json"}
    async with serving(allow_urls=True) as service:
        await refused(service, 400, "malformed_request", content=body, headers=headers)


async def test_work_that_takes_too_long_is_accounted_for() -> None:
    files = [("files", (f"{n}.png", PNG)) for n in range(12)]
    async with serving(request_seconds=0.2, batch=4) as service:
        service.dispatcher.silent = True
        answer = await service.client.post("/v1/scan", files=files)
        assert all(job.dropped for job in service.dispatcher.jobs)
        await refused(service, 408, "timed_out", "/v1/classify", files={"file": PNG})
    records = answer.json()["records"]
    assert [record["source"] for record in records] == [f"{n}.png" for n in range(12)]
    assert {record["reason"] for record in records} == {"timed_out"}


async def test_the_token_is_asked_for() -> None:
    token = "correct horse battery"
    async with serving(token=token) as service:
        files = {"file": PNG}
        for shown in ("", "Bearer", "Bearer wrong", f"Basic {token}", f"Bearer {token}x"):
            headers = {"authorization": shown} if shown else {}
            answer = await service.client.post("/v1/classify", files=files, headers=headers)
            assert_problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for path in ("/v1/model", "/metrics"):
            assert (await service.client.get(path)).status_code == 401
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
            assert (await service.client.get(path)).status_code == 200
        headers = {"authorization": f"bearer {token}"}
        answer = await service.client.post("/v1/classify", files=files, headers=headers)
        assert answer.status_code == 200


async def test_paths_and_methods_that_do_not_exist() -> None:
    async with serving() as service:
        assert_problem(await service.client.get("/v2/scan"), 404, "not_found")
        answer = await service.client.get("/v1/scan")
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"


async def test_a_parameter_that_is_none() -> None:
    async with serving() as service:
        await refused(service, 422, "invalid_request", params={"stream": "x"}, files={"files": PNG})


async def test_parameters_that_do_not_exist() -> None:
    async with serving() as service:
        for path in ("/v1/scan", "/v1/classify"):
            request = {"params": {"steam": "1"}, "files": {"file": PNG}}
            await refused(service, 422, "invalid_request", path, **request)


async def test_a_fault_that_nobody_foresaw_tells_nothing() -> None:
    def fail(_item: object) -> list[Record]:
        raise LookupError("Jane Doe")

    async with serving(fail) as service:
        answer = await service.client.post("/v1/classify", files={"file": PNG})
        assert_problem(answer, 500, "internal")
        assert "Jane" not in answer.text
        assert service.leftovers() == []


@pytest.mark.parametrize("query", ["", "stream=1"])
async def test_a_client_that_hangs_up_is_worked_for_no_longer(query: str) -> None:
    gone = asyncio.Event()
    body = part() + b"--x--"

    async def receive() -> dict[str, Any]:
        nonlocal body
        if body:
            sent, body = body, b""
            return {"type": "http.request", "body": sent, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        pass

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/scan",
        "query_string": query.encode(),
        "headers": [(b"content-type", FORM["content-type"].encode())],
    }
    async with serving() as service:
        service.dispatcher.silent = True
        request = asyncio.create_task(service.app(scope, receive, send))
        while not service.dispatcher.jobs:
            await anyio.sleep(0.01)
        assert service.leftovers() != []
        gone.set()
        await request
        assert [job.dropped for job in service.dispatcher.jobs] == [True]
        assert service.leftovers() == []


async def test_a_client_that_hangs_up_while_it_sends_leaves_nothing() -> None:
    pieces = [part()[:40], part()[40:90]]

    async def receive() -> dict[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
        return {"type": "http.disconnect"}

    sent = []

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/scan",
        "query_string": b"",
        "headers": [(b"content-type", FORM["content-type"].encode())],
    }
    async with serving() as service:
        await service.app(scope, receive, send)
        assert sent == []
        assert service.leftovers() == []
