"""Do validation pictures have near-copies in training? Perceptual hashes, compared in pairs.

A source is in training or in validation, never in both; but the same picture may have been
published in two data sets. Every picture of both folders is hashed (64 bits,
`medsift.decode.phash`), and the pairs that differ in few bits are listed, one row a pair, and
counted by pair of sources. Flat pictures hash by their noise, and drawings on white look alike to
such a hash, so that a listed pair is a candidate: look at it before calling it a copy.

    python benchmarks/training/near_copies.py DATA/train DATA/val --bits 4 -o pairs.csv
        --montage DIR

With `--mirrored`, pictures of validation are also compared as mirror images.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from medsift.decode.phash import phash
from medsift.evaluation.labelled import Example, find_examples

BITS = 4
CELL = 120
PAIRS_A_SHEET = 40
PAIRS_A_ROW = 5

_ONES = np.array([value.bit_count() for value in range(256)], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Pair:
    """A training picture and a validation picture whose hashes differ in few bits."""

    train: Example
    val: Example
    bits: int
    mirrored: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """List the pairs, count them by sources, draw them if asked to."""
    options = _options(arguments)
    train = find_examples(options.train)
    val = find_examples(options.val)
    train_hashes = _hashes(train, options.processes)
    val_hashes = _hashes(val, options.processes)
    found = list(_pairs(train, train_hashes, val, val_hashes, options.bits, mirrored=False))
    if options.mirrored:
        mirrored = _hashes(val, options.processes, mirrored=True)
        found += _pairs(train, train_hashes, val, mirrored, options.bits, mirrored=True)
    found.sort(key=lambda pair: (pair.bits, pair.val.source, pair.train.source))
    if options.output:
        _write(found, options.output)
    if options.montage:
        _draw(found, options.montage)
    _summarise(found, len(train), len(val), options.bits)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="near-copies between training and validation")
    parser.add_argument("train", type=Path, help="labelled folder: <label>/<kind>/<source>/<file>")
    parser.add_argument("val", type=Path, help="the other labelled folder")
    parser.add_argument(
        "--bits", type=int, default=BITS, help="most bits that may differ (%(default)s)"
    )
    parser.add_argument("--mirrored", action="store_true", help="compare mirror images, too")
    parser.add_argument("--processes", type=int, default=2, help="that hash (%(default)s)")
    parser.add_argument("-o", "--output", type=Path, help="CSV file of the pairs")
    parser.add_argument("--montage", type=Path, help="folder for sheets of the pairs, side by side")
    return parser.parse_args(arguments)


def _open(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        image: Image.Image = opened.convert("RGB")
    return image


def _hash(path: Path, *, mirrored: bool) -> int:
    image = _open(path)
    return int(phash(np.asarray(ImageOps.mirror(image) if mirrored else image)), 16)


def _hashes(
    examples: Sequence[Example], processes: int, *, mirrored: bool = False
) -> NDArray[np.uint64]:
    """Hash the pictures: uint64, shape (n,)."""
    with ProcessPoolExecutor(processes) as pool:
        paths = [example.path for example in examples]
        found = pool.map(partial(_hash, mirrored=mirrored), paths, chunksize=64)
        return np.fromiter(found, dtype=np.uint64, count=len(paths))


def _pairs(
    train: Sequence[Example],
    train_hashes: NDArray[np.uint64],
    val: Sequence[Example],
    val_hashes: NDArray[np.uint64],
    most: int,
    *,
    mirrored: bool,
) -> Iterator[Pair]:
    """Compare every picture of validation with all of training."""
    for example, value in zip(val, val_hashes, strict=True):
        differing = _ONES[(train_hashes ^ value).view(np.uint8).reshape(-1, 8)].sum(axis=1)
        for row in np.flatnonzero(differing <= most):
            yield Pair(train[int(row)], example, int(differing[row]), mirrored)


def _write(pairs: Sequence[Pair], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("bits", "mirrored", "val", "train"))
        for pair in pairs:
            writer.writerow((pair.bits, int(pair.mirrored), pair.val.path, pair.train.path))


def _draw(pairs: Sequence[Pair], folder: Path) -> None:
    """Draw the pairs, validation to the left, numbered as in the list."""
    folder.mkdir(parents=True, exist_ok=True)
    numbered = iter(enumerate(pairs))
    sheet = 0
    while group := list(islice(numbered, PAIRS_A_SHEET)):
        rows = -(-len(group) // PAIRS_A_ROW)
        canvas = Image.new("RGB", (PAIRS_A_ROW * (2 * CELL + 12), rows * (CELL + 14)), "white")
        pen = ImageDraw.Draw(canvas)
        for place, (number, pair) in enumerate(group):
            left = place % PAIRS_A_ROW * (2 * CELL + 12)
            top = place // PAIRS_A_ROW * (CELL + 14)
            for side, example in enumerate((pair.val, pair.train)):
                small = ImageOps.contain(_open(example.path), (CELL, CELL))
                canvas.paste(small, (left + side * CELL, top + 12))
            pen.text((left, top), f"{number}: {pair.bits}b {pair.val.source[:30]}", fill="black")
        canvas.save(folder / f"pairs-{sheet:02}.png")
        sheet += 1


def _summarise(pairs: Sequence[Pair], train: int, val: int, most: int) -> None:
    pictures = {pair.val.path for pair in pairs}
    sys.stdout.write(
        f"{len(pairs)} pairs within {most} bits; {len(pictures)} of {val} validation pictures, "
        f"{train} training pictures\n"
    )
    sources = Counter((pair.val.source, pair.train.source) for pair in pairs)
    kinds = {pair.val.source: pair.val.kind for pair in pairs}
    for (val_source, train_source), number in sources.most_common():
        alike = {
            p.val.path
            for p in pairs
            if (p.val.source, p.train.source) == (val_source, train_source)
        }
        sys.stdout.write(
            f"{number:6} {len(alike):4} {kinds[val_source]:14} {val_source}  <->  {train_source}\n"
        )


if __name__ == "__main__":
    raise SystemExit(main())
