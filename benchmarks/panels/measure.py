"""How well panels are found: on made compounds, on real ones boxed by eye, on single pictures.

    python benchmarks/panels/measure.py DATA [--documents FOLDER] [--made N] [--singles N]
        [--parts develop report fresh held second] [--odd | --held] [--lined]
        [--sheets FOLDER]

DATA is a folder with ``data/<pool>/<label>/<kind>/<source>/<file>``; ``boxes.csv`` beside this
script names the real compounds (``file`` below DATA, and for figures of documents the page and the
digest of the picture) and their panels in hundredths of width and height, seen by eye. The parts
``develop``, ``report`` and ``fresh`` were looked at while the splitter was written, ``held`` and
``second`` are scored only where they are asked for: as seldom as can be. A panel is found where a
box and it overlap by at least half of what they cover together (intersection over union of 0.5);
each counts once.

Single pictures are drawn from repositories whose digest is even, or odd with ``--odd``, one of each
source first; ``--sheets`` draws those that were parted, to be looked at, as some are compounds.
``--held`` takes those of ``singles.csv`` instead: others, each seen by eye to be a single picture.
``--lined`` draws a thin black or white line right through each first, as axes and crosshairs are.
"""

from __future__ import annotations

import argparse
import collections
import csv
import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from medsift.core.picture import Pixels
from medsift.decode.panels import SIDE, Box, find_panels

HERE = Path(__file__).parent
SINGLE = ("xray", "ct", "mri", "ultrasound", "fundus", "endoscopy", "dermatology", "histopathology")
BESIDE = ("chart", "photo", "diagram")


def shrunk(image: Image.Image) -> Pixels:
    """A picture of the size that panels are looked for in."""
    image = image.convert("RGB")
    factor = SIDE / max(image.size)
    if factor < 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image, dtype=np.uint8)


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    inside = max(0.0, width) * max(0.0, height)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return inside / (sum(areas) - inside)


def hits(truth: Sequence[Sequence[float]], found: Sequence[Box]) -> int:
    """Panels that were found, the best pairs first."""
    pairs = sorted(
        ((overlap(t, f), i, j) for i, t in enumerate(truth) for j, f in enumerate(found)),
        reverse=True,
    )
    used: tuple[set[int], set[int]] = set(), set()
    for value, i, j in pairs:
        if value >= 0.5 and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
    return len(used[0])


