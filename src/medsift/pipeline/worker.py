"""What runs inside a worker process: set up once, then task after task."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcome_log import OutcomeWriter
from medsift.sources.inputs import Input

if TYPE_CHECKING:
    from medsift.pipeline.examine import Examiner


class _State:
    """What a worker keeps between tasks."""

    options: ScanOptions
    threads: int
    examiner: Examiner | None = None


def set_up(options: ScanOptions, threads: int = 1) -> None:
    """Prepare the process; the model is loaded by the first task, which can report a fault."""
    # An interrupt at the terminal reaches all processes; only the parent shall answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    silence_libraries()
    _State.options, _State.threads = options, threads


def run_task(items: Sequence[Input], log: Path) -> None:
    """Examine inputs one after the other and write down what comes of them."""
    examiner = _examiner(log.parent)
    with OutcomeWriter(log) as writer:
        for position, outcome in examiner.examine_all(items, writer.begin):
            if outcome is None:
                writer.end(position)
            else:
                writer.add(outcome, position)


def _examiner(folder: Path) -> Examiner:
    if _State.examiner is None:
        # Here and not above: the parent, which never classifies, imports this module, too.
        from medsift.pipeline.examine import Examiner

        # The workers of a scan agree in its folder on who speaks to which host.
        web = replace(_State.options.web, hosts=folder / "hosts")
        options = replace(_State.options, web=web)
        _State.examiner = Examiner(options, _State.threads, notes=folder / "notes")
        bound_memory(_State.options.limits.memory_bytes)
    return _State.examiner


def silence_libraries() -> None:
    """Send what C libraries print about damaged files nowhere; records say what matters."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def bound_memory(extra: int) -> None:
    """Bound the address space to what is in use now plus ``extra`` bytes, where possible."""
    if not extra:
        return
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        return  # Neither Windows nor macOS can tell or bound it this way.
    wanted = pages * resource.getpagesize() + extra
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
