"""Desks outlive a reload, for their own user."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsift.app import seats
from medsift.app.desk import Crew
from medsift.app.seats import Seats
from medsift.app.settings import AppSettings

ME = ("127.0.0.1", "a browser")


@pytest.fixture
def made() -> Iterator[Seats]:
    crew = Crew(AppSettings(model="fast", workers=1))
    found = Seats(crew)
    yield found
    found.close()
    crew.close()


def is_open(folder: Path) -> bool:
    return folder.exists()


def test_a_reload_finds_the_same_desk(made: Seats) -> None:
    first = made.take("name", ME)
    first.leave()
    assert made.known("name", ME)
    assert made.take("name", ME).desk is first.desk


def test_a_link_opens_nothing_in_another_browser(made: Seats) -> None:
    first = made.take("name", ME)
    for other in (("10.0.0.1", "a browser"), ("127.0.0.1", "another")):
        assert not made.known("name", other)
        seat = made.take("name", other)
        assert seat.desk is not first.desk
        assert seat.name != "name"


def test_a_desk_that_nobody_comes_back_to_is_removed(
    made: Seats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "KEEP_SECONDS", 0.05)
    seat = made.take("name", ME)
    seat.leave()
    end = time.monotonic() + 30
    while is_open(seat.desk.folder) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_open(seat.desk.folder)
    assert not made.known("name", ME)


def test_a_second_session_keeps_it_open(made: Seats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "KEEP_SECONDS", 0.0)
    first, second = made.take("name", ME), made.take("name", ME)
    first.leave()
    assert is_open(second.desk.folder)
    second.leave()
    assert not is_open(second.desk.folder)


def test_closing_closes_all(made: Seats) -> None:
    folders = [made.take(name, ME).desk.folder for name in ("a", "b")]
    made.close()
    assert not any(map(is_open, folders))
