"""The service end to end: a process with real workers and the real model."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import medsift
from tests.samples import jpeg, picture, write_folder, write_pdf
from tests.server.process import ServiceProcess, running, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

_HEAD = b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
_SAME = ("p_medical", "label", "kind", "sha256", "status", "reason", "locator", "source_type")


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def service(temporary: Path) -> Iterator[ServiceProcess]:
    arguments = ("--workers", "2", "--idle-timeout", "2", "--max-body", "8")
    with running(*arguments, TMPDIR=str(temporary)) as started:
        yield started


@pytest.fixture
def client(service: ServiceProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=300, trust_env=False) as made:
        yield made


def leftovers(temporary: Path) -> list[Path]:
    """What lies in the folder of the service, besides its lock, notes' and pictures' places."""
    (own,) = temporary.iterdir()
    found = [path for path in own.iterdir() if path.name not in ("lock", "notes", "pictures")]
    return [*found, *own.glob("notes/*"), *own.glob("pictures/*")]


def test_a_scan_finds_what_the_command_line_finds(
    client: httpx.Client, tmp_path: Path, temporary: Path
) -> None:
    folder = tmp_path / "in"
    write_folder(folder)
    # A page refers to files beside it, and an upload has none.
    paths = [path for path in sorted(folder.iterdir()) if path.suffix != ".html"]
    expected = [record.to_dict() for record in medsift.scan(paths)]
    files = [("files", (path.name, path.read_bytes())) for path in paths]
    answer = client.post("/v1/scan", files=files).json()
    for found, wanted in zip(answer["records"], expected, strict=True):
        assert found["source"] == Path(wanted["source"]).name
        assert {k: found[k] for k in _SAME} == {k: wanted[k] for k in _SAME}
    # The last byte of an answer may arrive before its files are gone.
    wait_until(lambda: leftovers(temporary) == [])
    assert str(temporary) not in json.dumps(answer)


def test_a_page_sees_no_file_of_the_service(
    client: httpx.Client, tmp_path: Path, temporary: Path
) -> None:
    secret = tmp_path / "secret.png"
    picture(1).save(secret)
    picture(2).save(temporary / "beside.png")
    page = f'<img src="{secret}"><img src="../../beside.png">'
    answer = client.post("/v1/scan", files={"files": ("a.html", f"<!doctype html>{page}")})
    (temporary / "beside.png").unlink()
    records = answer.json()["records"]
    assert len(records) == 2
    assert all(record["status"] != "ok" for record in records)


def test_records_of_a_document_are_streamed(client: httpx.Client, tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [picture(n) for n in range(12)])
    files = {"files": ("a.pdf", (tmp_path / "a.pdf").read_bytes())}
    with client.stream("POST", "/v1/scan?stream=1", files=files) as answer:
        rows = [json.loads(line) for line in answer.iter_lines()]
    assert [row["page"] for row in rows] == list(range(1, 13))


def test_workers_may_be_killed_at_any_time(client: httpx.Client, service: ServiceProcess) -> None:
    pictures = [jpeg(picture(100 + n)) for n in range(60)]

    def classified(content: bytes) -> int:
        return client.post("/v1/classify", files={"file": content}).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(classified, content) for content in pictures]
        for done in (10, 25, 40):
            wait_until(lambda n=done: sum(a.done() for a in answers) >= n)
            for pid in service.worker_pids()[:1]:
                os.kill(pid, signal.SIGKILL)
    statuses = [answer.result() for answer in answers]
    assert set(statuses) <= {200, 422}
    # A picture whose worker is lost is tried again alone; who loses that one, too, is blamed.
    # Three kills can do this to one picture at most.
    assert statuses.count(422) <= 1


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET\r\n\r\n",
        b"POST /v1/scan HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/scan HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nshort",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        _HEAD + b"Content-Length: 1000\r\n\r\n\x89PNG\r\n\x1a\n",
    ],
)
def test_clients_that_send_garbage_and_hang_up(
    client: httpx.Client, service: ServiceProcess, temporary: Path, sent: bytes
) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    assert client.get("/readyz").status_code == 200
    wait_until(lambda: leftovers(temporary) == [])


def test_a_body_that_stops_coming_is_answered(service: ServiceProcess) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(_HEAD + b"Content-Length: 1000\r\n\r\n\x89PNG\r\n\x1a\n")
        # Head and body may come apart; the service closes the connection after them.
        answer = b"".join(iter(lambda: connection.recv(4000), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"timed_out"' in answer


def _resident_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0])


def _flooded(url: str, head: bytes, piece: bytes, pieces: int) -> bytes:
    """Send a head without an end; the answer that came meanwhile."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        try:
            connection.sendall(head)
            for _ in range(pieces):
                connection.sendall(piece)
        except OSError:
            pass  # it hung up, as it should
        try:
            return connection.recv(1000)
        except OSError:
            return b""


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"POST /v1/scan HTTP/1.1\r\nX-Long: ", b"x" * 65536),
        (b"POST /v1/scan HTTP/1.1\r\n", b"".join(b"X-%d: y\r\n" % n for n in range(8000))),
        (b"GET /", b"x" * 65536),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Long: ", b"x" * 65536),
        (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=", b"x" * 65536),
    ],
)
def test_heads_without_an_end_take_no_memory(
    client: httpx.Client, service: ServiceProcess, head: bytes, piece: bytes
) -> None:
    assert client.get("/healthz").status_code == 200
    before = _resident_kib(service.process.pid)
    answer = _flooded(service.url, head, piece, 1000)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    assert client.get("/healthz").status_code == 200
    assert _resident_kib(service.process.pid) - before < 20_000


