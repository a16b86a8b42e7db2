"""The local engine: a pool of worker processes that survives the loss of any of them.

Inputs are handed out in tasks: one document each, or several image files. Each task has its own
spool file; results are yielded in the order of the inputs. A worker that crashes or takes too
long is killed and replaced; the input that it was at gets a failed record, together with what
was found in it before, and the inputs after it are handed out again.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

from medsift.core.errors import CrashedError, InputError, TimedOutError
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined, failure
from medsift.pipeline.spool import read_finished, read_state
from medsift.pipeline.worker import run_task, set_up
from medsift.pipeline.workspace import workspace
from medsift.sources.inputs import Input

_TASK_INPUTS = 16
_WINDOW = 32
"""Tasks for each worker that may be under way or await the yielding of earlier ones."""

# Only a guess that saves hand-overs: files that look like documents get a task of their own, so
# that their time limit is their own, too. What a file is, is told by its content, later.
_IMAGE_SUFFIXES = frozenset(
    [".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png", ".webp"]
)


@dataclass(slots=True, eq=False)
class _Task:
    items: list[Input]
    spool: Path
    future: Any


class LocalEngine:
    """Runs inputs through worker processes.

    Parameters
    ----------
    options : ScanOptions
    task : callable
        What a worker does with its inputs and the path of its spool.
    """

    def __init__(
        self, options: ScanOptions, task: Callable[[Sequence[Input], Path], None] = run_task
    ) -> None:
        self._options = options
        self._run_task = task
        self._count = 0

    def run(self, items: Iterable[Input]) -> Iterator[Examined]:
        """Examine inputs; yields in their order. Closing the generator stops the workers."""
        from pebble import ProcessPool

        with workspace() as folder:
            pool = ProcessPool(
                max_workers=self._options.worker_count,
                initializer=set_up,
                initargs=[self._options],
                context=_QuietContext(),
            )
            try:
                yield from self._run(pool, folder, _tasks(items))
                pool.close()
            finally:
                pool.stop()
                pool.join()

    def _run(self, pool: Any, folder: Path, groups: Iterator[list[Input]]) -> Iterator[Examined]:
        window = _WINDOW * self._options.worker_count
        queue: deque[_Task] = deque()
        while True:
            while len(queue) < window and (group := next(groups, None)) is not None:
                queue.append(self._submit(pool, folder, group))
            if not queue:
                return
            task = queue.popleft()
            fault = _wait(task)
            yield from _finished(task)
            if fault is not None:
                blamed, rest = self._blame(task, fault)
                yield from blamed
                if rest:
                    queue.appendleft(self._submit(pool, folder, rest))
            task.spool.unlink(missing_ok=True)

    def _submit(self, pool: Any, folder: Path, items: list[Input]) -> _Task:
        self._count += 1
        spool = folder / f"{self._count}.jsonl"
        seconds = self._options.limits.seconds
        future = pool.schedule(self._run_task, args=[items, spool], timeout=seconds)
        return _Task(items, spool, future)

    def _blame(self, task: _Task, fault: InputError) -> tuple[list[Examined], list[Input]]:
        """Split what is left of a lost task into the inputs at fault and those to run again."""
        state = read_state(task.spool)
        left = task.items[state.finished :]
        if not left:
            return [], []
        alone = len(task.items) == 1
        if not alone and isinstance(fault, TimedOutError) and not self._at_fault(state.begun_at):
            return [], left
        return [Examined(left[0], [*state.outcomes, failure(left[0], fault)])], left[1:]

    def _at_fault(self, begun_at: float | None) -> bool:
        # The time limit of a task with several inputs may run out on an innocent one: it was
        # at fault only if most of the time was its own.
        return begun_at is not None and (
            time.monotonic() - begun_at > self._options.limits.seconds / 2
        )


def _tasks(items: Iterable[Input]) -> Iterator[list[Input]]:
    group: list[Input] = []
    for item in items:
        if not _looks_like_image(item):
            if group:
                yield group
            yield [item]
            group = []
            continue
        group.append(item)
        if len(group) >= _TASK_INPUTS:
            yield group
            group = []
    if group:
        yield group


def _looks_like_image(item: Input) -> bool:
    return item.path is not None and item.path.suffix.lower() in _IMAGE_SUFFIXES


def _wait(task: _Task) -> InputError | None:
    """Wait for the end of a task; the fault that ended it early, if one did."""
    from pebble import ProcessExpired

    try:
        task.future.result()
    except (TimeoutError, FutureTimeoutError):
        return TimedOutError("took longer than its time limit; its worker was stopped")
    except ProcessExpired as error:
        return CrashedError(f"its worker process died (exit code {error.exitcode})")
    except MemoryError:
        return CrashedError("ran out of the memory that one input may take")
    return None


def _finished(task: _Task) -> Iterator[Examined]:
    for item, outcomes in zip(task.items, read_finished(task.spool), strict=False):
        yield Examined(item, outcomes)


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
        try:
            yield
        finally:
            sys.modules["__main__"] = main


# Resolved once here: multiprocessing imports its spawn machinery lazily, which must not happen
# while the main module is hidden.
multiprocessing.get_context("spawn")