class Score:
    """Panels counted over figures."""

    def __init__(self) -> None:
        self.figures = self.true = self.found = self.hit = 0
        self.seconds = 0.0

    def add(self, pixels: Pixels, truth: Sequence[Sequence[float]]) -> None:
        """Look at one figure; its panels are in hundredths of its sides."""
        height, width = pixels.shape[:2]
        scaled = [(x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in truth]
        scaled = [(a / 100, b / 100, c / 100, d / 100) for a, b, c, d in scaled]
        started = time.process_time()
        found = find_panels(pixels)
        self.seconds += time.process_time() - started
        self.figures += 1
        self.true += len(truth)
        self.found += len(found)
        self.hit += hits(scaled, found)

    def __str__(self) -> str:
        f1 = 2 * self.hit / max(1, self.true + self.found)
        return (
            f"{self.figures} figures, {self.true} panels: F1 {f1:.3f},"
            f" precision {self.hit / max(1, self.found):.3f}, recall {self.hit / self.true:.3f},"
            f" {self.seconds / self.figures * 1000:.1f} ms a figure"
        )


def real(
    data: Path, documents: Path | None, parts: Sequence[str]
) -> Iterator[tuple[str, Pixels, list[list[float]]]]:
    """The compounds of ``boxes.csv``: their part, their pixels, their panels."""
    with (HERE / "boxes.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["part"] not in parts:
                continue
            boxes = [[float(v) for v in box.split()] for box in row["boxes"].split("; ")]
            if row["page"]:
                files = list(documents.glob(f"*/{row['sha256']}.*")) if documents else []
                if not files:
                    continue
                path = files[0]
            else:
                path = data / row["file"]
            yield row["part"], shrunk(Image.open(path)), boxes


def made(data: Path, count: int) -> Iterator[tuple[Pixels, list[list[float]]]]:
    """Compounds in layouts of real ones: grids, uneven ones, with letters and strips, touching."""
    chance = random.Random(17)
    pools = {
        kind: sorted((data / "data/train").glob(f"*/{kind}/*/*"))
        for kind in (*SINGLE, "photo", "chart")
    }
    for number in range(count):
        ground = chance.choice(
            [(255, 255, 255)] * 6 + [(0, 0, 0), (0, 0, 0), (230, 230, 235), (20, 30, 70)]
        )
        gutter = chance.choice([0, 3, 6, 6, 10, 16, 24])
        columns, rows = chance.choice(
            [(2, 1), (3, 1), (4, 1), (1, 2), (2, 2), (3, 2), (3, 3), (5, 2)]
        )
        side = chance.randint(150, 260)
        strip = chance.choice([0, 0, 24]) if gutter else 0
        kinds = [chance.choice(SINGLE)] * 3 + [chance.choice(SINGLE), "photo"]
        widths = [
            side if chance.random() < 0.7 else int(side * chance.uniform(0.7, 1.5))
            for _ in range(columns)
        ]
        width = sum(widths) + gutter * (columns + 1)
        height = rows * (side + strip) + gutter * (rows + 1)
        figure = Image.new("RGB", (width, height), ground)
        draw = ImageDraw.Draw(figure)
        boxes = []
        y = gutter
        for row in range(rows):
            x = gutter
            for column in range(columns):
                picture = Image.open(chance.choice(pools[chance.choice(kinds)])).convert("RGB")
                figure.paste(picture.resize((widths[column], side)), (x, y))
                boxes.append(
                    [
                        100 * x / width,
                        100 * y / height,
                        100 * (x + widths[column]) / width,
                        100 * (y + side) / height,
                    ]
                )
                letter = f"({chr(97 + row * columns + column)})"
                if strip:
                    ink = (0, 0, 0) if sum(ground) > 380 else (255, 255, 255)
                    draw.text((x + widths[column] // 2 - 8, y + side + 6), letter, fill=ink)
                elif number % 2:
                    draw.text((x + 5, y + 4), letter, fill=(255, 255, 255))
                x += widths[column] + gutter
            y += side + strip + gutter
        yield shrunk(figure), boxes


def singles(data: Path, each: int, *, odd: bool) -> Iterator[tuple[str, Path]]:
    """Pictures of every kind: so many of each, of as many sources as can be."""
    pools: dict[str, dict[str, list[str]]] = collections.defaultdict(dict)
    with (data / "data/manifest.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if hashlib.sha256(row["repository"].encode()).digest()[0] % 2 == odd:
                pools[row["kind"]].setdefault(row["source"], []).append(row["file"])
    chance = random.Random(31 + odd)
    for kind, sources in sorted(pools.items()):
        names = sorted(sources)
        chance.shuffle(names)
        left = [sorted(sources[name]) for name in names]
        for files in left:
            chance.shuffle(files)
        picked = 0
        while picked < each and any(left):
            for files in left:
                if files and picked < each:
                    picked += 1
                    yield kind, data / "data" / files.pop()


def held(data: Path) -> Iterator[tuple[str, Path]]:
    """The single pictures of ``singles.csv``, by the names of their files."""
    with (HERE / "singles.csv").open(encoding="utf-8", newline="") as stream:
        keys = {row["key"] for row in csv.DictReader(stream)}
    with (data / "data/manifest.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if Path(row["file"]).stem in keys:
                yield row["kind"], data / "data" / row["file"]


def lined(pixels: Pixels, number: int) -> Pixels:
    """A picture with a line of one or two pixels somewhere in its middle half."""
    chance = random.Random(number)
    made: Pixels = pixels.copy()
    along = made if number // 4 % 2 else made.swapaxes(0, 1)
    place = int(len(along) * chance.uniform(0.25, 0.75))
    along[place : place + 1 + number // 2 % 2] = 255 * (number % 2)
    return made


def drawn(pixels: Pixels, boxes: Sequence[Box]) -> Image.Image:
    """A figure with its panels."""
    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    for x0, y0, x1, y1 in boxes:
        pen.rectangle((x0, y0, x1 - 1, y1 - 1), outline=(255, 0, 0), width=2)
    return image


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--documents", type=Path, help="folder of medsift scan --save-images")
    parser.add_argument("--made", type=int, default=150)
    parser.add_argument("--singles", type=int, default=16, help="of each kind")
    parser.add_argument("--parts", nargs="*", default=["develop", "report"])
    parser.add_argument("--odd", action="store_true", help="the other half of single pictures")
    parser.add_argument("--held", action="store_true", help="single pictures of singles.csv")
    parser.add_argument("--lined", action="store_true", help="with a line through each single one")
    parser.add_argument("--sheets", type=Path, help="where to draw what was parted")
    arguments = parser.parse_args()
    scores: dict[str, Score] = {}
    for part, pixels, boxes in real(arguments.data, arguments.documents, arguments.parts):
        scores.setdefault(f"real, {part}", Score()).add(pixels, boxes)
    for pixels, boxes in made(arguments.data, arguments.made):
        scores.setdefault("made", Score()).add(pixels, boxes)
    for name, score in scores.items():
        print(f"{name}: {score}")
    looked: collections.Counter[str] = collections.Counter()
    parted: collections.Counter[str] = collections.Counter()
    drawn_singles = (
        held(arguments.data)
        if arguments.held
        else singles(arguments.data, arguments.singles, odd=arguments.odd)
    )
    for number, (kind, path) in enumerate(drawn_singles):
        looked[kind] += 1
        pixels = shrunk(Image.open(path))
        if arguments.lined:
            pixels = lined(pixels, number)
        found = find_panels(pixels)
        if found:
            parted[kind] += 1
            if arguments.sheets:
                drawn(pixels, found).save(arguments.sheets / f"{kind}-{path.stem}.png")
    note = "" if arguments.held else ", compounds among them"
    print(f"single: {parted.total()} of {looked.total()} parted{note}")
    print(", ".join(f"{kind} {count}" for kind, count in sorted(parted.items())))


if __name__ == "__main__":
    main()
