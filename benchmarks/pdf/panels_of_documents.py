"""What panels change about the pictures of documents that were labelled by eye.

    python benchmarks/pdf/panels_of_documents.py FOLDER LABELS.csv [--model default]

LABELS has a row for each image object of some PDFs below FOLDER: ``file``, ``page``, ``width``,
``height``, and ``label``: medical, non_medical or unclear. A picture that medsift finds has the
label of an object of its size on its page; where several have that size, in the page's order.
Objects that are parts of one picture, or that are left out as blank or shadows, match nothing.

Each picture is judged as a whole alone, and as a scan judges it: where the model is unsure of the
whole, its panels count, too.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from medsift.classify import Classifier
from medsift.core.picture import Picture, Provenance
from medsift.pipeline.panels import small_enough
from medsift.sources.base import Blob, Context
from medsift.sources.registry import findings


def labelled(
    folder: Path, rows: list[dict[str, str]], target: int
) -> Iterator[tuple[Picture, str]]:
    """Yield the pictures of a document that have a label, and those labels."""
    wanted: dict[tuple[int, int, int], list[str]] = defaultdict(list)
    for row in rows:
        place = int(row["page"]), int(row["width"]), int(row["height"])
        wanted[place].append(row["label"])
    path = folder / rows[0]["file"]
    for found in findings(
        Blob(Provenance(path.name), path=path), Context(target=target, recurse=findings)
    ):
        if isinstance(found, Picture):
            labels = wanted[found.where.page or 0, found.width, found.height]
            if labels:
                yield found, labels.pop(0)


def main() -> None:
    """Print a row for each document, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--model", default="default")
    arguments = parser.parse_args()
    documents: dict[str, list[dict[str, str]]] = defaultdict(list)
    with arguments.labels.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            documents[row["file"]].append(row)
    classifier = Classifier(arguments.model)
    objects = sum(map(len, documents.values()))
    total: Counter[tuple[str, str, str]] = Counter()
    for file, rows in documents.items():
        counts: Counter[tuple[str, str, str]] = Counter()
        for picture, label in labelled(arguments.folder, rows, classifier.largest_side):
            prepared = [classifier.prepare(picture.pixels)]
            (whole,) = classifier.classify_figures(prepared, [None])
            (figure,) = classifier.classify_figures(prepared, [small_enough(picture.pixels)])
            counts[label, "whole", whole.prediction.label] += 1
            counts[label, "panels", figure.prediction.label] += 1
            if whole.prediction.label != figure.prediction.label:
                print(
                    f"    {label}: {whole.prediction.label} {whole.prediction.p_medical:.2f} -> "
                    f"{figure.prediction.label} {figure.prediction.p_medical:.2f}, "
                    f"{picture.where.locator}"
                )
        print(Path(file).name[-60:], dict(counts))
        total += counts
    for label in ("medical", "non_medical", "unclear"):
        for way in ("whole", "panels"):
            said = {
                name: total[label, way, name] for name in ("medical", "uncertain", "non_medical")
            }
            print(f"{label:12s} {way:7s} {sum(said.values()):4d} of {objects} objects: {said}")


if __name__ == "__main__":
    main()
