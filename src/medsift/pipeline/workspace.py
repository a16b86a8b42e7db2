"""The temporary folder of a scan: removed at its end, or by the next scan if that was a kill."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medsift.core.filelock import try_lock

_PREFIX = "medsift-"
_LOCK = "lock"
_SETTLED_SECONDS = 60.0
"""A folder this young may be one whose owner has not locked it yet."""


@contextmanager
def workspace() -> Iterator[Path]:
    """A new temporary folder, readable by its user alone.

    It is locked while it is in use, so that others know whether its owner is alive: process
    numbers would not tell, since containers that share the folder have their own.
    """
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with (folder / _LOCK).open("wb") as lock:
            try_lock(lock)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what killed scans of this user left behind."""
    if not hasattr(os, "getuid"):
        return  # Windows: the system clears its temporary folder
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            status = folder.lstat()
            settled = time.time() - status.st_mtime > _SETTLED_SECONDS
            if status.st_uid != os.getuid() or not settled:
                continue
            with (folder / _LOCK).open("r+b") as lock:
                if try_lock(lock):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # none of ours, or another scan was quicker
