"""Tasks for worker processes that crash, hang or run out of memory on inputs of that name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from medsift.core.record import Record
from medsift.pipeline.outcomes import Outcome
from medsift.pipeline.spool import SpoolWriter
from medsift.sources.inputs import Input


def task(items: Sequence[Input], spool: Path) -> None:
    """Give each input one record, except where its name says otherwise."""
    with SpoolWriter(spool) as writer:
        for position, item in enumerate(items):
            writer.begin(position)
            if "found-first" in item.source:
                writer.add(Outcome(Record(source=item.source, locator="before")))
            if "crash" in item.source:
                os.kill(os.getpid(), signal.SIGSEGV)
            if "hang" in item.source:
                time.sleep(60)
            if "memory" in item.source:
                raise MemoryError
            writer.add(Outcome(Record(source=item.source, locator=str(os.getpid()))))
            writer.end(position)
