"""Figures put together from training pictures, and the folder of all that is made up.

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
from medsift.training.emission import as_planar, as_slice
from medsift.training.frames import window_around
from medsift.training.procedural import DRAWN_KINDS, draw
from medsift.training.stains import dyed, in_brown, in_red, in_special_stains
from medsift.training.variants import (
    as_angiogram,
    cut_out,
    grey_detail,
    inverted_on_paper,
    recoloured,
)

_GRIDS = ((1, 2), (1, 3), (2, 2), (2, 3), (1, 4), (3, 3), (2, 1), (2, 4), (3, 2), (3, 4))
_NOT_IN_PANELS = frozenset({"multipanel", "viewer_screenshot", "biosignal"})
_MULTIPANEL = "multipanel"
_PER_DRAWN_KIND = 150
_MEDICAL_COLLAGES = 300
_COLLAGES_PER_KIND = 25
_VARIANTS = (
    # Kind of the picture that is remade, kind of the result, source, how, how many.
    ("spectrogram", "spectrogram", "synthetic-recoloured", recoloured, 130),
    ("nuclear", "nuclear", "synthetic-inverted", inverted_on_paper, 80),
    ("ct", "nuclear", "synthetic-slice-of-ct", as_slice, 160),
    ("mri", "nuclear", "synthetic-slice-of-mri", as_slice, 80),
    ("xray", "nuclear", "synthetic-planar", as_planar, 80),
    ("fundus", "oct", "synthetic-angiogram", as_angiogram, 160),
    ("texture", "texture", "synthetic-detail", grey_detail, 80),
    ("photo", "texture", "synthetic-detail-photo", grey_detail, 80),
    ("plant", "texture", "synthetic-detail-plant", grey_detail, 40),
    ("histopathology", "histopathology", "synthetic-stains-brown", in_brown, 160),
    ("histopathology", "histopathology", "synthetic-stains-red", in_red, 80),
    ("histopathology", "histopathology", "synthetic-stains-special", in_special_stains, 80),
    # The colours of stains alone are to mean nothing.
    ("texture", "texture", "synthetic-stains", dyed, 30),
    ("plant", "texture", "synthetic-stains-plant", dyed, 20),
)
_WINDOWS = (("viewer_screenshot", "medical", 150), ("screenshot", "non_medical", 150))
_IN_VIEWERS = frozenset(
    {
        "angiography",
        "ct",
        "endoscopy",
        "histopathology",
        "mammography",
        "mri",
        "nuclear",
        "oct",
        "ultrasound",
        "xray",
    }
)
_NOT_IN_EDITORS = frozenset({"screenshot", "industrial_inspection", "anatomy_drawing"})
_CUT_OUTS_PER_KIND = 20


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
    by_kind: dict[str, list[int]] = {}
    for index, example in enumerate(store.examples):
        if example.kind in kinds:
            by_kind.setdefault(example.kind, []).append(index)
    for kind in sorted(kinds & set(DRAWN_KINDS)):
        for number in range(_PER_DRAWN_KIND):
            yield kind, f"synthetic-drawn/{number}.webp", draw(kind, rng)
    yield from _collages(store, by_kind, rng)
    yield from _remade(store, by_kind, rng)
    yield from _windows(store, by_kind, rng)


def _collages(
    store: PixelStore, by_kind: dict[str, list[int]], rng: np.random.Generator
) -> Iterator[tuple[str, str, Pixels]]:
    for kind in sorted(by_kind):
        panels, count = [kind], _COLLAGES_PER_KIND
        if kind == _MULTIPANEL:
            panels = sorted(set(filter(_is_medical, by_kind)) - _NOT_IN_PANELS)
            count = _MEDICAL_COLLAGES if panels else 0
        elif _is_medical(kind):
            continue
        for number in range(count):
            pixels = _collage_of(store, by_kind, panels, rng)
            yield kind, f"synthetic-collage/{number}.webp", pixels


def _remade(
    store: PixelStore, by_kind: dict[str, list[int]], rng: np.random.Generator
) -> Iterator[tuple[str, str, Pixels]]:
    for kind in sorted(kind for kind in by_kind if not _is_medical(kind)):
        for number in range(_CUT_OUTS_PER_KIND):
            pixels = cut_out(_any(store, by_kind[kind], rng), rng)
            yield kind, f"synthetic-cut-out/{number}.webp", pixels
    for origin, kind, source, remake, count in _VARIANTS:
        for number in range(count if {origin, kind} <= by_kind.keys() else 0):
            pixels = remake(_any(store, by_kind[origin], rng), rng)
            yield kind, f"{source}/{number}.webp", pixels


def _windows(
    store: PixelStore, by_kind: dict[str, list[int]], rng: np.random.Generator
) -> Iterator[tuple[str, str, Pixels]]:
    for kind, label, count in _WINDOWS:
        if label == "medical":
            shown = sorted(_IN_VIEWERS & by_kind.keys())
        else:
            shown = sorted(k for k in by_kind.keys() - _NOT_IN_EDITORS if not _is_medical(k))
        for number in range(count if kind in by_kind and shown else 0):
            one = by_kind[shown[int(rng.integers(len(shown)))]]
            pictures = [_any(store, one, rng) for _ in range(4)]
            yield kind, f"synthetic-window/{number}.webp", window_around(pictures, rng)


def _is_medical(kind: str) -> bool:
    return KINDS[kind].label == "medical"


def _any(store: PixelStore, indices: Sequence[int], rng: np.random.Generator) -> Pixels:
    return store[indices[int(rng.integers(len(indices)))]]


def _collage_of(
    store: PixelStore, by_kind: dict[str, list[int]], kinds: Sequence[str], rng: np.random.Generator
) -> Pixels:
    rows, columns = _GRIDS[rng.integers(len(_GRIDS))]
    count = rows * columns
    # Mostly one kind a figure, now and then several.
    one = [kinds[int(rng.integers(len(kinds)))]] * count
    several = [kinds[int(rng.integers(len(kinds)))] for _ in range(count)]
    chosen = one if rng.random() < 0.7 else several
    pictures = [_any(store, by_kind[kind], rng) for kind in chosen]
    return collage(pictures, rows, columns, rng)
