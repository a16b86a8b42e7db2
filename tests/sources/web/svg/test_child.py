"""The process that renders a drawing has no rights."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("resource")

PROGRAM = """
import resource, sys
from medsift.sources.web.svg.child import _give_up_rights

kept = open(sys.argv[1], encoding="utf-8")
_give_up_rights()
try:
    open(sys.argv[1], encoding="utf-8")
except OSError:
    print("refused")
print(kept.readline().strip())
print(resource.getrlimit(resource.RLIMIT_CPU)[0], resource.getrlimit(resource.RLIMIT_CORE)[0])
try:
    bytearray(2 << 30)
except MemoryError:
    print("too much")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the address space has no bound")
def test_it_opens_nothing_any_more_and_has_little_time_and_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, __file__],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    first = '"""The process that renders a drawing has no rights."""'
    assert done.stdout.splitlines() == ["refused", first, "10 0", "too much"]
