"""The local engine: a pool of worker processes that survives the loss of any of them.

Inputs are handed out in tasks: one document each, or several image files. Each task has its own
log file. Tasks end in any order; what they found is yielded in the order of the inputs, and what
has to wait for that is told to whoever asked, so that an interruption does not lose it. What a
lost worker was at is done again, see :mod:`medsift.pipeline.losses`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from medsift.core.errors import CrashedError, InputError, MedsiftError
from medsift.pipeline.grouping import tasks_of
from medsift.pipeline.losses import Losses, lost_in_company
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcome_log import finished_count, read_finished, read_state
from medsift.pipeline.outcomes import Examined, failure
from medsift.pipeline.pool import PoolBrokenError, fault_of, new_pool
from medsift.pipeline.worker import run_task, set_up
from medsift.pipeline.workspace import workspace
from medsift.sources.inputs import Input

Ahead: TypeAlias = "Callable[[Examined], object]"
"""Is told what came of an input whose turn has not come yet."""

_NEW_POOLS = 3
"""So many times in a row a pool that breaks without any work done is replaced."""

_WINDOW = 32
"""Tasks for each worker that may be under way."""

_BEHIND = 512
"""Tasks for each worker that may be done and await the end of earlier ones."""

_PATIENCE = 0.5
"""Seconds that what is done may wait for its turn before that is told."""


@dataclass(slots=True, eq=False)
class _Task:
    """Inputs that are handed out together.

    ``future`` is None for what is not to be run: ``blamed`` is what came of its one input.
    ``pieces`` take the place of a task that was lost.
    """

    items: list[Input]
    log: Path | None = None
    future: Any = None
    losses: list[Losses] = field(default_factory=list)
    blamed: Examined | None = None
    pieces: list[_Task] | None = None
    settled_at: float | None = None
    told: bool = False
    given: int = 0
    """Inputs whose results were yielded."""

    def __post_init__(self) -> None:
        self.losses = self.losses or [Losses() for _ in self.items]

    def found(self) -> Iterator[Examined]:
        """What is known of its inputs, in their order."""
        if self.blamed is not None:
            yield self.blamed
        elif self.log is not None:
            for item, outcomes in zip(self.items, read_finished(self.log), strict=False):
                yield Examined(item, outcomes)

    def drop(self) -> None:
        """Remove its log."""
        self.told = True
        if self.log is not None:
            self.log.unlink(missing_ok=True)


class LocalEngine:
    """Runs inputs through worker processes.

    Parameters
    ----------
    options : ScanOptions
    task : callable
        What a worker does with its inputs and the path of its log.
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

    def run(
        self, items: Iterable[Input | Examined | None], ahead: Ahead | None = None
    ) -> Iterator[Examined]:
        """Examine inputs; yields in their order. Closing the generator stops the workers.

        Parameters
        ----------
        items : iterable of Input, Examined or None
            See :func:`medsift.pipeline.scan.examine_all`; who gives None should have waited.
        ahead : callable, optional
            As there.

        Raises
        ------
        ModelError
            The model cannot be loaded.
        OutputError
            The temporary folder cannot be written.
        """
        if self._folder is not None:
            yield from self._run(_Run(self, self._folder, tasks_of(items), ahead))
            return
        with self.opened() as folder:
            yield from self._run(_Run(self, folder, tasks_of(items), ahead))
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

    def _run(self, run: _Run) -> Iterator[Examined]:
        try:
            yield from run.results()
        except BaseException:
            # An interruption, or whoever asked wants no more.
            with suppress(MedsiftError):
                run.tell_all()
            raise

    def submit(self, folder: Path, items: list[Input], losses: list[Losses]) -> _Task:
        """Hand out inputs."""
        self._count += 1
        task = _Task(items, folder / f"{self._count}.jsonl", losses=losses)
        self.schedule(task)
        return task

    def schedule(self, task: _Task) -> None:
        """Hand out a task, perhaps once more."""
        seconds = self._options.limits.seconds
        try:
            task.future = self._pool.schedule(
                self._run_task, args=[task.items, task.log], timeout=seconds
            )
        except RuntimeError:  # pebble's word for a pool that broke meanwhile
            task.future = None

    def start_over(self) -> None:
        """Replace a pool that lost its workers before they took up any work."""
        self._pool.stop()
        self._pool.join()
        self._pool = self._new_pool()

    @property
    def worker_count(self) -> int:
        """Worker processes."""
        return self._options.worker_count


