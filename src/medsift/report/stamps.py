"""What an input was like when it was scanned, in a few characters, to tell whether it has changed.

A stamp is taken before the input is read: whatever changes while it is read counts as changed.

=====================================  =========================================================
``file:SIZE:NANOSECONDS``              a file, by its size and the time of its last change
``file:SIZE:NANOSECONDS:SHA256``       the same, and by its content
``series:COUNT:DIGEST``                DICOM files that share a record: a digest of all their stamps
``error:CODE``                         nothing that could be read, and why
``web``                                an address: nobody can tell without fetching it
=====================================  =========================================================
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

By: TypeAlias = Literal["time", "hash"]
"""How a change is told: by size and time of change, or by content."""

WEB = "web"
_PARTS_WITH_HASH = 4
_PIECE = 1 << 20


def of_file(path: Path, by: By = "time") -> str:
    """The stamp of a file; of one that cannot be read an error."""
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            stamp = f"file:{status.st_size}:{status.st_mtime_ns}"
            if by == "hash":
                stamp += f":{_digest(stream)}"
    except OSError:
        return of_error("unreadable")
    return stamp


def of_error(code: str) -> str:
    """The stamp of an input that cannot be read."""
    return f"error:{code}"


def same(before: str, now: str, by: By = "time") -> bool:
    """Whether an input is what it was."""
    if by == "time" or not now.startswith("file:"):
        return _timed(before) == _timed(now)
    old, new = before.split(":"), now.split(":")
    known = len(old) == len(new) == _PARTS_WITH_HASH
    return known and (old[1], old[3]) == (new[1], new[3])


def is_gone(key: str, stamp: str) -> bool:
    """Whether an input that no scan came upon any more is not there any more, either."""
    if stamp.startswith("file:"):
        return not os.path.lexists(key)
    # What stood for a series may go on as a file, but not as its series.
    return stamp != WEB


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _timed(stamp: str) -> list[str]:
    return stamp.split(":")[: _PARTS_WITH_HASH - 1] if stamp.startswith("file:") else [stamp]
