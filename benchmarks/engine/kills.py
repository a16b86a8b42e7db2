"""Kill scans at random moments, resume each, and compare with one that nobody disturbed.

    python benchmarks/engine/kills.py [--kills 200] [--seed 1]

Pictures, documents and damaged files are scanned into CSV, JSONL and Parquet at once. Again and
again the scan is killed (SIGKILL) at a random moment, sometimes alone, sometimes with its workers,
and resumed; when one gets to its end, its outputs are compared with the undisturbed ones, row by
row, all fields but the time taken, and the next begins. Ends with 1 if anything differs, an input
that was noted as done is done again, or a worker outlives its scan.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pictures
from PIL import Image

from medsift.report.writers import read_rows

NAMES = ("out.csv", "out.jsonl", "out.parquet")
PICTURES = 120
DOCUMENTS = 12
_MORE_PATIENCE = 1.3


@dataclass(slots=True)
class Tally:
    """What happened.

    Attributes
    ----------
    kills : int
    finished : int
        Scans that came to their end.
    faults : list of str
    further : int
        Kills before which a scan had got further than before.
    """

    kills: int = 0
    finished: int = 0
    faults: list[str] = field(default_factory=list)
    further: int = 0


def main() -> int:
    """Kill, resume and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as place:
        inputs, calm = Path(place) / "inputs", Path(place) / "calm"
        write_inputs(inputs)
        calm.mkdir()
        started = time.monotonic()
        scan(inputs, calm, arguments.workers).wait()
        seconds = time.monotonic() - started
        expected = [rows(calm / name) for name in NAMES]
        sys.stderr.write(f"undisturbed: {len(expected[0])} records in {seconds:.1f} s\n")
        while tally.kills < arguments.kills:
            folder = Path(place) / f"round {tally.finished}"
            folder.mkdir()
            one_round(inputs, folder, arguments, rng, seconds, tally)
            for name, records in zip(NAMES, expected, strict=True):
                if rows(folder / name) != records:
                    tally.faults.append(f"{folder.name}: {name} differs")
            left = sorted(path.name for path in folder.iterdir())
            if left != sorted([*NAMES, "out.csv.journal"]):
                tally.faults.append(f"{folder.name}: holds {left}")
            tally.finished += 1
            sys.stderr.write(f"{tally.kills} kills, {tally.finished} scans finished\n")
    sys.stdout.write(
        f"{tally.kills} kills, {tally.finished} scans of {PICTURES + DOCUMENTS + 2} inputs and "
        f"{len(expected[0])} records brought to their end, {len(tally.faults)} faults\n"
        f"kills after which more inputs were done than before: {tally.further}\n"
    )
    for fault in tally.faults:
        sys.stdout.write(fault + "\n")
    return 1 if tally.faults else 0


def one_round(
    inputs: Path,
    folder: Path,
    arguments: argparse.Namespace,
    rng: random.Random,
    seconds: float,
    tally: Tally,
) -> None:
    """Kill and resume a scan until it finishes or there were kills enough; then let it finish."""
    done: list[str] = []
    patience = 1.0
    while True:
        process = scan(inputs, folder, arguments.workers)
        # Half of the moments within the start, where files are opened and cut to length. Where
        # kills come too early for anything to get done, as on a machine under load, they come
        # later and later.
        until = patience * (seconds if rng.random() < 0.5 else seconds / 4)
        if tally.kills < arguments.kills:
            try:
                process.wait(rng.uniform(0.05, until))
            except subprocess.TimeoutExpired:
                kill(process, alone=rng.random() < 0.5)
                tally.kills += 1
        code = process.wait()
        tally.faults += survivors(process)
        again = noted(folder)
        if code >= 0:
            if code != 3:
                tally.faults.append(f"{folder.name}: ended with {code}")
            return
        if not set(done) <= set(again) or len(set(again)) < len(again):
            tally.faults.append(f"{folder.name}: what was noted as done has changed")
        patience = 1.0 if len(again) > len(done) else patience * _MORE_PATIENCE
        tally.further += len(again) > len(done)
        done = again


def scan(inputs: Path, folder: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start a scan, or resume it, in a process group of its own."""
    outputs = [word for name in NAMES for word in ("-o", str(folder / name))]
    words = ["--resume", "--quiet", "--model", "fast", "--workers", str(workers)]
    return subprocess.Popen(
        [sys.executable, "-m", "medsift", "scan", str(inputs), *outputs, *words],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )


def kill(process: subprocess.Popen[bytes], alone: bool) -> None:
    """Kill a scan, alone or with its workers."""
    if alone:
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


def survivors(process: subprocess.Popen[bytes]) -> list[str]:
    """Workers that outlive their scan by half a minute."""
    for _ in range(300):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return []
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    return ["a worker outlived its scan"]


def noted(folder: Path) -> list[str]:
    """Inputs that the journal says are done, in order."""
    path = folder / "out.csv.journal"
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [row["done"] for row in map(json.loads, lines) if "done" in row]


def rows(path: Path) -> list[dict[str, Any]]:
    """Records of an output; the time that a picture took is set to 0."""
    return [{**row, "ms": 0} for row in read_rows(path)] if path.is_file() else []


def write_inputs(folder: Path) -> None:
    """Photographs, documents of several pictures, two damaged files."""
    pictures.write(folder, PICTURES)
    files = sorted(folder.rglob("*.jpg"))
    for number in range(DOCUMENTS):
        pages = [Image.open(path) for path in files[number * 3 : number * 3 + 3]]
        pages[0].save(folder / f"{number:02}.pdf", save_all=True, append_images=pages[1:])
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    (folder / "damaged.pdf").write_bytes(b"%PDF-1.7\nnothing of use")


if __name__ == "__main__":
    sys.exit(main())
