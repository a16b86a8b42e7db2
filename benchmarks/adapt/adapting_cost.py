"""What adapting 2,000 pictures takes: time, computing time and memory.

    python benchmarks/adapt/adapting_cost.py ../shared/data/val --pictures 2000

All kinds of the folder are learned beside the model's, which is the most work that there is.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from medsift.evaluation.labelled import Example, find_examples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--model", default="default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for example in chosen(find_examples(arguments.data), arguments.pictures):
            place = Path(folder, "data", example.label, example.kind, example.source)
            place.mkdir(parents=True, exist_ok=True)
            (place / example.path.name).symlink_to(example.path.resolve())
        words = ["adapt", f"{folder}/data", "-o", f"{folder}/model", "--model", arguments.model]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "medsift", *words, "--threads", "2"], check=True)
        wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{arguments.pictures} pictures: {wall:.0f} s, of computing {used.ru_utime:.0f} s and")
    print(f"{used.ru_stime:.0f} s of the system, {used.ru_maxrss / 1024:.0f} MB at most,")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def chosen(examples: list[Example], count: int) -> list[Example]:
    by_kind: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        by_kind[example.label, example.kind].append(example)
    enough = [e for rows in by_kind.values() if len(rows) >= 20 for e in rows]
    order = np.random.default_rng(1).permutation(len(enough))
    picked = [enough[i] for i in order[:count]]
    kept: dict[tuple[str, str], int] = defaultdict(int)
    for example in picked:
        kept[example.label, example.kind] += 1
    return [e for e in picked if kept[e.label, e.kind] >= 5]


if __name__ == "__main__":
    main()
