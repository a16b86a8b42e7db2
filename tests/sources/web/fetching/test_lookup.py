from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import pytest

from medsift.core.errors import NotFoundError
from medsift.sources.web.fetching import lookup
from medsift.sources.web.fetching.errors import SlowError
from medsift.sources.web.fetching.guard import Guard
from medsift.sources.web.fetching.lookup import look_up
from medsift.sources.web.fetching.transport import GuardedBackend
from tests.sources.web.network import Network


def test_a_name_server_that_never_answers_is_given_up() -> None:
    silence = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        silence.wait()
        return []

    started = time.monotonic()
    try:
        with pytest.raises(SlowError, match=r"example\.org"):
            look_up(resolve, "example.org", 80, 0.1)
        assert time.monotonic() - started < 20
    finally:
        silence.set()


def test_what_the_name_server_says_comes_through() -> None:
    assert look_up(lambda _h, _p: iter(["93.184.215.14"]), "example.org", 80, 9) == [
        "93.184.215.14"
    ]

    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(socket.gaierror):
        look_up(resolve, "example.org", 80, 9)
    with pytest.raises(NotFoundError):
        Guard(resolve=resolve).addresses("example.org", 80)


def test_lookups_that_hang_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_threads", threading.BoundedSemaphore(1))
    silence = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        silence.wait()
        return []

    def never(_host: str, _port: int) -> list[str]:
        pytest.fail("was looked up")

    try:
        with pytest.raises(SlowError):
            look_up(resolve, "example.org", 80, 0.05)
        with pytest.raises(SlowError, match="too many"):
            look_up(never, "example.net", 80, 0.05)
    finally:
        silence.set()


def test_a_program_may_end_while_a_lookup_hangs() -> None:
    program = """
import contextlib, threading
from medsift.sources.web.fetching.errors import SlowError
from medsift.sources.web.fetching.lookup import look_up
with contextlib.suppress(SlowError):
    look_up(lambda _host, _port: threading.Event().wait(), "example.org", 80, 0.01)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=50)


def test_a_connection_waits_for_its_name_no_longer_than_for_its_address() -> None:
    silence = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        silence.wait()
        return ["93.184.215.14"]

    network = Network()
    backend = GuardedBackend(Guard(resolve=resolve), network)
    try:
        with pytest.raises(SlowError):
            backend.connect_tcp("example.org", 443, timeout=0.1)
        assert network.connected == []
    finally:
        silence.set()
