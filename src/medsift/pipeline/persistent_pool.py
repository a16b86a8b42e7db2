"""Workers that stay between scans, for programs that serve people: the model is loaded once.

Work is handed out by the input, and what comes of it can be read while it is under way. Work
that is stopped, takes too long or crashes costs its own worker process, which is replaced.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from medsift.core.errors import CrashedError, InputError
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcome_log import OutcomeTail, OutcomeWriter
from medsift.pipeline.outcomes import Outcome
from medsift.pipeline.pool import PoolBrokenError, fault_of, new_pool
from medsift.pipeline.worker import bound_memory, set_up
from medsift.sources.inputs import Input

if TYPE_CHECKING:
    from medsift.classify import Classifier

_Answer = TypeVar("_Answer")


@dataclass(slots=True, eq=False)
class Work:
    """One input that a worker examines, has examined, or will.

    Attributes
    ----------
    item : Input
    log : Path
        Where the worker writes down what it finds.
    """

    item: Input
    log: Path
    _future: Any
    _tail: OutcomeTail = field(init=False)

    def __post_init__(self) -> None:
        self._tail = OutcomeTail(self.log)

    @property
    def is_begun(self) -> bool:
        """Whether a worker has taken it up."""
        return self.log.exists()

    @property
    def is_over(self) -> bool:
        """Whether no more will come of it."""
        return self._future is None or bool(self._future.done())

    def fresh(self) -> list[Outcome]:
        """Outcomes that were reached since the last call; ask once more when it is over."""
        return self._tail.new_outcomes()

    def fault(self) -> InputError | None:
        """Wait for the end; what ended it early, if something did.

        Raises
        ------
        MedsiftError
            Not the input but the model or the temporary folder is at fault.
        """
        if self._future is None:
            return PoolBrokenError("its worker could not be started")
        return _fault(self._future)

    def stop(self) -> None:
        """End it now; what was found so far stays readable."""
        if self._future is not None:
            self._future.cancel()


class PersistentPool:
    """Worker processes that keep their model; may be used from several threads.

    Parameters
    ----------
    options : ScanOptions
        ``workers`` and ``limits`` hold for all work, the rest for none: each piece of work has
        options of its own.
    """

    def __init__(self, options: ScanOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._pool: Any = None
        self._closed = False

    def examine(self, item: Input, log: Path, options: ScanOptions) -> Work:
        """Have one input examined."""
        return Work(item, log, self._schedule(_examine, item, log, options))

    def call(self, function: Callable[..., _Answer], *arguments: object) -> _Answer:
        """Run a function of a module in a worker, and wait for what it returns.

        Raises
        ------
        InputError
            It raised that, took too long, or its worker died.
        MedsiftError
            It raised that.
        """
        future = self._schedule(function, *arguments)
        if future is None:
            raise PoolBrokenError("no worker could be started")
        if fault := _fault(future):
            raise fault
        answer: _Answer = future.result()
        return answer

    def close(self) -> None:
        """End all workers at once."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def _schedule(self, function: Callable[..., object], *arguments: object) -> Any:
        seconds = self._options.limits.seconds
        try:
            return self._running_pool().schedule(function, args=arguments, timeout=seconds)
        except RuntimeError:  # pebble's word for a pool that broke meanwhile
            return None

    def _running_pool(self) -> Any:
        with self._lock:
            if self._closed:
                raise CrashedError("the program is closing")
            if self._pool is None or not self._pool.active:
                self._pool = new_pool(self._options.worker_count, set_up, self._options)
            return self._pool


def classifier_of(model: str, threshold: float | None = None, tta: bool = False) -> Classifier:
    """The classifier of the process that this runs in, loaded once."""
    return _classifier(model, threshold, tta)


@functools.lru_cache(maxsize=4)
def _classifier(model: str, threshold: float | None, tta: bool) -> Classifier:
    from medsift.classify import Classifier

    return Classifier(model, threshold=threshold, tta=tta)


@functools.cache
def _bound_once(memory_bytes: int) -> None:
    # What later work leaves in use must not widen the bound, nor narrow it.
    bound_memory(memory_bytes)


def _examine(item: Input, log: Path, options: ScanOptions) -> None:
    from medsift.pipeline.examine import Examiner

    classifier = classifier_of(options.model, options.threshold, options.tta)
    _bound_once(options.limits.memory_bytes)
    examiner = Examiner(options, classifier=classifier, notes=log.parent / "notes")
    with OutcomeWriter(log) as writer:
        writer.begin(0)
        for outcome in examiner.examine(item):
            writer.add(outcome, 0)
        writer.end(0)


def _fault(future: Any) -> InputError | None:
    """Wait for the end of a task; what ended it early, if something did."""
    try:
        future.result()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001
        return fault_of(error)
    return None
