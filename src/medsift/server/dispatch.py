"""Inputs of all requests on their way to the workers, small pictures several at a time.

Batches are formed without waiting: a worker that becomes free takes what has come in meanwhile.
So a single request is never held back for company, and the more there is to do, the larger the
batches are. Documents go one at a time and never to all workers, so that pictures get through.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import TypeAlias

from medsift.core.errors import CrashedError, InputError
from medsift.core.record import Record
from medsift.pipeline.losses import Losses, lost_in_company
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcome_log import OutcomeTail, read_finished, read_state
from medsift.pipeline.outcomes import failure
from medsift.pipeline.worker import run_task
from medsift.server.logs import event, places
from medsift.server.metrics import Metrics
from medsift.server.problems import StorageFullError
from medsift.server.worker_process import Task, WorkerProcess
from medsift.sources.inputs import Input

Sink: TypeAlias = "asyncio.Queue[tuple[int, Record | None]]"
"""Where records go, with the position of their input; None is the end of an input."""

_LOST = "what its worker had found was lost"


@dataclass(slots=True, eq=False)
class InputJob:
    """One input of a request.

    Attributes
    ----------
    item : Input
    light : bool
        Whether it may be handed out together with others.
    position : int
        Of the input in its request.
    sink : asyncio.Queue
        Of the request.
    """

    item: Input
    light: bool
    position: int
    sink: Sink
    number: int = 0
    losses: Losses = field(default_factory=Losses)
    told: int = 0
    dropped: bool = False

    def drop(self) -> None:
        """Nobody waits for it any more."""
        self.dropped = True

    def tell(self, record: Record) -> None:
        """Give a record."""
        self.told += 1
        self.sink.put_nowait((self.position, record))

    def end(self, fault: InputError | None = None) -> None:
        """There are no more records, but for one that tells the fault."""
        if fault is not None:
            self.tell(failure(self.item, fault).record)
        self.sink.put_nowait((self.position, None))


class Dispatcher:
    """Hands jobs to workers.

    Parameters
    ----------
    options : ScanOptions
    batch : int
        Most light jobs that a worker is handed at once.
    folder : Path
        For the logs of the workers.
    metrics : Metrics
    task : callable
        What a worker does with inputs.
    """

    def __init__(
        self,
        options: ScanOptions,
        batch: int,
        folder: Path,
        metrics: Metrics,
        task: Task = run_task,
    ) -> None:
        self.workers = [WorkerProcess(options) for _ in range(options.worker_count)]
        self._batch = batch
        self._folder = folder
        self._metrics = metrics
        self._task = task
        self._light: deque[InputJob] = deque()
        self._heavy: deque[InputJob] = deque()
        self._heavy_at_once = max(1, len(self.workers) - 1)
        self._heavy_running = 0
        self._numbers = count(1)
        self._changed = asyncio.Condition()
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the workers and wait until they have loaded the model.

        Raises
        ------
        MedsiftError
            The model cannot be loaded.
        """
        logs = [self._log() for _ in self.workers]
        warm = [w.warm_up(self._task, s) for w, s in zip(self.workers, logs, strict=True)]
        try:
            await asyncio.gather(*warm)
        except BaseException:
            await self.stop()
            raise
        for log in logs:
            log.unlink(missing_ok=True)
        self._loops = [asyncio.create_task(self._serve(worker)) for worker in self.workers]

    async def stop(self) -> None:
        """Stop the workers; what is under way is lost, so requests come to their end before."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    @property
    def ready(self) -> bool:
        """Whether there is a worker that has the model."""
        loops_alive = bool(self._loops) and not all(loop.done() for loop in self._loops)
        return loops_alive and any(worker.ready for worker in self.workers)

    @property
    def waiting(self) -> int:
        """Jobs that no worker has taken yet."""
        return len(self._light) + len(self._heavy)

    async def submit(self, job: InputJob) -> None:
        """Line up a job."""
        job.number = next(self._numbers)
        (self._light if job.light else self._heavy).append(job)
        async with self._changed:
            self._changed.notify()

    async def _serve(self, worker: WorkerProcess) -> None:
        while True:
            async with self._changed:
                while not (jobs := self._take()):
                    await self._changed.wait()
            try:
                await self._do(worker, jobs)
            except Exception as error:  # noqa: BLE001
                # Whatever went wrong, nobody shall wait for ever, and the loop goes on.
                event("work_failed", logging.ERROR, error=type(error).__name__, at=places(error))
                for job in jobs:
                    job.end(CrashedError("the service failed unexpectedly"))

    async def _do(self, worker: WorkerProcess, jobs: list[InputJob]) -> None:
        if jobs[0].light:
            await self._do_light(worker, jobs)
            return
        self._heavy_running += 1
        try:
            await self._do_heavy(worker, jobs[0])
        finally:
            self._heavy_running -= 1
            await self._wake()  # another document may be taken now

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _take(self) -> list[InputJob]:
        """The jobs for a worker that is free: whichever lane has waited longest."""
        for lane in (self._light, self._heavy):
            while lane and lane[0].dropped:
                lane.popleft()
        heavy = bool(self._heavy) and self._heavy_running < self._heavy_at_once
        if heavy and (not self._light or self._heavy[0].number < self._light[0].number):
            return [self._heavy.popleft()]
        return list(islice(self._companions(), self._batch))

    def _companions(self) -> Iterator[InputJob]:
        company = False
        while self._light:
            if self._light[0].losses.needs_solitude and company:
                return
            job = self._light.popleft()
            if not job.dropped:
                company = True
                yield job
                if job.losses.needs_solitude:
                    return

    async def _do_light(self, worker: WorkerProcess, jobs: list[InputJob]) -> None:
        log = self._log()
        self._metrics.batch.observe(len(jobs))
        try:
            fault = await worker.run(self._task, [job.item for job in jobs], log)
            left = deque(jobs)
            for outcomes in read_finished(log):
                job = left.popleft()
                for outcome in outcomes:
                    job.tell(outcome.record)
                job.end()
            begun = read_state(log).begun if left else None
        finally:
            log.unlink(missing_ok=True)
        if left:
            fault = fault or CrashedError(_LOST)
            self._metrics.losses.labels(fault.code).inc()
            suspect = None if begun is None else begun - (len(jobs) - len(left))
            await self._again(list(left), suspect, fault, in_company=len(jobs) > 1)

    async def _again(
        self, left: list[InputJob], suspect: int | None, fault: InputError, in_company: bool
    ) -> None:
        """Hand out again what came to no end, as :mod:`medsift.pipeline.losses` has it."""
        if in_company and not isinstance(fault, StorageFullError):
            lost_in_company([job.losses for job in left], suspect)
            retried = left
        else:
            retried = []
            for job in left:
                if isinstance(fault, StorageFullError) or job.losses.blamed(fault):
                    job.end(fault)
                else:
                    retried.append(job)
        self._light.extendleft(reversed(retried))
        await self._wake()

    async def _do_heavy(self, worker: WorkerProcess, job: InputJob) -> None:
        log = self._log()
        tail = OutcomeTail(log)
        fault: InputError | None = None
        # Records of an input come in the same order each time: those told before are not new.
        known = job.told
        try:
            async with aclosing(worker.watch(self._task, [job.item], log)) as looks:
                async for look in looks:
                    if job.dropped:
                        return
                    fault = look
                    known = _tell_new(job, tail, known)
            _tell_new(job, tail, known)
        finally:
            log.unlink(missing_ok=True)
        if fault is None and tail.finished:
            job.end()
            return
        fault = fault or CrashedError(_LOST)
        self._metrics.losses.labels(fault.code).inc()
        if job.losses.blamed(fault):
            job.end(fault)
        else:
            self._heavy.appendleft(job)

    def _log(self) -> Path:
        return self._folder / f"{next(self._numbers)}.jsonl"


def _tell_new(job: InputJob, tail: OutcomeTail, known: int) -> int:
    """Give what came in, but for the first ``known`` records; how many of those are left."""
    outcomes = tail.new_outcomes()
    for outcome in outcomes[known:]:
        job.tell(outcome.record)
    return max(0, known - len(outcomes))
