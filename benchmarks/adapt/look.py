"""Let a model look at the labelled pictures once, for ``curve.py``: features and probabilities.

    python benchmarks/adapt/look.py ../shared/data -o features.npz --model default

``DATA`` has a ``manifest.csv``. Half an hour of one core for 22,000 pictures.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from medsift.adaptation.examples import look_at
from medsift.classify import Classifier
from medsift.evaluation.labelled import Example


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", default="default")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with (arguments.data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    by_path = {arguments.data / row["file"]: row for row in rows}
    examples = [
        Example(path, row["label"], row["kind"], row["repository"] or row["source"], row["pool"])
        for path, row in by_path.items()
    ]
    with tqdm(total=len(examples)) as bar:
        seen = look_at(Classifier(arguments.model), examples, arguments.threads, bar.update)
    np.savez_compressed(
        arguments.output,
        features=seen.features.astype(np.float16),
        base=seen.base.astype(np.float32),
        widths=np.array(seen.widths),
        files=np.array([by_path[e.path]["file"] for e in seen.examples]),
    )


if __name__ == "__main__":
    main()
