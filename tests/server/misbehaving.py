"""A task for worker processes that crashes, hangs or dies on inputs of that name."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from medsift.core.record import Record
from medsift.pipeline.outcome_log import OutcomeWriter
from medsift.pipeline.outcomes import Outcome
from medsift.sources.inputs import Input


def task(items: Sequence[Input], log: Path) -> None:
    """Give each input one record, except where its name says otherwise.

    As with the real task, records come after the inputs of their batch were read.
    """
    batch = ",".join(item.source for item in items)
    with OutcomeWriter(log) as writer:
        for position, item in enumerate(items):
            writer.begin(position)
            if "found-first" in item.source:
                writer.add(Outcome(Record(source=item.source, locator="before")), position)
            _misbehave(item.source)
        for position, item in enumerate(items):
            record = Record(source=item.source, locator=batch, index=os.getpid())
            writer.add(Outcome(record), position)
            writer.end(position)


def _misbehave(name: str) -> None:
    if "once" in name:
        marker = Path(os.environ["MEDSIFT_TEST_MARKER"])
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return
    if "crash" in name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "killed" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in name:
        time.sleep(60)
    if "slow" in name:
        time.sleep(0.5)
    if "memory" in name:
        raise MemoryError
    if "full-disk" in name:
        raise OSError(errno.ENOSPC, "No space left on device")
    if "unforeseen" in name:
        raise LookupError("a fault of some library")
