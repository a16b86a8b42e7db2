"""One worker process for as long as the service runs, replaced whenever it is lost."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeAlias

from medsift.core.errors import InputError, MedsiftError, OutputError
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.pool import PoolBrokenError, fault_of, new_pool
from medsift.pipeline.worker import set_up
from medsift.server.problems import StorageFullError
from medsift.sources.inputs import Input

Task: TypeAlias = Callable[[Sequence[Input], Path], None]
"""What a worker does with its inputs and the path of its log; runs in the worker."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TICK = 0.1
"""Seconds between two looks at what a running task has written."""
_PAUSES = (0.1, 0.5, 2.0)
"""Seconds before a pool that broke is replaced: again and again, but not in haste."""


class WorkerProcess:
    """One worker process.

    A pool of one each, and not one pool of all: what breaks it is nobody else's loss.

    Parameters
    ----------
    options : ScanOptions
    """

    def __init__(self, options: ScanOptions) -> None:
        self._options = options
        self._pool: Any = None
        self._broken = 0
        self.ready = False

    async def warm_up(self, task: Task, log: Path) -> None:
        """Start the process and let it load the model.

        Raises
        ------
        MedsiftError
            The model cannot be loaded, or the process cannot be started.
        """
        await asyncio.wrap_future(self._scheduled(task, [], log))
        self.ready = True

    async def run(self, task: Task, items: Sequence[Input], log: Path) -> InputError | None:
        """Let the process do a task, to its end; the fault that ended it early, if one did."""
        async with aclosing(self.watch(task, items, log, every=None)) as looks:
            async for fault in looks:
                return fault
        return None

    async def watch(
        self, task: Task, items: Sequence[Input], log: Path, every: float | None = _TICK
    ) -> AsyncGenerator[InputError | None, None]:
        """Let the process do a task; yields None now and then, so that its log can be read.

        Ends when the task has come to its end; a fault that ended it early is yielded last.
        Closing the generator stops the task, and its process with it.
        """
        try:
            future = self._scheduled(task, items, log)
        except RuntimeError:  # pebble's word for a pool that broke, perhaps long ago
            await self._replace()
            future = self._scheduled(task, items, log)
        waiter = asyncio.wrap_future(future)
        try:
            while not waiter.done():
                await asyncio.wait([waiter], timeout=every)
                if not waiter.done():
                    yield None
        finally:
            if not waiter.done():
                waiter.cancel()
                await self.stop()
        fault = _fault(waiter)
        if isinstance(fault, PoolBrokenError):
            await self._replace()
        elif fault is None:
            self._broken = 0
        self.ready = fault is None or not self._broken
        if fault is not None:
            yield fault

    def _scheduled(self, task: Task, items: Sequence[Input], log: Path) -> Any:
        if self._pool is None:
            self._pool = new_pool(1, set_up, self._options)
        seconds = self._options.limits.seconds
        return self._pool.schedule(task, args=[items, log], timeout=seconds)

    async def _replace(self) -> None:
        await asyncio.sleep(_PAUSES[min(self._broken, len(_PAUSES) - 1)])
        self._broken += 1
        await self.stop()

    async def stop(self) -> None:
        """Stop the process."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_stop, pool)


def _fault(done: asyncio.Future[Any]) -> InputError | None:
    if done.cancelled():
        return PoolBrokenError("its worker could not be started")
    error = done.exception()
    if error is None:
        return None
    full = isinstance(error, OSError) and error.errno in _NO_ROOM
    if full or isinstance(error, OutputError):
        return StorageFullError("no room left in the temporary folder of the service")
    try:
        return fault_of(error)
    except MedsiftError:  # the model is gone
        return PoolBrokenError("its worker could not be started")


def _stop(pool: Any) -> None:
    pool.stop()
    pool.join()
