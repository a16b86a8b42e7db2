"""Desks outlive a reload of the page, for a while, and for the same browser alone.

Streamlit begins a new session when a page is reloaded. The address of the page carries a name that
nobody can guess, under which the new session finds the desk of the old one. A desk that nobody has
come back to is closed, and what lies on it removed.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TypeAlias

from medsift.app.desk import Crew, Desk

Owner: TypeAlias = "tuple[str, str]"
"""Address and program of a browser: a link in another one's hands opens nothing."""

KEEP_SECONDS = 900.0
"""So long a desk waits for its user to come back."""


@dataclass(slots=True, eq=False)
class _Place:
    desk: Desk
    owner: Owner
    sessions: int = 0
    timer: threading.Timer | None = field(default=None, repr=False)


class Seats:
    """The desks of all users.

    Parameters
    ----------
    crew : Crew
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def known(self, name: str, owner: Owner) -> bool:
        """Whether this user has a desk of this name."""
        with self._lock:
            place = self._places.get(name)
            return place is not None and place.owner == owner

    def take(self, name: str, owner: Owner) -> Seat:
        """Sit down at a desk, at a new one where there is none of this name and user."""
        with self._lock:
            place = self._places.get(name)
            if place is None or place.owner != owner:
                name = name if place is None else secrets.token_urlsafe(16)
                place = self._places[name] = _Place(Desk(self._crew), owner)
            place.sessions += 1
            if place.timer is not None:
                place.timer.cancel()
                place.timer = None
            return Seat(self, name, place.desk)

    def leave(self, name: str) -> None:
        """Stand up; the desk is kept for a while."""
        with self._lock:
            place = self._places.get(name)
            if place is None:
                return
            place.sessions -= 1
            if place.sessions > 0:
                return
            if KEEP_SECONDS > 0:
                place.timer = threading.Timer(KEEP_SECONDS, self._close, (name,))
                place.timer.daemon = True
                place.timer.start()
                return
        self._close(name)

    def _close(self, name: str) -> None:
        with self._lock:
            place = self._places.get(name)
            if place is None or place.sessions > 0:
                return
            del self._places[name]
        place.desk.close()

    def close(self) -> None:
        """Close all desks."""
        with self._lock:
            places, self._places = list(self._places.values()), {}
        for place in places:
            if place.timer is not None:
                place.timer.cancel()
            place.desk.close()


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """A session at a desk."""

    seats: Seats = field(repr=False)
    name: str
    desk: Desk

    def leave(self) -> None:
        """The session is over."""
        self.seats.leave(self.name)
