"""The temporary folder of a scan: removed at its end, or by the next scan if that was a kill."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r"medsift-(\d+)-\w+")


@contextmanager
def workspace() -> Iterator[Path]:
    """A new temporary folder for this process, readable by its user alone."""
    if os.name == "posix":
        _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"medsift-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what killed scans of this user left behind."""
    for path in parent.glob("medsift-*"):
        match = _NAME.fullmatch(path.name)
        try:
            if match and path.lstat().st_uid == os.getuid() and not _is_running(int(match[1])):
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # another scan was quicker


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
