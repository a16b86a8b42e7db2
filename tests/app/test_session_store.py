"""Desks outlive a reload, for their own user."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsift.app import session_store
from medsift.app.session_store import SessionStore
from medsift.app.settings import AppSettings
from medsift.app.user_session import AppWorkers

ME = ("127.0.0.1", "a browser")


@pytest.fixture
def made() -> Iterator[SessionStore]:
    workers = AppWorkers(AppSettings(model="fast", workers=1))
    found = SessionStore(workers)
    yield found
    found.close()
    workers.close()


def is_open(folder: Path) -> bool:
    return folder.exists()


def test_a_reload_finds_the_same_desk(made: SessionStore) -> None:
    first = made.connect("name", ME)
    first.leave()
    assert made.known("name", ME)
    assert made.connect("name", ME).session is first.session


def test_a_link_opens_nothing_in_another_browser(made: SessionStore) -> None:
    first = made.connect("name", ME)
    for other in (("10.0.0.1", "a browser"), ("127.0.0.1", "another")):
        assert not made.known("name", other)
        lease = made.connect("name", other)
        assert lease.session is not first.session
        assert lease.name != "name"


def test_a_desk_that_nobody_comes_back_to_is_removed(
    made: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_store, "KEEP_SECONDS", 0.05)
    lease = made.connect("name", ME)
    lease.leave()
    end = time.monotonic() + 30
    while is_open(lease.session.folder) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_open(lease.session.folder)
    assert not made.known("name", ME)


def test_a_second_session_keeps_it_open(
    made: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_store, "KEEP_SECONDS", 0.0)
    first, second = made.connect("name", ME), made.connect("name", ME)
    first.leave()
    assert is_open(second.session.folder)
    second.leave()
    assert not is_open(second.session.folder)


def test_closing_closes_all(made: SessionStore) -> None:
    folders = [made.connect(name, ME).session.folder for name in ("a", "b")]
    made.close()
    assert not any(map(is_open, folders))