def test_a_head_that_is_too_long_is_told_so(service: ServiceProcess) -> None:
    long = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n"
    answer = _flooded(service.url, long, b"", 0)
    assert answer.startswith(b"HTTP/1.1 431")
    assert b"limit_exceeded" in answer


def test_a_long_body_gets_its_answer_although_it_is_not_read(client: httpx.Client) -> None:
    answer = client.post("/v1/classify", files={"file": bytes(9 * 1024 * 1024)})
    assert (answer.status_code, answer.json()["code"]) == (413, "limit_exceeded")
    assert client.get("/healthz").status_code == 200


def test_logs_are_json_and_tell_no_names(client: httpx.Client, service: ServiceProcess) -> None:
    client.post("/v1/classify", files={"file": ("Jane Doe.png", jpeg(picture(3)))})
    wait_until(lambda: any(row.get("route") == "/v1/classify" for row in service.rows))
    assert "Jane" not in json.dumps(service.rows)


def test_what_was_accepted_is_finished_before_the_end(tmp_path: Path) -> None:
    temporary = tmp_path / "of the service"
    temporary.mkdir()
    write_pdf(tmp_path / "a.pdf", [picture(n) for n in range(40)])
    files = {"files": ("a.pdf", (tmp_path / "a.pdf").read_bytes())}
    token = "a token of some length"
    answers: list[httpx.Response] = []
    with running("--workers", "1", TMPDIR=str(temporary), MEDSIFT_TOKEN=token) as service:

        def ask() -> None:
            headers = {"authorization": f"Bearer {token}"}
            url = f"{service.url}/v1/scan"
            answers.append(httpx.post(url, files=files, headers=headers, timeout=300))

        environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in service.worker_pids()]
        assert environments
        assert not any(token.encode() in environment for environment in environments)
        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(lambda: leftovers(temporary) != [])
        assert service.stop() == 0
        asking.join(300)
    (answer,) = answers
    assert len(answer.json()["records"]) == 40
    assert list(temporary.iterdir()) == []
    assert service.rows[-1]["event"].startswith("Finished")
    assert token not in json.dumps(service.rows)
