"""Locks that the processes of one scan share: places at a host, and starting times.

A lock goes with the process that holds it, so a worker that is killed in the middle of a request
keeps nobody waiting. Where the system has no such locks (Windows), every process keeps to the
bounds by itself only.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from medsift.core.filelock import try_lock

_LOOK_AGAIN = 0.01
"""Seconds between two looks whether a place has become free, at first; later more."""

_LOOK_AGAIN_MOST = 0.1


class HostLocks:
    """Places and starting times that several processes share.

    Parameters
    ----------
    folder : Path
        Is made where it does not exist. Whoever made up the name removes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def place(self, name: str, count: int = 1) -> Iterator[None]:
        """Wait for one of ``count`` places, and hold it for the length of the block.

        Parameters
        ----------
        name : str
            What the places are at: a host, for example.
        count : int
        """
        paths = [self.path(name, f"place{number}") for number in range(count)]
        wait = _LOOK_AGAIN
        while True:
            for path in paths:
                with contextlib.ExitStack() as stack:
                    try:
                        is_mine = try_lock(stack.enter_context(path.open("ab")))
                    except OSError:
                        is_mine = None  # no folder, no agreement
                    if is_mine is not False:
                        yield
                        return
            time.sleep(wait)
            wait = min(wait * 1.5, _LOOK_AGAIN_MOST)

    def start(self, name: str, delay: float) -> float:
        """Book the next start: not before the one that was booked last, and its delay.

        Parameters
        ----------
        name : str
        delay : float
            Seconds that the next one after this shall wait.

        Returns
        -------
        float
            On the clock of ``time.monotonic``, which all processes of a machine share.
        """
        path = self.path(name, "start")
        with self.place(f"{name} start"):
            start = time.monotonic()
            with contextlib.suppress(OSError, ValueError):
                start = max(start, float(path.read_text("ascii")))
            with contextlib.suppress(OSError):
                path.write_text(repr(start + delay), "ascii")
        return start

    def path(self, name: str, suffix: str) -> Path:
        """Where something about a name is kept; names may be anything."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{digest[:32]}.{suffix}"
