"""What the look at panels adds to a scan, in processor time.

    python benchmarks/panels/cost.py FOLDER [--model default] [--rounds 5]

The pictures of a folder are scanned by turns with the model as it is and with the same model
without its rule for panels; of each, the least time of all processes together counts.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from medsift.classify import store


def main() -> None:
    """Measure, and print both times and how many pictures had panels that counted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        models = {name: str(work / name) for name in ("with", "without")}
        # Both are copies: a folder is loaded in another way than a bundled name.
        for folder in models.values():
            shutil.copytree(store.find(arguments.model), folder)
        card_file = work / "without" / "model.json"
        card = json.loads(card_file.read_text(encoding="utf-8"))
        card_file.write_text(json.dumps(card | {"panels": None}), encoding="utf-8")
        times: dict[str, list[float]] = {name: [] for name in models}
        for _ in range(arguments.rounds):
            for name, model in models.items():
                times[name].append(seconds(arguments.folder, model, work / f"{name}.jsonl"))
        rows = [json.loads(line) for line in (work / "with.jsonl").open(encoding="utf-8")]
    least = {name: min(values) for name, values in times.items()}
    added = 100 * (least["with"] / least["without"] - 1)
    looked = sum(bool(row.get("panels")) for row in rows)
    print(f"{len(rows)} records, {looked} with panels")
    print(f"with {least['with']:.2f} s, without {least['without']:.2f} s: {added:+.1f} %")


def seconds(folder: Path, model: str, output: Path) -> float:
    """Processor time of a scan with one worker."""
    command = [sys.executable, "-m", "medsift", "scan", str(folder), "--model", model]
    command += ["--workers", "1", "-o", str(output), "--overwrite", "--quiet"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
