"""What was inflated is kept in memory if it is small, else in a file that vanishes by itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medsift.core.errors import UnreadableError
from medsift.core.limits import MIB

MEMORY_BYTES = 64 * MIB
"""What is longer goes to a temporary file."""

_OPEN_FILES = Path("/proc/self/fd")


@contextmanager
def spooled(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes | Path]:
    """Keep bytes for as long as the context lasts.

    Parameters
    ----------
    head : bytes
        The first of them.
    rest : iterator of bytes
        What follows.

    Yields
    ------
    bytes or Path
        A path may be opened as often as needed, within the context only.

    Raises
    ------
    UnreadableError
        There is no room for a temporary file.
    """
    parts, size = [head], len(head)
    for part in rest:
        parts.append(part)
        size += len(part)
        if size > MEMORY_BYTES:
            break
    else:
        yield b"".join(parts)
        return
    with _vanishing(parts, rest) as path:
        yield path


@contextmanager
def _vanishing(parts: list[bytes], rest: Iterator[bytes]) -> Iterator[Path]:
    # Where open files have names, the file gets none of its own: it cannot be left behind,
    # not even by a process that is killed.
    nameless = _OPEN_FILES.is_dir()
    file = tempfile.TemporaryFile() if nameless else tempfile.NamedTemporaryFile(delete=False)  # noqa: SIM115
    path = _OPEN_FILES / str(file.fileno()) if nameless else Path(str(file.name))
    try:
        try:
            while parts:
                file.write(parts.pop(0))
            for part in rest:
                file.write(part)
            file.flush()
        except OSError as error:
            text = f"no room for a temporary file: {error.strerror or error}"
            raise UnreadableError(text) from error
        if not nameless:
            file.close()
        yield path
    finally:
        file.close()
        if not nameless:
            os.unlink(path)  # noqa: PTH108
