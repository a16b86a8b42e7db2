"""Locks on files, that tell whether another process is at work on them."""

from __future__ import annotations

import sys
from typing import IO

if sys.platform != "win32":
    import fcntl


def try_lock(stream: IO[bytes]) -> bool | None:
    """Lock an open file until it is closed, without waiting.

    Returns
    -------
    bool or None
        True: it is locked now. False: another process has it. None: nothing is known, on
        Windows and on file systems without locks.
    """
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