class _Run:
    """Inputs on their way through the workers of an engine.

    Parameters
    ----------
    engine : LocalEngine
    folder : Path
        For logs.
    groups : iterator
        As :func:`tasks_of` gives them.
    ahead : callable or None
    """

    def __init__(
        self,
        engine: LocalEngine,
        folder: Path,
        groups: Iterator[list[Input] | Examined | None],
        ahead: Ahead | None,
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._groups = groups
        self._ahead = ahead
        self._queue: deque[_Task] = deque()
        self._running: list[_Task] = []
        self._settled: deque[_Task] = deque()
        self._exhausted = False
        self._broken = 0

    def results(self) -> Iterator[Examined]:
        """Yield what is found, in the order of the inputs."""
        while True:
            has_waited = self._fill()
            self._settle()
            yield from self._in_turn()
            self._tell_ahead()
            if self._exhausted and not self._queue:
                return
            if not has_waited and self._running:
                futures = [task.future for task in self._running if task.future is not None]
                wait(futures, timeout=_PATIENCE, return_when=FIRST_COMPLETED)

    def tell_all(self) -> None:
        """Tell what is done, also of tasks that are not, before all is lost."""
        stack = list(self._queue)
        while self._ahead is not None and stack:
            task = stack.pop(0)
            if task.pieces is not None:
                stack[:0] = task.pieces
            elif not task.told:
                self._tell(task)

    def _fill(self) -> bool:
        """Hand out inputs as long as there is room; whether there were none just now."""
        workers = self._engine.worker_count
        while (
            not self._exhausted
            and len(self._running) < _WINDOW * workers
            and len(self._queue) < _BEHIND * workers
        ):
            group = next(self._groups, [])
            if group is None:
                return True
            if isinstance(group, Examined):
                task = _Task([], blamed=group, settled_at=time.monotonic(), told=True)
            elif group:
                task = self._engine.submit(self._folder, group, [])
                self._running.append(task)
            else:
                self._exhausted = True
                return False
            self._queue.append(task)
        return False

    def _settle(self) -> None:
        """Take note of tasks that have ended, well or not."""
        for task in list(self._running):
            if task.future is not None and not task.future.done():
                continue
            fault = _fault(task)
            if isinstance(fault, PoolBrokenError) and self._broken < _NEW_POOLS:
                self._broken += 1
                self._engine.start_over()
                for other in self._running:
                    if not _is_done(other):
                        self._engine.schedule(other)
                return
            self._running.remove(task)
            done = finished_count(task.log) if task.log else 0
            self._broken = 0 if done else self._broken
            if fault is None and done < len(task.items):
                fault = CrashedError("what its worker had found was lost")
            if fault is None:
                self._mark(task)
            else:
                task.pieces = list(self._pieces(task, fault))

    def _mark(self, task: _Task) -> _Task:
        task.settled_at = time.monotonic()
        self._settled.append(task)
        return task

    def _pieces(self, task: _Task, fault: InputError) -> Iterator[_Task]:
        """What becomes of a lost task: what was finished, what is blamed, and what is run again."""
        if task.log is None:
            return
        state = read_state(task.log)
        done = state.finished
        left, losses = task.items[done:], task.losses[done:]
        if done:
            yield self._mark(_Task(task.items[:done], task.log))
        if isinstance(fault, PoolBrokenError):
            for item in left:
                yield self._mark(_Task([item], blamed=Examined(item, [failure(item, fault)])))
            return
        if len(task.items) == 1 and left:
            if losses[0].blamed(fault):
                found = [*state.outcomes, failure(left[0], fault)]
                yield self._mark(_Task(left, blamed=Examined(left[0], found)))
            else:
                yield self._again(left, losses)
        else:
            suspect = None if state.begun is None else state.begun - done
            for group in lost_in_company(losses, suspect):
                yield self._again([left[at] for at in group], [losses[at] for at in group])
        if not done:
            task.log.unlink(missing_ok=True)

    def _again(self, items: list[Input], losses: list[Losses]) -> _Task:
        task = self._engine.submit(self._folder, items, losses)
        self._running.append(task)
        return task

    def _in_turn(self) -> Iterator[Examined]:
        while self._queue:
            task = self._queue[0]
            if task.pieces is not None:
                self._queue.popleft()
                self._queue.extendleft(reversed(task.pieces))
            elif task.settled_at is not None:
                for examined in task.found():
                    task.given += 1
                    yield examined
                self._queue.popleft()
                task.drop()
            else:
                return

    def _tell_ahead(self) -> None:
        late = time.monotonic() - _PATIENCE
        while self._settled and (self._settled[0].settled_at or 0.0) < late:
            task = self._settled.popleft()
            if self._ahead is not None and not task.told:
                self._tell(task)

    def _tell(self, task: _Task) -> None:
        task.told = True
        for examined in islice(task.found(), task.given, None):
            if self._ahead is not None:
                self._ahead(examined)


def _fault(task: _Task) -> InputError | None:
    """The fault that ended a task early, if one did."""
    if task.future is None:
        return PoolBrokenError("its worker could not be started")
    try:
        task.future.result()
    except Exception as error:  # noqa: BLE001
        return fault_of(error)
    return None


def _is_done(task: _Task) -> bool:
    future = task.future
    return future is not None and (
        future.done() and not future.cancelled() and future.exception() is None
    )
