"""Figures put together from training pictures, and the folder of all made-up pictures.

Figures of several medical pictures are common in papers, and those of one web site taught a
first network that panels on white are medical. Collages of both sides, drawn alike, teach what
the panels show instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from medsift.core.picture import Pixels
from medsift.core.taxonomy import KINDS
from medsift.evaluation.labelled import Example, find_examples
from medsift.training.data import PixelStore
from medsift.training.procedural import DRAWN_KINDS, draw

_GRIDS = ((1, 2), (1, 3), (2, 2), (2, 3), (1, 4), (3, 3), (2, 1), (2, 4), (3, 2), (3, 4))
_NOT_IN_PANELS = frozenset({"multipanel", "viewer_screenshot", "biosignal"})
_MULTIPANEL = "multipanel"
_PER_DRAWN_KIND = 150
_MEDICAL_COLLAGES = 300
_COLLAGES_PER_KIND = 25


def made_up(store: PixelStore, folder: Path, seed: int) -> list[Example]:
    """Write drawn pictures and collages as a labelled folder, once, and list them.

    Only kinds that the training pictures have are made: a made-up picture alone must not
    found a class.

    Parameters
    ----------
    store : PixelStore
        The training pictures, from which collages are made.
    folder : Path
        Taken as it is where it exists.
    seed : int
    """
    kinds = {e.kind for e in store.examples} & KINDS.keys()
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        for kind, name, pixels in _all(store, kinds, np.random.default_rng(seed)):
            path = partial / KINDS[kind].label / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path, lossless=True)
        if not partial.is_dir():
            return []
        partial.rename(folder)
    return find_examples(folder)


def collage(
    pictures: Sequence[Pixels], rows: int, columns: int, rng: np.random.Generator
) -> Pixels:
    """Arrange pictures in a grid, as figures of papers do.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (h, w, 3)
        ``rows * columns`` of them.
    rows, columns : int
    rng : numpy.random.Generator
        For gaps, background, letters.
    """
    width = int(rng.integers(60, 110))
    height = int(width * rng.uniform(0.7, 1.2))
    gap = int(rng.integers(0, 8))
    ground = "white" if rng.random() < 0.75 else "black"
    lettered = rng.random() < 0.5
    ink = "white" if rng.random() < 0.7 else "black"
    size = (columns * (width + gap) + gap, rows * (height + gap) + gap)
    sheet = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(int(rng.integers(10, 18)))
    for number, pixels in enumerate(pictures):
        x = gap + number % columns * (width + gap)
        y = gap + number // columns * (height + gap)
        panel = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
        sheet.paste(panel, (x, y))
        if lettered:
            pen.text((x + 3, y + 1), chr(ord("A") + number), fill=ink, font=font)
    return np.asarray(sheet)


def _all(
    store: PixelStore, kinds: set[str], rng: np.random.Generator
) -> Iterator[tuple[str, str, Pixels]]:
    """Kind, ``source/file`` and pixels of each made-up picture."""
    for kind in sorted(kinds & set(DRAWN_KINDS)):
        for number in range(_PER_DRAWN_KIND):
            yield kind, f"synthetic-drawn/{number}.webp", draw(kind, rng)
    by_kind: dict[str, list[int]] = {}
    for index, example in enumerate(store.examples):
        if example.kind in kinds - _NOT_IN_PANELS:
            by_kind.setdefault(example.kind, []).append(index)
    medical = sorted(kind for kind in by_kind if KINDS[kind].label == "medical")
    if _MULTIPANEL in kinds and medical:
        for number in range(_MEDICAL_COLLAGES):
            pixels = _collage_of(store, by_kind, medical, rng)
            yield _MULTIPANEL, f"synthetic-collage/{number}.webp", pixels
    for kind in sorted(by_kind.keys() - set(medical)):
        for number in range(_COLLAGES_PER_KIND):
            pixels = _collage_of(store, by_kind, [kind], rng)
            yield kind, f"synthetic-collage/{number}.webp", pixels


def _collage_of(
    store: PixelStore, by_kind: dict[str, list[int]], kinds: Sequence[str], rng: np.random.Generator
) -> Pixels:
    rows, columns = _GRIDS[rng.integers(len(_GRIDS))]
    count = rows * columns
    # Mostly one kind a figure, now and then several.
    one = [kinds[int(rng.integers(len(kinds)))]] * count
    several = [kinds[int(rng.integers(len(kinds)))] for _ in range(count)]
    chosen = one if rng.random() < 0.7 else several
    pictures = [store[by_kind[kind][rng.integers(len(by_kind[kind]))]] for kind in chosen]
    return collage(pictures, rows, columns, rng)
