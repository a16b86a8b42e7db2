"""A job: inputs that are worked on in the background while their user looks on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from medsift.core.errors import InputError, MedsiftError
from medsift.core.record import Record
from medsift.pipeline.losses import Losses
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Outcome, failure
from medsift.pipeline.persistent_pool import PersistentPool, Work
from medsift.pipeline.pool import PoolBrokenError
from medsift.sources.inputs import Input

State: TypeAlias = Literal["waiting", "working", "done", "stopped"]

_POLL_SECONDS = 0.1
_TRIES = 3
_UNDER_WAY = 4
"""Inputs that one job has with the workers at a time, so that other users get their turn."""


@dataclass(slots=True, eq=False)
class Progress:
    """How far the work on one input is.

    Attributes
    ----------
    item : Input
    number : int
        Order among all inputs of the user, from 0.
    state : {"waiting", "working", "done", "stopped"}
    pages : int
        Pages of the document, 0 where it has none or they are not known.
    page : int
        Page that the last picture was found on.
    pictures : int
        Pictures found so far.
    """

    item: Input
    number: int
    state: State = "waiting"
    pages: int = 0
    page: int = 0
    pictures: int = 0
    tries: int = field(default=0, repr=False)
    losses: Losses = field(default_factory=Losses, repr=False)
    told: int = field(default=0, repr=False)
    known: int = field(default=0, repr=False)
    """Outcomes of an attempt that was lost: the next one gives them again, in the same order."""


class ScanJob:
    """Feeds inputs to workers and collects what they find, in a thread of its own.

    Parameters
    ----------
    pool : PersistentPool
    options : ScanOptions
    inputs : sequence of Progress
    folder : Path
        For logs.
    found : callable
        Takes each outcome with the progress of its input; called in the job's thread.
    count_pages : callable
        Gives the pages of a document, or raises an :class:`InputError`.
    """

    def __init__(
        self,
        pool: PersistentPool,
        options: ScanOptions,
        inputs: Sequence[Progress],
        folder: Path,
        found: Callable[[Progress, Outcome], None],
        count_pages: Callable[[Path], int],
    ) -> None:
        self.inputs = tuple(inputs)
        self.fault = ""
        """What ended the whole job early: a sentence, empty where nothing did."""
        self._pool = pool
        self._options = options
        self._folder = folder
        self._found = found
        self._count_pages = count_pages
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="medsift-job", daemon=True)
        self._logs = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it now; what was found stays."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; whether it came in time."""
        self._thread.join(seconds)
        return not self.is_running

    @property
    def is_running(self) -> bool:
        """Whether more may be found."""
        return self._thread.is_alive()

    @property
    def done(self) -> int:
        """Inputs that nothing more will come of."""
        return sum(each.state in ("done", "stopped") for each in self.inputs)

    @property
    def share(self) -> float:
        """Part of the work that is done, 0 to 1, as far as it is known."""
        if not self.inputs:
            return 1.0
        parts = (
            min(0.99, each.page / each.pages) if each.pages and each.state == "working" else 0.0
            for each in self.inputs
        )
        return min(1.0, (self.done + sum(parts)) / len(self.inputs))

    def _run(self) -> None:
        waiting = deque(self.inputs)
        running: list[tuple[Progress, Work]] = []
        try:
            while (waiting or running) and not self._stop.is_set():
                while waiting and len(running) < _UNDER_WAY:
                    running.append(self._begin(waiting.popleft()))
                running = [pair for pair in running if not self._advance(*pair, waiting)]
                self._stop.wait(_POLL_SECONDS if running else 0)
        except MedsiftError as error:
            self.fault = str(error)
        finally:
            for progress, work in running:
                work.stop()
                self._collect(progress, work)
            for progress in self.inputs:
                if progress.state in ("waiting", "working"):
                    progress.state = "stopped"

    def _begin(self, progress: Progress) -> tuple[Progress, Work]:
        self._logs += 1
        progress.tries += 1
        log = self._folder / f"{time.monotonic_ns()}-{self._logs}.jsonl"
        item = progress.item
        return progress, self._pool.examine(item, log, self._options)

    def _advance(self, progress: Progress, work: Work, waiting: deque[Progress]) -> bool:
        """Take in what is new; whether the input is finished."""
        over = work.is_over
        if progress.state == "waiting" and work.is_begun:
            progress.state = "working"
            self._look_ahead(progress)
        self._collect(progress, work)
        if not over:
            return False
        fault = work.fault()
        work.log.unlink(missing_ok=True)
        if isinstance(fault, PoolBrokenError) and progress.tries < _TRIES:
            waiting.appendleft(progress)
            return True
        is_lost = fault is not None and not isinstance(fault, PoolBrokenError)
        if fault is not None and is_lost and not progress.losses.blamed(fault):
            progress.known = progress.told
            waiting.appendleft(progress)
            return True
        if fault is not None:
            self._found(progress, failure(progress.item, fault))
        progress.state = "done"
        return True

    def _collect(self, progress: Progress, work: Work) -> None:
        for outcome in work.fresh():
            if progress.known:
                progress.known -= 1
                continue
            progress.told += 1
            record = outcome.record
            progress.page = max(progress.page, record.page or 0)
            progress.pictures += is_picture(record) and record.panel is None
            self._found(progress, outcome)

    def _look_ahead(self, progress: Progress) -> None:
        """Find out how long a document is, beside the work on it."""
        path = progress.item.path
        if path is None or path.suffix.lower() != ".pdf":
            return

        def count() -> None:
            with suppress(InputError, MedsiftError):
                progress.pages = self._count_pages(path)

        threading.Thread(target=count, name="medsift-pages", daemon=True).start()


def is_picture(record: Record) -> bool:
    """Whether a record is of a picture with a verdict."""
    return record.status == "ok" and bool(record.label)
