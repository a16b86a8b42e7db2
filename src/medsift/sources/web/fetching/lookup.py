"""Host names are looked up within a time limit.

The system's resolver knows none: with a name server that never answers it may keep its caller
for half a minute and more, once for each name. It cannot be interrupted either, so it runs in a
thread that is left to itself when its time is over; how many of those there may be is bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import TypeAlias

from medsift.sources.web.fetching.errors import SlowError

Resolver: TypeAlias = Callable[[str, int], Iterable[str]]
"""Gives the IP addresses of a host name, as text."""

_MOST_STUCK = 64

_threads = threading.BoundedSemaphore(_MOST_STUCK)


def look_up(resolve: Resolver, host: str, port: int, seconds: float) -> list[str]:
    """Resolve a host name within some seconds.

    Parameters
    ----------
    resolve : callable
    host : str
    port : int
    seconds : float

    Raises
    ------
    SlowError
        There is no answer in time, or too many lookups hang already.
    OSError, UnicodeError
        What ``resolve`` raises.
    """
    threads = _threads
    if not threads.acquire(timeout=seconds):
        raise SlowError(f"too many host names are being looked up, {host} among them")
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def work() -> None:
        try:
            answers.put(list(resolve(host, port)))
        except Exception as error:  # noqa: BLE001  for the caller, in its own thread
            answers.put(error)
        finally:
            threads.release()

    # A daemon: the process may end while a lookup hangs.
    threading.Thread(target=work, name="medsift-lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise SlowError(f"the name server does not tell the address of {host} in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
