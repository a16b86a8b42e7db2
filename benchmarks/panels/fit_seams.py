"""Fit how likely a line is a seam: on figures made of touching pictures, and on single pictures.

    python benchmarks/panels/fit_seams.py DATA [--figures N] > src/medsift/decode/seam_odds.py

DATA is as for ``measure.py``. Figures are made of training pictures of repositories that are not
in ``boxes.csv``: grids of one to four rows and one to five columns, touching or with a gutter of
one to three pixels, of one source, of several, or of one picture altered. The lines that
``Seams.features`` tells of are told apart by a logistic regression on its features, their squares
and products. What it reaches on every second figure, fitted on the others, goes to standard
error; the module of the fit on all goes to standard output.
"""

from __future__ import annotations

import argparse
import collections
import csv
import io
import random
import sys
from pathlib import Path

import numpy as np
from measure import HERE, shrunk
from numpy.typing import NDArray
from PIL import Image, ImageOps

from medsift.core.picture import Pixels
from medsift.decode.grounds import planes_of
from medsift.decode.seam_odds import quadratic
from medsift.decode.seams import Seams

LAYOUTS = (
    *((2, 1), (1, 2), (2, 2), (3, 1), (1, 3), (3, 2)),
    *((4, 1), (3, 3), (4, 2), (5, 2), (2, 3), (4, 4)),
)
_RIDGE = 1e-3
_SHARE = 0.3
"""Fainter lines than are looked at are fitted, too: so much is certain of what is none."""


