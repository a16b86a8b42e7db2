"""The local engine: a pool of worker processes that survives the loss of any of them.

Inputs are handed out in tasks: one document each, or several image files. Each task has its own
spool file; results are yielded in the order of the inputs. A worker that crashes or takes too
long is killed and replaced; the input that it was at gets a failed record, together with what
was found in it before, and the inputs after it are handed out again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from medsift.core.errors import CrashedError, InputError, TimedOutError
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined, failure
from medsift.pipeline.pool import PoolBrokenError, fault_of, new_pool
from medsift.pipeline.spool import read_finished, read_state
from medsift.pipeline.worker import run_task, set_up
from medsift.pipeline.workspace import workspace
from medsift.sources.inputs import Input

_TASK_INPUTS = 16
_NEW_POOLS = 3
"""So many times in a row a pool that breaks without any work done is replaced."""

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
    blamed: Examined | None = None
    """What came of the one input of a task that is not to be run."""


class LocalEngine:
    """Runs inputs through worker processes.

    Parameters
    ----------
    options : ScanOptions
    task : callable
        What a worker does with its inputs and the path of its spool.
    threads : int
        Threads that one inference may use.
    """

    def __init__(
        self,
        options: ScanOptions,
        task: Callable[[Sequence[Input], Path], None] = run_task,
        threads: int = 1,
    ) -> None:
        self._options = options
        self._threads = threads
        self._run_task = task
        self._count = 0
        self._pool: Any = None
        self._folder: Path | None = None

    def run(self, items: Iterable[Input | None]) -> Iterator[Examined]:
        """Examine inputs; yields in their order. Closing the generator stops the workers.

        Parameters
        ----------
        items : iterable of Input or None
            See :func:`medsift.pipeline.scan.examine_all`; who gives None should have waited.

        Raises
        ------
        ModelError
            The model cannot be loaded.
        OutputError
            The temporary folder cannot be written.
        """
        if self._folder is not None:
            yield from self._run(self._folder, tasks_of(items))
            return
        with self.opened() as folder:
            yield from self._run(folder, tasks_of(items))
            self._pool.close()

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Keep the workers, and the model that they hold, from one run to the next."""
        with workspace() as folder:
            self._pool = self._new_pool()
            self._folder = folder
            try:
                yield folder
            finally:
                self._folder = None
                self._pool.stop()
                self._pool.join()

    def _new_pool(self) -> Any:
        prepare = partial(set_up, threads=self._threads) if self._threads > 1 else set_up
        return new_pool(self._options.worker_count, prepare, self._options)

    def _run(self, folder: Path, groups: Iterator[list[Input] | None]) -> Iterator[Examined]:
        window = _WINDOW * self._options.worker_count
        queue: deque[_Task] = deque()
        broken = 0
        while True:
            while len(queue) < window and (group := next(groups, [])):
                queue.append(self._submit(folder, group))
            if len(queue) < window and group is None and not (queue and _is_settled(queue[0])):
                continue
            if not queue:
                return
            task = queue.popleft()
            if task.blamed is not None:
                yield task.blamed
                continue
            fault = _wait(task)
            if isinstance(fault, PoolBrokenError) and broken < _NEW_POOLS:
                broken += 1
                queue.appendleft(task)
                self._start_over(queue)
                continue
            done = list(_finished(task))
            yield from done
            broken = 0 if done else broken
            if fault is None and len(done) < len(task.items):
                fault = CrashedError("what its worker had found was lost")
            if fault is not None:
                queue.extendleft(reversed(self._again(folder, task, fault)))
            task.spool.unlink(missing_ok=True)

    def _start_over(self, queue: Iterable[_Task]) -> None:
        """Replace a pool that lost its workers before they took up any work."""
        self._pool.stop()
        self._pool.join()
        self._pool = self._new_pool()
        for task in queue:
            if task.blamed is None and not _is_done(task):
                task.future = self._schedule(task.items, task.spool)

    def _submit(self, folder: Path, items: list[Input]) -> _Task:
        self._count += 1
        spool = folder / f"{self._count}.jsonl"
        return _Task(items, spool, self._schedule(items, spool))

    def _schedule(self, items: list[Input], spool: Path) -> Any:
        seconds = self._options.limits.seconds
        try:
            return self._pool.schedule(self._run_task, args=[items, spool], timeout=seconds)
        except RuntimeError:  # pebble's word for a pool that broke meanwhile
            return None

    def _again(self, folder: Path, task: _Task, fault: InputError) -> list[_Task]:
        """What is left of a lost task: inputs to run again, around the one at fault."""
        before, blamed, after = self._blame(task, fault)
        left = [self._submit(folder, before)] if before else []
        if blamed is not None:
            left.append(_Task([], task.spool, None, blamed))
        return [*left, self._submit(folder, after)] if after else left

    def _blame(
        self, task: _Task, fault: InputError
    ) -> tuple[list[Input], Examined | None, list[Input]]:
        """Split what is left of a lost task around the input at fault."""
        state = read_state(task.spool)
        alone = len(task.items) == 1
        if not alone and isinstance(fault, TimedOutError) and not self._at_fault(state.begun_at):
            return task.items[state.finished :], None, []
        at = state.finished if state.begun is None else state.begun
        if at >= len(task.items):
            return task.items[state.finished :], None, []
        item = task.items[at]
        blamed = Examined(item, [*state.outcomes, failure(item, fault)])
        return task.items[state.finished : at], blamed, task.items[at + 1 :]

    def _at_fault(self, begun_at: float | None) -> bool:
        # The time limit of a task with several inputs may run out on an innocent one: it was
        # at fault only if most of the time was its own.
        return begun_at is not None and (
            time.monotonic() - begun_at > self._options.limits.seconds / 2
        )


def tasks_of(items: Iterable[Input | None]) -> Iterator[list[Input] | None]:
    """Group inputs for the hand-over to a worker: image files together, all others alone."""
    group: list[Input] = []
    for item in items:
        if item is None:
            yield group or None
            group = []
            continue
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
    name = item.source if item.is_remote else item.path or ""
    return PurePath(name).suffix.lower() in _IMAGE_SUFFIXES


def _wait(task: _Task) -> InputError | None:
    """Wait for the end of a task; the fault that ended it early, if one did."""
    if task.future is None:
        return PoolBrokenError("its worker could not be started")
    try:
        task.future.result()
    except Exception as error:  # noqa: BLE001
        return fault_of(error)
    return None


def _is_settled(task: _Task) -> bool:
    """Whether waiting for a task takes no time."""
    return task.future is None or bool(task.future.done())


def _is_done(task: _Task) -> bool:
    future = task.future
    return future is not None and (
        future.done() and not future.cancelled() and future.exception() is None
    )


def _finished(task: _Task) -> Iterator[Examined]:
    for item, outcomes in zip(task.items, read_finished(task.spool), strict=False):
        yield Examined(item, outcomes)
