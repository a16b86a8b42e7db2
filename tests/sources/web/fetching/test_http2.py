"""HTTP/2 over TLS, against a real server on this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from medsift.core.errors import LimitError
from medsift.sources.web.fetching.errors import PassingError, SlowError
from medsift.sources.web.fetching.fetch import Fetcher
from medsift.sources.web.fetching.guard import Guard
from medsift.sources.web.fetching.transport import GuardedBackend, GuardedTransport
from medsift.sources.web.options import WebOptions

trustme = pytest.importorskip("trustme")
pytest.importorskip("hypercorn")

HOST = "pictures.example.org"


@dataclass
class Site:
    """What runs, and what it was asked: paths with the HTTP version and the client's port."""

    port: int
    authority: Any
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    def fetcher(self, *, trusting: bool = True, **settings: Any) -> Fetcher:
        defaults = {"allow_private": True, "ignore_robots": True, "ports": (self.port,)}
        options = replace(WebOptions(retries=1), **{**defaults, **settings})
        guard = Guard(options.allow_private, options.ports, lambda _host, _port: ["127.0.0.1"])
        trust = ssl.create_default_context()
        if trusting:
            self.authority.configure_trust(trust)
        transport = GuardedTransport(options, GuardedBackend(guard), trust)
        return Fetcher(options, transport, pause=lambda _seconds: None)

    def url(self, path: str) -> str:
        return f"https://{HOST}:{self.port}{path}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Site(port, authority)
    silence = asyncio.Event()

    async def app(scope: Any, _receive: Any, send: Callable[[Any], Any]) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        path = scope["path"]
        running.asked.append((path, scope["http_version"], scope["client"][1]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if path == "/silent":
            await silence.wait()
        size = 3_000_000 if path == "/long" else 100
        for _ in range(0, size, 50_000):
            body = path.encode() * (min(size, 50_000) // len(path))
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.certfile, config.keyfile = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.1
    over, ready = asyncio.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = asyncio.ensure_future(serve(app, config, shutdown_trigger=over.wait))
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            break
        ready.set()
        await server

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(60)
    yield running
    loop.call_soon_threadsafe(silence.set)
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


def test_many_pictures_come_over_one_connection_or_two(site: Site) -> None:
    paths = [f"/{number}.png" for number in range(20)]
    with site.fetcher() as fetcher, ThreadPoolExecutor(4) as pool:
        fetcher.fetch(site.url("/first"), 1000)
        found = list(pool.map(lambda path: fetcher.fetch(site.url(path), 1000).content, paths))
    assert [content[: len(path)].decode() for content, path in zip(found, paths, strict=True)] == (
        paths
    )
    assert {version for _, version, _ in site.asked} == {"2"}
    # Now and then a second one is opened, for a request that comes while the first is between two.
    assert len({port for _, _, port in site.asked}) <= 2


def test_a_picture_that_is_too_long_is_cut_off_and_the_next_one_comes(site: Site) -> None:
    with site.fetcher() as fetcher:
        with pytest.raises(LimitError):
            fetcher.fetch(site.url("/long"), 200_000)
        assert fetcher.fetch(site.url("/next"), 1000).content.startswith(b"/next")
        assert len(fetcher.fetch(site.url("/long"), 3_000_000).content) == 3_000_000 // 5 * 5
    assert {version for _, version, _ in site.asked} == {"2"}


def test_a_silent_picture_costs_the_others_of_its_connection_nothing(site: Site) -> None:
    """Its time-out ends the connection that they share: they are asked for again."""
    paths = ["/silent", *(f"/{number}.png" for number in range(12))]

    def get(path: str) -> object:
        try:
            return fetcher.fetch(site.url(path), 1000).content[: len(path)].decode()
        except SlowError:
            return SlowError

    with site.fetcher(read_seconds=0.5) as fetcher, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(get, paths))
    assert found == [SlowError, *paths[1:]]


def test_a_certificate_of_nobody_known_is_refused(site: Site) -> None:
    with (
        site.fetcher(trusting=False) as fetcher,
        pytest.raises(PassingError, match=r"(?i)certificate"),
    ):
        fetcher.fetch(site.url("/"), 1000)
    assert site.asked == []


def test_a_certificate_of_another_host_is_refused(site: Site) -> None:
    with site.fetcher() as fetcher, pytest.raises(PassingError, match=r"(?i)certificate"):
        fetcher.fetch(f"https://other.example.org:{site.port}/", 1000)
    assert site.asked == []


def test_the_public_authorities_are_trusted_by_default() -> None:
    from medsift.sources.web.fetching import transport

    trust = transport._ssl_context()
    assert trust.verify_mode == ssl.CERT_REQUIRED
    assert trust.check_hostname
