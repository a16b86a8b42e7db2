"""A scan of very many small files: when its first record is there, and what memory it takes.

    python benchmarks/sweep/many.py [--files 100000] [--model default] [--place FOLDER]

Every tenth file is a small picture of its own, the others are text. The scan writes a table, the
list by file and the report, as the how-to on sweeps has it. Memory is the largest sum over all
processes at a time, as proportional set size: what processes share counts once. Needs Linux.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

_FOLDER = 500
_EVERY = 10
_SIDE = 40
_MIB = 1024 * 1024


def build(folder: Path, files: int) -> None:
    """Make the files, some hundred a folder."""
    chance = np.random.default_rng(0)
    base = chance.integers(0, 256, (64, 5, 5, 3), dtype=np.uint8)
    for number in range(files):
        place = folder / f"{number // _FOLDER:04}"
        place.mkdir(exist_ok=True)
        if number % _EVERY:
            (place / f"{number:06}.txt").write_bytes(b"note %d\n" % number * (1 + number % 40))
            continue
        pixels = base[number // _EVERY % len(base)].repeat(_SIDE // 5, 0).repeat(_SIDE // 5, 1)
        pixels[0, :8, 0] = [number >> 4 * digit & 15 for digit in range(8)]
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
        (place / f"{number:06}.png").write_bytes(stream.getvalue())


def memory_of(processes: list[psutil.Process]) -> tuple[float, float]:
    """Proportional and resident size of processes, in MiB."""
    shared = resident = 0.0
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:] if ":" in line}
        shared += int(sizes.get("Pss", 0)) * 1024 / _MIB
        resident += int(sizes.get("Rss", 0)) * 1024 / _MIB
    return shared, resident


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--model", default="default")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--place", type=Path, help="for the files, which are removed in the end")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.place) as name:
        folder = Path(name) / "files"
        folder.mkdir()
        build(folder, arguments.files)
        out = Path(name) / "sweep.jsonl"
        beside = ["--by-file", str(Path(name) / "files.csv"), "--report", f"{name}/report.html"]
        command = [sys.executable, "-m", "medsift", "scan", str(folder), "-o", str(out), *beside]
        options = ["--recall", "0.99", "--model", arguments.model, "--no-progress"]
        load = os.getloadavg()[0]
        started = time.perf_counter()
        process = subprocess.Popen(
            [*command, *options, "--workers", str(arguments.workers)], stderr=subprocess.PIPE
        )
        root, first, most, most_resident = psutil.Process(process.pid), 0.0, 0.0, 0.0
        while process.poll() is None:
            if not first and out.is_file() and out.stat().st_size:
                first = time.perf_counter() - started
            try:
                now, resident = memory_of([root, *root.children(recursive=True)])
            except psutil.Error:
                continue
            most, most_resident = max(most, now), max(most_resident, resident)
            time.sleep(0.02 if not first else 0.5)
        seconds = time.perf_counter() - started
        said = process.stderr.read().decode() if process.stderr else ""
    print("| files | model | workers | first record, s | all, s | memory, MiB | resident, MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {arguments.files:,} | {arguments.model} | {arguments.workers} | {first:.1f} "
        f"| {seconds:.0f} | {most:.0f} | {most_resident:.0f} |"
    )
    print(f"\nload before: {load:.1f}; exit code {process.returncode}\n{said}")


if __name__ == "__main__":
    main()
