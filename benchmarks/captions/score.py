"""Score figures and captions against figures that were read by eye.

    python benchmarks/captions/score.py FOLDER_OF_PDFS

``truth.csv`` has a row for each printed figure: the digest of its file, its page, the label and
caption as printed, empty where there is none, and a point in each of its pictures. A caption is
right where all pictures of the figure have its label, and a text within a tenth of its length in
edit distance. A wrong one is one that is not right, and not empty. A figure is one where its
pictures share one ``figure`` that no other figure of the truth has.

Files are looked for by digest below the folder; those that are not there are left out and named.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from medsift.core.picture import Picture, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.registry import findings

TRUTH = Path(__file__).with_name("truth.csv")
_CLOSE = 0.10


def distance(one: str, other: str) -> int:
    """Edit distance of two texts (Levenshtein 1966)."""
    before = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, against in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != against)))
        before = row
    return before[-1]


def is_right(picture: Picture, label: str, caption: str) -> bool:
    """Whether a picture has the label and, nearly, the text of a figure."""
    if picture.caption_label != label:
        return False
    return distance(picture.caption, caption) <= _CLOSE * max(1, len(caption))


def at(pictures: Sequence[Picture], page: int, x: float, y: float) -> Picture | None:
    """Find the picture at a place: the smallest one around it."""
    around = [
        (p.where.bbox, p)
        for p in pictures
        if p.where.page == page
        and p.where.bbox
        and p.where.bbox[0] <= x <= p.where.bbox[2]
        and p.where.bbox[1] <= y <= p.where.bbox[3]
    ]
    around.sort(key=lambda pair: (pair[0][2] - pair[0][0]) * (pair[0][3] - pair[0][1]))
    return around[0][1] if around else None


def pictures_of(path: Path) -> list[Picture]:
    """All pictures of a document."""
    context = Context(target=224, recurse=findings)
    found = findings(Blob(Provenance(path.name), path=path), context)
    return [finding for finding in found if isinstance(finding, Picture)]


def score(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield, for each thing that can be right, the file, the part, the thing, and how it went."""
    rows = defaultdict(list)
    with TRUTH.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            rows[row["sha256"]].append(row)
    digests = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.rglob("*.pdf")
    }
    for digest, figures in rows.items():
        if digest not in digests:
            print("not there:", digest)
            continue
        pictures = pictures_of(digests[digest])
        found_ids = []
        for row in figures:
            places = [point.split() for point in row["points"].split("; ")]
            found = [at(pictures, int(row["page"]), float(x), float(y)) for x, y in places]
            told = [picture for picture in found if picture]
            right = len(told) == len(found) and all(
                is_right(picture, row["label"], row["caption"]) for picture in told
            )
            wrong = not right and any(picture.caption for picture in told)
            outcome = "right" if right else "wrong" if wrong else "missed"
            if not right:
                print(outcome, digests[digest].name[-40:], row["page"], row["label"] or "no label")
                for picture in told:
                    print("    ", picture.caption_label, "|", picture.caption[:100])
            name = digests[digest].name
            yield name, row["half"], "caption" if row["label"] else "no caption", outcome
            ids = {picture.figure for picture in told}
            found_ids.append(ids if len(told) == len(found) else set())
        for own, row in zip(found_ids, figures, strict=True):
            alone = sum(bool(own & other) for other in found_ids) == 1
            is_one = len(own) == 1 and alone
            yield digests[digest].name, row["half"], "figure", "right" if is_one else "wrong"


def main() -> None:
    """Print a table, and write it as JSON where asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--each", action="store_true", help="figures of each document, too")
    arguments = parser.parse_args()
    counts: Counter[tuple[str, str, str]] = Counter()
    documents: Counter[tuple[str, str]] = Counter()
    for name, half, thing, outcome in score(arguments.folder):
        counts[half, thing, outcome] += 1
        if thing == "figure":
            documents[name, outcome] += 1
    for name in dict.fromkeys(name for name, _ in documents) if arguments.each else ():
        right, wrong = documents[name, "right"], documents[name, "wrong"]
        print(f"one figure {right:3d} of {right + wrong:3d}: {name}")
    table: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for half in dict.fromkeys(half for half, _, _ in counts):
        for thing in ("caption", "no caption", "figure"):
            outcomes = {o: counts[half, thing, o] for o in ("right", "wrong", "missed")}
            table[half][thing] = outcomes
            total = sum(outcomes.values())
            if not total:
                continue
            shares = ", ".join(f"{name} {n} ({n / total:.1%})" for name, n in outcomes.items())
            print(f"{half:8s} {thing:11s} of {total:3d}: {shares}")
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
