"""``medsift scan`` of an address, against a server on this machine."""

from __future__ import annotations

import functools
import http.server
import json
import threading
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
