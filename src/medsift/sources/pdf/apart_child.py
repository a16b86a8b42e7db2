"""The program of a process that reads pages of one PDF: from standard input to output."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import sys
from typing import BinaryIO

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def main() -> None:
    """Read a job and the document, and write down what is found, message by message."""
    # What libraries print is no message.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _bound_life(int(sys.argv[2]))
    with open(0, "rb", closefd=False) as file:
        job = pickle.load(file)  # noqa: S301  from the process that started this one
        data = file.read()
    _read(job, data, output)


def _read(job: object, data: bytes, output: BinaryIO) -> None:
    from medsift.core.errors import InputError
    from medsift.sources.base import Budget, Context
    from medsift.sources.pdf.apart import Ended, PageJob
    from medsift.sources.pdf.reader import messages
    from medsift.sources.registry import findings

    if not isinstance(job, PageJob):
        raise TypeError("no job")
    context = Context(
        limits=job.limits,
        options=job.options,
        target=job.target,
        keep_whole=job.keep_whole,
        recurse=findings,
        budget=Budget(job.limits),
        depth=job.depth,
    )
    end = Ended()
    try:
        for message in messages(job, data, context):
            _write(message, output)
    except InputError as error:
        end = Ended(error)
    _write(end, output)


def _write(message: object, output: BinaryIO) -> None:
    pickle.dump(message, output, protocol=5)
    output.flush()  # it may be the last


def _bound_life(seconds: int) -> None:
    """End with whoever asked, and after so many seconds of work."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
