"""How many files of the truth are in a list by file, and how many others are to be looked at.

medsift scan SHARE --recall 0.99 --by-file FILES.csv
python benchmarks/sweep/found.py SHARE.csv FILES.csv
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

from medsift.report.values import clean_text


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return list(csv.DictReader(stream))


def main() -> None:
    truth = {clean_text(row["path"]): row for row in rows(sys.argv[1])}
    by_file = rows(sys.argv[2])
    hits = [row for row in by_file if row["verdict"] in ("medical", "uncertain")]
    listed = {row["source"].removeprefix("'") for row in hits}
    missed = [row for path, row in truth.items() if path not in listed]
    sources = {row["source"] for row in by_file}
    print(f"files in the list: {len(sources)}; with a medical picture: {len(truth)}")
    print(f"of these to be looked at: {len(truth) - len(missed)}, missed: {len(missed)}")
    print(f"files to be looked at in all: {len(listed)} ({len(listed) / len(sources):.1%})")
    print("verdicts:", dict(Counter(row["verdict"] for row in by_file)))
    for row in missed:
        print(f"missed: {row['kind']} {row['path']} {row['inside']}")


if __name__ == "__main__":
    main()
