"""A real process is killed for real, again and again, and resumed each time."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from medsift.report.writers import read_rows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")

INPUTS = 120
KILLS = 20
NAMES = ("out.csv", "out.jsonl", "out.parquet")
CHILD = textwrap.dedent(
    """
    import sys, time
    from medsift.core.record import Record
    from medsift.report.opening import Opening
    from medsift.report.outputs import open_outputs

    folder, count, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    names = sys.argv[4:]
    RESUME = Opening("resume")
    with open_outputs([f"{folder}/{name}" for name in names], RESUME) as outputs:
        print("begun", flush=True)
        for number in range(count):
            key = f"input {number}"
            if list(outputs.recall(key, "web")):
                continue
            for index in range(number % 5):
                outputs.write(Record(source=key, index=index, error="x" * (number * 37 % 3000)))
                time.sleep(pause / 5)
            outputs.complete(key, "web")
            print(key, flush=True)
            time.sleep(pause)
    """
)


def start(folder: Path, pause: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), str(INPUTS), str(pause), *NAMES],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_scan_killed_at_random_moments_ends_up_as_if_undisturbed(tmp_path: Path) -> None:
    rng = random.Random(20)
    reported: list[str] = []
    for _ in range(KILLS):
        with start(tmp_path, 0.008) as child:
            assert child.stdout
            # The first line comes when the outputs are open; some kills come before it.
            if rng.random() < 0.8:
                child.stdout.readline()
                time.sleep(rng.uniform(0, 0.03))
            else:
                time.sleep(rng.uniform(0, 0.2))
            child.kill()
            reported += [line.strip() for line in child.stdout if line.startswith("input")]
    assert 0 < len(reported) < INPUTS
    with start(tmp_path, 0.0) as child:
        assert child.stdout
        reported += [line.strip() for line in child.stdout if line.startswith("input")]
    assert child.returncode == 0
    assert len(reported) == len(set(reported)), "an input was done twice"
    expected = [(f"input {n}", i) for n in range(INPUTS) for i in range(n % 5)]
    for name in NAMES:
        found = [(row["source"], row["index"]) for row in read_rows(tmp_path / name)]
        assert found == expected, name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*NAMES, "out.csv.journal"])
