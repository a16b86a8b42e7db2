"""Names of inputs from standard input, as they arrive."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator

_AHEAD = 1024
"""Lines that are read before they are asked for."""

_PATIENCE = 0.05
"""Seconds to wait for a line before saying that there is none at hand."""

_PIECE = 1 << 16


def lines() -> Iterator[str | None]:
    """Lines without their ends, empty ones left out; None where none has come for a moment."""
    ahead: queue.Queue[str | None] = queue.Queue(_AHEAD)
    reader = threading.Thread(target=_read_into, args=[ahead], daemon=True)
    reader.start()
    while True:
        try:
            line = ahead.get(timeout=_PATIENCE)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line


def _read_into(ahead: queue.Queue[str | None]) -> None:
    # Not through sys.stdin: its lock, held by a thread that waits, breaks the end of the program.
    descriptor = sys.stdin.fileno()
    rest = b""
    try:
        while piece := os.read(descriptor, _PIECE):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                _put(ahead, line)
        _put(ahead, rest)
    finally:
        ahead.put(None)


def _put(ahead: queue.Queue[str | None], line: bytes) -> None:
    if name := line.rstrip(b"\r"):
        ahead.put(os.fsdecode(name))
