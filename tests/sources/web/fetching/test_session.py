from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from medsift.core.errors import NotFoundError
from medsift.sources.base import Context
from medsift.sources.web.fetching import session
from medsift.sources.web.fetching.session import shared_fetcher
from medsift.sources.web.options import WebOptions
from medsift.sources.web.page.live import read_url


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open, and notes what comes over which."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, int]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.client_address[1]))
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Keep the tests quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    Handler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    session.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_inputs_of_one_site_share_its_connection_and_its_rules(port: int) -> None:
    options = WebOptions(allow_private=True, ports=(port,))
    for name in ("a", "b"):
        (finding,) = read_url(f"http://127.0.0.1:{port}/{name}", Context(), options)
        assert "404" in getattr(finding, "error", "")
    assert [path for path, _ in Handler.asked] == ["/robots.txt", "/a", "/b"]
    assert len({connection for _, connection in Handler.asked}) == 1


def test_other_options_get_another_fetcher_and_idle_ones_are_closed(port: int) -> None:
    options = WebOptions(allow_private=True, ports=(port,))
    with shared_fetcher(options) as first:
        with shared_fetcher(options) as same, shared_fetcher(WebOptions()) as other:
            assert same is first
            assert other is not first
        with pytest.raises(NotFoundError):  # still open while it is lent
            first.fetch(f"http://127.0.0.1:{port}/", 1000)
    with shared_fetcher(WebOptions(retries=9)):
        assert set(session._kept) == {WebOptions(retries=9)}