class Maker:
    """Makes figures, and draws single pictures."""

    def __init__(self, data: Path, seed: int) -> None:
        with (HERE / "boxes.csv").open(encoding="utf-8", newline="") as stream:
            boxed = {row["origin"].lower() for row in csv.DictReader(stream)}
        self._files: dict[str, list[Path]] = collections.defaultdict(list)
        with (data / "data/manifest.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                single = row["kind"] not in ("multipanel", "viewer_screenshot")
                if row["pool"] == "train" and single and row["repository"].lower() not in boxed:
                    self._files[row["source"]].append(data / "data" / row["file"])
        self._sources = sorted(self._files)
        self._chance = random.Random(seed)

    def single(self, source: str = "") -> Image.Image:
        """A picture."""
        source = source or self._chance.choice(self._sources)
        return Image.open(self._chance.choice(self._files[source])).convert("RGB")

    def figure(self) -> tuple[Pixels, tuple[list[float], list[float]]]:
        """A figure, and where its vertical and its horizontal seams are."""
        chance = self._chance
        columns, rows = chance.choice(LAYOUTS)
        how, source = chance.random(), chance.choice(self._sources)
        sizes = []
        for count in (columns, rows):
            same = [chance.randint(60, 240)] * count
            uneven = [chance.randint(60, 240) for _ in range(count)]
            sizes.append(same if chance.random() < 0.75 else uneven)
        gutter = chance.choice((0, 0, 0, 0, 1, 2, 3))
        ground = chance.choice(((255,) * 3, (0,) * 3, (128,) * 3, (255, 255, 0)))
        starts = [
            [sum(side[:place]) + gutter * place for place in range(len(side) + 1)] for side in sizes
        ]
        figure = Image.new("RGB", (starts[0][-1] - gutter, starts[1][-1] - gutter), ground)
        first = self.single(source)
        for y, height in zip(starts[1], sizes[1], strict=False):
            for x, width in zip(starts[0], sizes[0], strict=False):
                if how > 0.85:
                    picture = self._altered(first)
                else:
                    picture = self.single(source if how < 0.45 else "")
                figure.paste(picture.resize((width, height)), (x, y))
        if chance.random() < 0.4:
            stream = io.BytesIO()
            figure.save(stream, "JPEG", quality=chance.randint(40, 90))
            figure = Image.open(stream)
        pixels = shrunk(figure)
        factor = pixels.shape[1] / figure.width
        across, down = ([factor * (start - gutter / 2) for start in line[1:-1]] for line in starts)
        return pixels, (across, down)

    def _altered(self, picture: Image.Image) -> Image.Image:
        way = self._chance.randrange(4)
        if way == 1:
            return ImageOps.invert(picture)
        if way == 2:
            return picture.point([min(255, value * 8 // 5) for value in range(256)] * 3)
        return ImageOps.mirror(picture) if way == 3 else picture


def lines_of(pixels: Pixels, axis: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Lines of a whole picture that might be seams."""
    height, width = pixels.shape[:2]
    least = max(14, 0.04 * max(height, width))
    return Seams(planes_of(pixels)).features((0, 0, width, height), axis, least, _SHARE)


def sample(
    maker: Maker, figures: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
    """Features of lines, whether they are seams, and the figure: negative for single pictures."""
    features, seams, numbers = [], [], []
    for number in range(1, figures + 1):
        pixels, truth = maker.figure()
        single = shrunk(maker.single())
        for axis in (0, 1):
            for place, values in zip(*lines_of(pixels, axis), strict=True):
                away = min((abs(place - seam) for seam in truth[axis]), default=99.0)
                if not 2.2 < away <= 5:
                    features.append(values)
                    seams.append(away <= 2.2)
                    numbers.append(number)
            for values in lines_of(single, axis)[1]:
                features.append(values)
                seams.append(False)
                numbers.append(-2 * number - axis)
    return np.array(features), np.array(seams), np.array(numbers)


def fit(features: NDArray[np.float64], seams: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of the terms of a quadratic form, by Newton's method with a little ridge."""
    terms = quadratic(features)
    mean, spread = terms.mean(axis=0), terms.std(axis=0)
    spread[0], mean[0] = 1.0, 0.0
    scaled = (terms - mean) / spread
    weights = np.zeros(scaled.shape[1])
    ridge = np.full(len(weights), _RIDGE)
    ridge[0] = 1e-9
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        slope = scaled.T @ (p - seams) / len(p) + ridge * weights
        bend = (scaled * (p * (1 - p))[:, None]).T @ scaled / len(p) + np.diag(ridge)
        weights -= np.clip(np.linalg.solve(bend, slope), -2, 2)
    plain: NDArray[np.float64] = weights / spread
    plain[0] -= float((plain * mean).sum())
    return plain


def report(
    features: NDArray[np.float64], seams: NDArray[np.bool_], numbers: NDArray[np.intp]
) -> None:
    """Say what a fit on half of the figures reaches on the other half."""
    other = np.where(numbers < 0, -numbers // 2, numbers) % 2 == 1
    scores = quadratic(features) @ fit(features[~other], seams[~other])
    singles: dict[int, float] = {}
    for number, score in zip(
        numbers[other & (numbers < 0)], scores[other & (numbers < 0)], strict=True
    ):
        key = -int(number) // 2
        singles[key] = max(score, singles.get(key, -99.0))
    ordered = sorted(singles.values(), reverse=True)
    found = scores[other & seams]
    for part in (0.01, 0.05, 0.1):
        bound = ordered[int(part * len(ordered))]
        print(
            f"{part:.0%} of single pictures have a line above {bound:.2f}, and"
            f" {np.mean(found > bound):.1%} of {len(found)} seams are",
            file=sys.stderr,
        )


MODULE = '''\
"""How likely a line of a picture is a seam, as fitted by ``benchmarks/panels/fit_seams.py``.

A line is told by nine numbers: the part of it where the picture changes, or that is a thin line;
the part of that, of what could tell; the same in the worst eighth; how varied the change is; how
large it is beside what is usual in the picture; the part where there is any change; how far it
stands out among all lines; how varied the sides are; and the part that is a thin line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WEIGHTS = np.array(
    [
{weights}
    ]
)
_ONE, _OTHER = np.triu_indices(10)


def quadratic(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """One, the features, and their products: the terms of a quadratic form."""
    whole = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    terms: NDArray[np.float64] = whole[:, _ONE] * whole[:, _OTHER]
    return terms


def log_odds(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of how much more likely each line is a seam than none.

    Parameters
    ----------
    features : ndarray of float, shape (n, 9)
    """
    odds: NDArray[np.float64] = quadratic(features) @ _WEIGHTS
    return odds
'''


def main() -> None:
    """Make, fit, tell, and write the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--figures", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    features, seams, numbers = sample(Maker(arguments.data, arguments.seed), arguments.figures)
    print(f"{len(seams)} lines, {int(seams.sum())} of them seams", file=sys.stderr)
    report(features, seams, numbers)
    weights = [f"{value:.4g}" for value in fit(features, seams)]
    rows = [", ".join(weights[place : place + 8]) for place in range(0, len(weights), 8)]
    lines = "\n".join(
        f"        *({row}, ),".replace(", )", ")" if "," in row else ",)") for row in rows
    )
    print(MODULE.format(weights=lines), end="")


if __name__ == "__main__":
    main()
