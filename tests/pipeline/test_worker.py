"""What a worker process sets up for itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import picture

PROGRAM = """
from medsift.pipeline.worker import bound_memory
bound_memory({bound})
try:
    block = bytearray({size})
except MemoryError:
    print("refused")
else:
    print("granted")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and bounds address space")
@pytest.mark.parametrize(
    ("bound", "size", "answer"),
    [(64 << 20, 256 << 20, "refused"), (512 << 20, 256 << 20, "granted"), (0, 1 << 20, "granted")],
)
def test_memory_is_bounded_beyond_what_is_in_use(bound: int, size: int, answer: str) -> None:
    program = PROGRAM.format(bound=bound, size=size)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout.strip(), done.returncode) == (answer, 0)


WORKER = """
import sys
from pathlib import Path
from medsift.core.limits import Limits
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.worker import run_task, set_up
from medsift.sources.inputs import Input

picture, spool = map(Path, sys.argv[1:])
set_up(ScanOptions(model="fast", limits=Limits(memory_bytes={bound})))
run_task([Input("a", path=picture)], spool)
try:
    block = bytearray({size})
except MemoryError:
    print("refused")
else:
    print("granted")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and bounds address space")
@pytest.mark.parametrize(("bound", "answer"), [(256 << 20, "refused"), (0, "granted")])
def test_a_worker_is_bounded_as_the_limits_say(tmp_path: Path, bound: int, answer: str) -> None:
    picture(1).save(tmp_path / "a.png")
    program = WORKER.format(bound=bound, size=512 << 20)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.png"), str(tmp_path / "1.jsonl")],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == (answer, 0)
