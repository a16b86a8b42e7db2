"""The process that reads pages says what it finds, and nothing else."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Picture
from medsift.sources.base import SourceOptions
from medsift.sources.pdf.apart import ATTACHED, Begun, Ended, PageJob, _unpacked
from tests.sources.pdf.test_apart import WHERE, several

PROGRAM = """
import os
from medsift.sources.pdf import apart_child, reader

whole = reader.messages

def noisy(*arguments):
    os.write(1, b"what a library prints")
    print("what Python prints", flush=True)
    yield from whole(*arguments)

reader.messages = noisy
apart_child.main()
"""


def test_what_libraries_print_is_no_message() -> None:
    job = PageJob(WHERE, DEFAULT_LIMITS, SourceOptions(), 0, False, 0)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "", "60"],
        input=pickle.dumps(job) + several(2).to_bytes(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    said = list(_unpacked(io.BytesIO(done.stdout)))
    assert [type(message) for message in said] == [Begun, Picture, Begun, Picture, Begun, Ended]
    assert [m.page for m in said if isinstance(m, Begun)] == [0, 1, ATTACHED]
    assert b"a library prints" in done.stderr
