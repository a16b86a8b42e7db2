"""Locks on files, that tell whether another process is at work on them.

A lock goes with the process that holds it: whoever is killed keeps nobody out.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def try_lock(stream: IO[bytes]) -> bool | None:
    """Lock an open file until it is closed, without waiting.

    Parameters
    ----------
    stream : binary file
        Of a file that is there to be locked: on Windows, others cannot read its first byte.

    Returns
    -------
    bool or None
        True: it is locked now. False: another process, or another open file of this one, has
        it. None: nothing is known, on file systems without locks.
    """
    if sys.platform == "win32":
        try:
            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        except OSError:
            return None
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


class LockFile:
    """A file beside another one, locked for as long as somebody writes that other one.

    It is there only while it is held, or after a kill, and then it is taken over.

    Parameters
    ----------
    path : Path
        Of the lock file.

    Raises
    ------
    BlockingIOError
        Somebody else holds it.
    OSError
        It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        while True:
            self._stream = path.open("ab")
            if try_lock(self._stream) is False:
                self._stream.close()
                raise BlockingIOError(f"{path} is held by another process")
            if self._is_there():
                return
            # Whoever held it removed it between our opening and our locking.
            self._stream.close()

    def release(self) -> None:
        """Let others have it, and remove it. May be called twice."""
        if self._stream.closed:
            return
        ours = self._is_ours()
        try:
            if ours and sys.platform != "win32":
                # While it is held: afterwards it could be another one's already.
                with suppress(OSError):
                    self.path.unlink()
        finally:
            self._stream.close()
        if ours and sys.platform == "win32":
            with suppress(OSError):  # which another process may have opened meanwhile
                self.path.unlink()

    def _is_there(self) -> bool:
        if sys.platform == "win32":
            return True  # what is open cannot be removed there
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._stream.fileno()))
        except OSError:
            return False

    def _is_ours(self) -> bool:
        # A file of the user's that has this name by chance is locked as well, but stays.
        return self._is_there() and os.fstat(self._stream.fileno()).st_size == 0
