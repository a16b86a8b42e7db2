"""Keep what the networks of the folds said, without the pictures' names.

    python benchmarks/training/keep_answers.py MODEL/run/out-of-fold.npz answers/NAME.npz

Networks of folds are large and soon gone; what they said of each picture fits into a megabyte, and
what is fitted after training needs no more: the bounds of ``--recall``, ``accept``, a gate and a
second reader.
"""

from __future__ import annotations

import sys
from pathlib import Path

from medsift.evaluation.out_of_fold import OutOfFold


def main(source: str, target: str) -> None:
    """Read, hash the names, write, and tell the size."""
    answers = OutOfFold.read(Path(source)).without_names()
    answers.write(Path(target), small=True)
    print(f"{len(answers.keys)} pictures, {Path(target).stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
