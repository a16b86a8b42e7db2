"""Standard streams that are closed, full or given up by their reader."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast


class Forgiving:
    """A text stream for messages: what cannot be written is nobody's loss.

    Parameters
    ----------
    stream : text stream
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._give_up()
        return len(text)

    def flush(self) -> None:
        """Hand on what waits, if that is possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._give_up()

    def _give_up(self) -> None:
        # What is still buffered would fail once more when Python shuts down.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def prepare() -> bool:
    """Make standard streams usable; to be called first of all.

    Returns
    -------
    bool
        Whether there is a standard output.
    """
    for descriptor in range(3):
        if not _is_open(descriptor):
            # Or the first file that is opened would take its place, and get what is meant for it.
            os.open(os.devnull, os.O_RDWR)
    has_output = sys.stdout is not None
    if not has_output:  # closed by the caller: `>&-`
        sys.stdout = _nowhere()
    sys.stderr = cast("TextIO", Forgiving(_nowhere() if sys.stderr is None else sys.stderr))
    return has_output


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
