"""What a worker process sets up for itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
