"""Do explanations show what decided the verdict? Insertion and deletion curves.

A good map names the places without which the verdict falls, and with which it stands. Deletion
replaces the places of a picture by its mean colour, those first that the map ranks highest, and
follows the probability of the verdict: the smaller the area under the curve, the better the map.
Insertion starts from the blurred picture and restores the places in the same order: the larger
the area, the better (Petsiuk, Das and Saenko 2018, "RISE: Randomized Input Sampling for
Explanation of Black-box Models").

Compared are medsift's class activation; occlusion (how much the probability falls when a patch is
covered, Zeiler and Fergus 2014), which takes a hundred runs of the networks where class activation
takes one; the distance from the centre, since subjects stand there; and chance.

    python benchmarks/explain/insertion_deletion.py DATA --model default --pictures 200
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from medsift import Classifier
from medsift.core.picture import Pixels
from medsift.evaluation.labelled import find_examples

Map: TypeAlias = NDArray[np.float64]

SIDE = 144
STEPS = 18
PATCH = 24
STRIDE = 12
BATCH = 32
CONFIDENT = 0.8


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="insertion and deletion curves of explanations")
    parser.add_argument("data", type=Path, help="labelled folders, as medsift evaluate takes them")
    parser.add_argument("--model", default="default")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="also write the areas of each picture")
    arguments = parser.parse_args()
    classifier = Classifier(arguments.model)
    rows = []
    for number, (path, pixels) in enumerate(chosen(classifier, arguments), 1):
        rows += [{"picture": str(path), **row} for row in measure(classifier, pixels, number)]
        if number % 10 == 0:
            print(f"{number} pictures", file=sys.stderr)
    if arguments.csv:
        with arguments.csv.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    report(rows)


def chosen(classifier: Classifier, arguments: argparse.Namespace) -> Iterator[tuple[Path, Pixels]]:
    """Pictures of both labels by turns, of whose verdict the model is sure: else nothing falls."""
    by_label: dict[str, list[Path]] = {"medical": [], "non_medical": []}
    for item in find_examples(arguments.data):
        by_label[item.label].append(item.path)
    generator = random.Random(arguments.seed)
    for paths in by_label.values():
        generator.shuffle(paths)
    count = 0
    for pair in zip(*by_label.values(), strict=False):
        for path in pair:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE)), dtype=np.uint8)
            if classifier.predict(pixels).confidence < CONFIDENT:
                continue
            yield path, pixels
            count += 1
            if count == arguments.pictures:
                return


def measure(classifier: Classifier, pixels: Pixels, seed: int) -> Iterator[dict[str, str | float]]:
    """Areas under both curves for each way of ranking places."""
    # Also where the verdict is uncertain, one side is likelier.
    label = "medical" if classifier.predict(pixels).p_medical >= 0.5 else "non_medical"
    score = scorer(classifier, label)
    rows = np.arange(SIDE) - (SIDE - 1) / 2
    ways: dict[str, Callable[[], Map]] = {
        "occlusion": lambda: occlusion(score, pixels),
        "class activation": lambda: classifier.explain(pixels, label).heat.astype(np.float64),
        "centre": lambda: -np.hypot(rows[:, None], rows[None, :]),
        "chance": lambda: (
            np.random.default_rng(seed)
            .random((SIDE // 12, SIDE // 12))
            .repeat(12, axis=0)
            .repeat(12, axis=1)
        ),
    }
    blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(SIDE / 10)))
    mean = np.broadcast_to(pixels.mean(axis=(0, 1)).round().astype(np.uint8), pixels.shape)
    maps: dict[str, Map] = {}
    for name, way in ways.items():
        started = time.perf_counter()
        maps[name] = way()
        seconds = time.perf_counter() - started
        yield {
            "label": label,
            "way": name,
            "deletion": area(score(exchanged(pixels, mean, maps[name]))),
            "insertion": area(score(exchanged(blurred, pixels, maps[name]))),
            "likeness": likeness(maps[name], maps["occlusion"]),
            "ms": seconds * 1000,
        }


def scorer(classifier: Classifier, label: str) -> Callable[[Sequence[Pixels]], Map]:
    """What the curves follow: the calibrated probability of the verdict."""

    def score(pictures: Sequence[Pixels]) -> Map:
        values: list[float] = []
        for start in range(0, len(pictures), BATCH):
            prepared = [classifier.prepare(p) for p in pictures[start : start + BATCH]]
            values += [prediction.p_medical for prediction in classifier.classify(prepared)]
        p_medical = np.array(values)
        return p_medical if label == "medical" else 1 - p_medical

    return score


def exchanged(start: Pixels, end: Pixels, ranking: Map) -> list[Pixels]:
    """Pictures on the way from one to the other, places of the highest rank first."""
    order = np.argsort(-ranking, axis=None, kind="stable")
    pictures = []
    for step in range(STEPS + 1):
        picture = start.copy()
        places = order[: round(len(order) * step / STEPS)]
        picture.reshape(-1, 3)[places] = end.reshape(-1, 3)[places]
        pictures.append(picture)
    return pictures


def occlusion(score: Callable[[Sequence[Pixels]], Map], pixels: Pixels) -> Map:
    """Mean fall of the log-odds over the covered patches that a place lies in."""
    colour = pixels.mean(axis=(0, 1)).round().astype(np.uint8)
    corners = [(y, x) for y in starts() for x in starts()]
    covered = []
    for y, x in corners:
        picture = pixels.copy()
        picture[y : y + PATCH, x : x + PATCH] = colour
        covered.append(picture)
    scores = np.clip(score([pixels, *covered]), 1e-9, 1 - 1e-9)
    odds = np.log(scores / (1 - scores))
    total = np.zeros((SIDE, SIDE))
    count = np.zeros((SIDE, SIDE))
    for (y, x), value in zip(corners, odds[0] - odds[1:], strict=True):
        total[y : y + PATCH, x : x + PATCH] += value
        count[y : y + PATCH, x : x + PATCH] += 1
    return total / count


def starts() -> range:
    """Where patches begin, along either side."""
    return range(0, SIDE - PATCH + 1, STRIDE)


def area(curve: Map) -> float:
    """Area under a curve over 0 to 1, by trapezoids."""
    return float((curve[1:] + curve[:-1]).mean() / 2)


def likeness(first: Map, second: Map) -> float:
    """Spearman's rank correlation of two maps, on squares of 12 pixels."""
    ranks = [
        block.reshape(SIDE // 12, 12, SIDE // 12, 12).mean(axis=(1, 3)).ravel().argsort().argsort()
        for block in (first, second)
    ]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def report(rows: Sequence[dict[str, str | float]]) -> None:
    """Print means with intervals of 95 % (1.96 standard errors)."""
    print("| ranking | verdict | n | deletion | insertion | likeness to occlusion | ms |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for way in dict.fromkeys(str(row["way"]) for row in rows):
        for label in ("medical", "non_medical"):
            some = [row for row in rows if (row["way"], row["label"]) == (way, label)]
            if not some:
                continue
            cells = [with_interval(some, name) for name in ("deletion", "insertion", "likeness")]
            ms = float(np.median([float(row["ms"]) for row in some]))
            print(f"| {way} | {label} | {len(some)} | {' | '.join(cells)} | {ms:.0f} |")


def with_interval(rows: Sequence[dict[str, str | float]], name: str) -> str:
    """Mean and half of its interval."""
    values = np.array([float(row[name]) for row in rows])
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{values.mean():.3f} ± {half:.3f}"


if __name__ == "__main__":
    main()
