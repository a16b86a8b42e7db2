"""A pool of worker processes, and what it means when a task ends early.

Both the local engine and the service hand their work to such pools.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from medsift.core.errors import CrashedError, InputError, MedsiftError, TimedOutError
from medsift.pipeline.options import ScanOptions


class PoolBrokenError(CrashedError):
    """The pool lost its workers before they took up any work."""


def new_pool(workers: int, set_up: Callable[[ScanOptions], None], options: ScanOptions) -> Any:
    """Make a pool; its processes start with its first task.

    Parameters
    ----------
    workers : int
    set_up : callable
        Prepares each process, see :func:`medsift.pipeline.worker.set_up`.
    options : ScanOptions

    Returns
    -------
    pebble.ProcessPool
    """
    from pebble import ProcessPool

    return ProcessPool(
        max_workers=workers, initializer=set_up, initargs=[options], context=_QuietContext()
    )


def fault_of(error: BaseException) -> InputError:
    """What ended a task early, as the fault of an input.

    Raises
    ------
    MedsiftError
        The model or the temporary folder is at fault, not the input.
    """
    from pebble import ProcessExpired

    if isinstance(error, (TimeoutError, FutureTimeoutError)):
        return TimedOutError("took longer than its time limit; its worker was stopped")
    if isinstance(error, ProcessExpired):
        return CrashedError(f"its worker process died (exit code {error.exitcode})")
    if isinstance(error, (BrokenProcessPool, CancelledError)):
        return PoolBrokenError("its worker could not be started")
    if isinstance(error, MemoryError):
        return CrashedError("ran out of the memory that one input may take")
    if isinstance(error, InputError):
        return error
    if isinstance(error, MedsiftError):
        raise error
    # A worker met something that nobody foresaw, in a library of any kind. It costs the
    # input that it was at.
    return CrashedError(f"its worker failed unexpectedly: {type(error).__name__}")


class _QuietProcess(SpawnProcess):
    """A process that does not run the user's main module again.

    Python's "spawn" imports the main module in each child, so that a script which calls
    :func:`medsift.scan` at its top level would start itself over and over. Workers need only
    medsift's own modules.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  the name is multiprocessing's
        with _main_hidden():
            return SpawnProcess._Popen(process_obj)  # noqa: SLF001


class _QuietContext(SpawnContext):
    Process = _QuietProcess


_main_lock = threading.Lock()


@contextmanager
def _main_hidden() -> Iterator[None]:
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        # A child inherits what is blocked: an interrupt at the terminal reaches it as well, and
        # only the parent shall answer it.
        mask = getattr(signal, "pthread_sigmask", None)
        before = mask(signal.SIG_BLOCK, {signal.SIGINT}) if mask else None
        try:
            yield
        finally:
            if mask:
                mask(signal.SIG_SETMASK, before)
            sys.modules["__main__"] = main


# Resolved once here: multiprocessing imports its spawn machinery lazily, which must not happen
# while the main module is hidden.
multiprocessing.get_context("spawn")
