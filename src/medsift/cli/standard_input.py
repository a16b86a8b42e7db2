"""Names of inputs from standard input, as they arrive."""

from __future__ import annotations

import codecs
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

_LONGEST = 1 << 16
"""Bytes of a line; no path or address is longer."""

_TOLD = 256
"""Bytes of a longer one that stand in the record that says so."""


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
    try:
        for number, line in enumerate(_split(_pieces())):
            _put(ahead, line if number else line.removeprefix(codecs.BOM_UTF8))
    finally:
        ahead.put(None)


def _pieces() -> Iterator[bytes]:
    # Not through sys.stdin: its lock, held by a thread that waits, breaks the end of the program.
    try:
        descriptor = sys.stdin.fileno()
        while piece := os.read(descriptor, _PIECE):
            yield piece
    except (OSError, ValueError, AttributeError):
        return  # closed by the caller: `<&-`


def _split(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines, of those that are longer than any name the beginning only."""
    rest, skipping = b"", False
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if not skipping:
                yield line
            skipping = False
        if skipping:
            rest = b""
        elif len(rest) > _LONGEST:
            yield rest[:_TOLD]
            rest, skipping = b"", True
    yield rest


def _put(ahead: queue.Queue[str | None], line: bytes) -> None:
    if name := line.rstrip(b"\r"):
        ahead.put(os.fsdecode(name))
