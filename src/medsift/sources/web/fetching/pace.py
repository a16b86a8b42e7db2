"""How often, and how many times at once, one host is asked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from medsift.sources.web.fetching.locks import HostLocks
from medsift.sources.web.options import WebOptions

_ALL_HOSTS = "*"


@dataclass(slots=True)
class _Host:
    slots: threading.Semaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_start: float = 0.0


class Pace:
    """Lets requests to one host start with a delay between them, and few at the same time.

    Parameters
    ----------
    options : WebOptions
        ``per_host``, ``delay`` and ``overall`` count.
    host_locks : HostLocks, optional
        Where other processes speak to hosts as well, what they share; they count together then.
    pause : callable
        Waits for some seconds.
    clock : callable
        The time, in seconds.
    """

    def __init__(
        self,
        options: WebOptions,
        host_locks: HostLocks | None = None,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._host_locks = host_locks
        self._pause = pause
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def turn(self, host: str, delay: float = 0.0) -> Iterator[None]:
        """Wait for a turn with the host, and hold it for the length of the block.

        Parameters
        ----------
        host : str
        delay : float
            Longer delay that the host asks for.
        """
        with self._lock:
            slots = threading.Semaphore(self._options.per_host)
            state = self._hosts.setdefault(host, _Host(slots))
        with state.slots, contextlib.ExitStack() as stack:
            if self._host_locks is not None:
                # The host first: who waits for a slow host takes nobody else's place.
                stack.enter_context(self._host_locks.place(host, self._options.per_host))
                stack.enter_context(self._host_locks.place(_ALL_HOSTS, self._options.overall))
            wait = self._start(state, host, max(self._options.delay, delay)) - self._clock()
            if wait > 0:
                self._pause(wait)
            yield

    def _start(self, state: _Host, host: str, delay: float) -> float:
        if self._host_locks is not None and delay > 0:
            return self._host_locks.start(host, delay)
        with state.lock:
            start = max(self._clock(), state.next_start)
            state.next_start = start + delay
        return start
