"""Lines of text over real scans: how many pictures with one are found, how many without are not.

    python benchmarks/sweep/burnt_in.py PICTURES... [--each N] [--seed S]

PICTURES are folders of medical pictures. Of each kind, N pictures are taken as they are and once
more with a line of letters burnt in, of 2.5 to 6 % of the height, in a corner, as scanners do. What
is found in the pictures as they are is listed by name: some show text of their own, which only an
eye can tell.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from medsift.classify.burnt_text import TextFinder, reduced

WORDS = ("DOE^JANE", "MUELLER, HANS", "ID 4711-0815", "1964-03-17", "GARCIA M 54Y", "ACC 20231107")


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
    shade = 255 if patch.mean() < 128 else 0
    draw.text((x, y), line, fill=(shade,) * 3, font=font)
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = np.random.default_rng(arguments.seed)
    finder = TextFinder()
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    spent, flagged = 0.0, []
    for folder in arguments.folders:
        files = sorted(p for p in folder.rglob("*") if p.suffix in (".webp", ".png", ".jpg"))
        picked = chance.permutation(len(files))[: arguments.each]
        for path in (files[i] for i in picked):
            image = Image.open(path).convert("RGB")
            if min(image.size) < 200:
                image = image.resize((image.width * 2, image.height * 2), Image.Resampling.LANCZOS)
            started = time.perf_counter()
            plain = finder.find(reduced(np.asarray(image)))
            burnt = finder.find(reduced(np.asarray(with_text(image, chance))))
            spent += time.perf_counter() - started
            row = totals[folder.name]
            row[0] += 1
            row[1] += burnt.boxes > plain.boxes or (burnt.boxes > 0 and plain.boxes == 0)
            row[2] += plain.boxes > 0
            if plain.boxes:
                flagged.append(str(path))
    print("| kind | pictures | found with a line burnt in | something found as they are |")
    print("| --- | --- | --- | --- |")
    for kind, (n, found, plain_found) in totals.items():
        print(f"| {kind} | {n} | {found} | {plain_found} |")
    n, found, plain_found = (sum(row[i] for row in totals.values()) for i in range(3))
    print(f"| all | {n} | {found} ({found / n:.1%}) | {plain_found} |")
    print(f"\n{spent / (2 * n):.2f} s a picture\n")
    print("\n".join(flagged))


if __name__ == "__main__":
    main()
