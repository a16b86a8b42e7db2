"""Tasks for worker processes that crash, hang or run out of memory on inputs of that name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from medsift.core.errors import OutputError
from medsift.core.record import Record
from medsift.pipeline.outcome_log import OutcomeWriter
from medsift.pipeline.outcomes import Outcome
from medsift.sources.inputs import Input

SLOW_SECONDS = 1.5


def task(items: Sequence[Input], log: Path) -> None:  # noqa: C901  one line a fault
    """Give each input one record, except where its name says otherwise."""
    with OutcomeWriter(log) as writer:
        for position, item in enumerate(items):
            writer.begin(position)
            if "found-first" in item.source:
                writer.add(Outcome(Record(source=item.source, locator="before")), position)
            if "crash" in item.source:
                os.kill(os.getpid(), signal.SIGSEGV)
            if "hang" in item.source:
                time.sleep(60)
            if "slow" in item.source:
                time.sleep(SLOW_SECONDS)
            if "killed-twice" in item.source and counted() <= 2:
                os.kill(os.getpid(), signal.SIGKILL)
            if "memory" in item.source:
                raise MemoryError
            if "unforeseen" in item.source:
                raise LookupError("a fault of some library")
            if "full-disk" in item.source:
                raise OutputError("cannot write to the temporary folder")
            if "silent" in item.source:
                return
            writer.add(Outcome(Record(source=item.source, locator=str(os.getpid()))), position)
            writer.end(position)


def counted() -> int:
    """How often this was called, in all processes together."""
    path = Path(os.environ["MEDSIFT_TEST_MARKER"])
    with path.open("ab") as stream:
        stream.write(b".")
        return stream.tell()


def die_at_some_starts(_options: object) -> None:
    """Set up a worker, but kill the first three that try, and the fifth."""
    if counted() in {1, 2, 3, 5}:
        os.kill(os.getpid(), signal.SIGKILL)


def die_at_first_start(_options: object) -> None:
    """Set up a worker, but kill the first that tries; a file remembers that it was tried."""
    marker = Path(os.environ["MEDSIFT_TEST_MARKER"])
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_every_start(_options: object) -> None:
    """Set up no worker at all."""
    os.kill(os.getpid(), signal.SIGKILL)


def task_in_batches(items: Sequence[Input], log: Path) -> None:
    """As :func:`task`, but finish the inputs three at a time, as those that share a batch."""
    with OutcomeWriter(log) as writer:
        waiting: list[int] = []
        for position, item in enumerate(items):
            writer.begin(position)
            if "crash" in item.source:
                os.kill(os.getpid(), signal.SIGSEGV)
            waiting.append(position)
            if len(waiting) < 3 and position + 1 < len(items):
                continue
            for done in waiting:
                writer.add(Outcome(Record(source=items[done].source)), done)
                writer.end(done)
            waiting = []
