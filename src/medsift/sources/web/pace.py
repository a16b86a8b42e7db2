"""How often, and how many times at once, one host is asked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Host:
    slots: threading.Semaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_start: float = 0.0


class Pace:
    """Lets requests to one host start with a delay between them, and few at the same time.

    Parameters
    ----------
    per_host : int
        Requests to one host at the same time.
    delay : float
        Seconds between the starts of two requests to one host.
    pause : callable
        Waits for some seconds.
    clock : callable
        The time, in seconds.
    """

    def __init__(
        self,
        per_host: int,
        delay: float,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_host = per_host
        self._delay = delay
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
            state = self._hosts.setdefault(host, _Host(threading.Semaphore(self._per_host)))
        with state.slots:
            with state.lock:
                start = max(self._clock(), state.next_start)
                state.next_start = start + max(self._delay, delay)
            wait = start - self._clock()
            if wait > 0:
                self._pause(wait)
            yield
