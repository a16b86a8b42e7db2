"""One fetcher for all the inputs that a process reads with the same options.

So the addresses of one site share connections, what its robots.txt says, and their locks.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from medsift.sources.web.fetching.fetch import Fetcher
from medsift.sources.web.options import WebOptions


@dataclass(slots=True)
class _Kept:
    fetcher: Fetcher
    users: int = 0


_kept: dict[WebOptions, _Kept] = {}
_lock = threading.Lock()


@contextlib.contextmanager
def shared_fetcher(options: WebOptions) -> Iterator[Fetcher]:
    """Lend the fetcher that goes with the options; it stays open for the next input."""
    with _lock:
        _close_at_exit()
        kept = _kept.get(options)
        if kept is None:
            _close_idle()
            kept = _kept[options] = _Kept(Fetcher(options))
        kept.users += 1
    try:
        yield kept.fetcher
    finally:
        with _lock:
            kept.users -= 1


@functools.cache
def _close_at_exit() -> None:
    atexit.register(close)


def close() -> None:
    """Close all connections that nobody uses."""
    with _lock:
        _close_idle()


def _close_idle() -> None:
    for options, kept in list(_kept.items()):
        if not kept.users:
            kept.fetcher.close()
            del _kept[options]
