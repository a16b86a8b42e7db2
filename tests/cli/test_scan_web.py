"""``medsift scan`` of an address, against a server on this machine."""

from __future__ import annotations

import functools
import http.server
import io
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsift.cli import main
from tests.samples import picture


@pytest.fixture
def site(tmp_path: Path) -> Iterator[int]:
    folder = tmp_path / "site"
    folder.mkdir()
    picture(1).save(folder / "a.png")
    (folder / "page.html").write_text('<!doctype html><img src="a.png"><img src="gone.png">')
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_the_pictures_of_a_page_are_found_with_their_addresses(site: int, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{site}/page.html"
    out = tmp_path / "r.jsonl"
    words = ["--allow-private", "--port", str(site), "-o", str(out), "--quiet"]
    assert main(["scan", url, *words]) == 3
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["source"] for row in rows} == {url}
    found = {row["url"].rsplit("/", 1)[-1]: row["status"] for row in rows}
    assert found == {"a.png": "ok", "gone.png": "failed"}


def test_a_private_address_is_refused_by_default(site: int, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    url = f"http://127.0.0.1:{site}/a.png"
    assert main(["scan", url, "--port", str(site), "-o", str(out), "--quiet"]) == 3
    (row,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert row["status"] == "failed"
    assert row["error"].startswith("fetch_failed: ")


class _Busy(http.server.BaseHTTPRequestHandler):
    """A site of two pages with six pictures each, that notes how many it is asked for at once."""

    content: bytes
    asked: list[str]
    now = 0
    most = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            self.asked.append(self.path)
            _Busy.now += 1
            _Busy.most = max(self.most, self.now)
        time.sleep(0.3 if self.path.endswith("png") else 0)
        with self.lock:
            _Busy.now -= 1
        kind, body = "text/plain", b""
        if self.path.endswith("png"):
            kind, body = "image/png", self.content
        elif self.path.startswith("/page"):
            names = "".join(f"<img src={self.path}-{number}.png>" for number in range(6))
            kind, body = "text/html", names.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="no locks that end with a process")
def test_inputs_in_several_workers_count_together_for_one_host() -> None:
    stream = io.BytesIO()
    picture(1).save(stream, "PNG")
    _Busy.content, _Busy.asked = stream.getvalue(), []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Busy) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        port = str(server.server_address[1])
        urls = [f"http://127.0.0.1:{port}/page{number}" for number in range(4)]
        words = ["--allow-private", "--port", port, "--workers", "2", "--quiet"]
        assert main(["scan", *urls, *words]) == 0
        server.shutdown()
        thread.join()
    assert len([path for path in _Busy.asked if path.endswith("png")]) == 24
    assert _Busy.asked.count("/robots.txt") == 1
    assert _Busy.most == 4
