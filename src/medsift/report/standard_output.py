"""Writing to standard output, whose reader may leave at any time (``medsift ... | head``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from medsift.core.errors import OutputError


@contextmanager
def writing(stream: IO[Any]) -> Iterator[None]:
    """Turn what goes wrong in a ``with`` block that writes to ``stream`` into OutputError.

    The error's ``__cause__`` is ``BrokenPipeError`` where the reader has left.
    """
    try:
        yield
    except BrokenPipeError as error:
        # What is still buffered would fail once more when Python shuts down.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        raise OutputError("whoever read standard output has left") from error
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror or error}") from error
