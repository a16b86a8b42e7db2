"""Sessions of users outlive a reload of the page, for a while, and for the same browser alone.

Streamlit begins a new connection when a page is reloaded. The address of the page carries a name
that nobody can guess, under which the new connection finds the session of the old one. A session
that nobody has come back to is closed, and what it holds removed.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TypeAlias

from medsift.app.user_session import AppWorkers, UserSession

Owner: TypeAlias = "tuple[str, str]"
"""Address and program of a browser: a link in another one's hands opens nothing."""

KEEP_SECONDS = 900.0
"""So long a session waits for its user to come back."""


@dataclass(slots=True, eq=False)
class _Entry:
    session: UserSession
    owner: Owner
    connections: int = 0
    timer: threading.Timer | None = field(default=None, repr=False)


class SessionStore:
    """The sessions of all users.

    Parameters
    ----------
    workers : AppWorkers
    """

    def __init__(self, workers: AppWorkers) -> None:
        self._workers = workers
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def known(self, name: str, owner: Owner) -> bool:
        """Whether this user has a session of this name."""
        with self._lock:
            entry = self._entries.get(name)
            return entry is not None and entry.owner == owner

    def connect(self, name: str, owner: Owner) -> SessionLease:
        """Connect to a session, to a new one where there is none of this name and user."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or entry.owner != owner:
                name = name if entry is None else secrets.token_urlsafe(16)
                entry = self._entries[name] = _Entry(UserSession(self._workers), owner)
            entry.connections += 1
            if entry.timer is not None:
                entry.timer.cancel()
                entry.timer = None
            return SessionLease(self, name, entry.session)

    def leave(self, name: str) -> None:
        """A connection has ended; its session is kept for a while."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                return
            entry.connections -= 1
            if entry.connections > 0:
                return
            if KEEP_SECONDS > 0:
                entry.timer = threading.Timer(KEEP_SECONDS, self._close, (name,))
                entry.timer.daemon = True
                entry.timer.start()
                return
        self._close(name)

    def _close(self, name: str) -> None:
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or entry.connections > 0:
                return
            del self._entries[name]
        entry.session.close()

    def close(self) -> None:
        """Close all sessions."""
        with self._lock:
            entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            if entry.timer is not None:
                entry.timer.cancel()
            entry.session.close()


@dataclass(frozen=True, slots=True, eq=False)
class SessionLease:
    """A connection of a browser to a session."""

    store: SessionStore = field(repr=False)
    name: str
    session: UserSession

    def leave(self) -> None:
        """The connection has ended."""
        self.store.leave(self.name)
