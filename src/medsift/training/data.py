"""Labelled folders become decoded pictures on disk, decoded once and read many times."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.classify.card import ModelClass
from medsift.core.errors import InputError
from medsift.core.picture import Pixels
from medsift.core.taxonomy import TAXONOMY
from medsift.evaluation.labelled import LABELS, Example
from medsift.evaluation.measure import read_pixels

_SHORT_SIDE = 256
_LONG_SIDE = 512


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that was left out of training, and why."""

    path: Path
    error: str


class PixelStore:
    """Decoded pictures in one file that is mapped into memory.

    Parameters
    ----------
    path : Path
        As written by :func:`build_store`.
    examples : sequence of Example
        Those that could be read, in the order of the pictures.
    offsets, shapes : ndarray of int64, shapes (n,) and (n, 2)
    """

    def __init__(
        self,
        path: Path,
        examples: Sequence[Example],
        offsets: NDArray[np.int64],
        shapes: NDArray[np.int64],
    ) -> None:
        self.examples = tuple(examples)
        self._path = path
        self._offsets = offsets
        self._shapes = shapes
        self._map: np.memmap[tuple[int], np.dtype[np.uint8]] | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Pixels:
        # Opened on first use, so that each worker process has a map of its own.
        if self._map is None:
            self._map = np.memmap(self._path, np.uint8, "r")
        height, width = (int(v) for v in self._shapes[index])
        start = int(self._offsets[index])
        flat = self._map[start : start + height * width * 3]
        return np.asarray(flat).reshape(height, width, 3)

    def subset(self, indices: Sequence[int]) -> PixelStore:
        """Some of the pictures, without copying them."""
        chosen = list(indices)
        examples = [self.examples[i] for i in chosen]
        return PixelStore(self._path, examples, self._offsets[chosen], self._shapes[chosen])


def build_store(
    examples: Sequence[Example],
    folder: Path,
    progress: Callable[[int], object] = lambda _: None,
) -> tuple[PixelStore, list[Unreadable]]:
    """Decode labelled images into a store, or take the one that is already there.

    Large pictures are reduced to a shorter side of 256 pixels. The store's name is derived
    from paths, sizes and times of the files: it is rebuilt when any of them changes.

    Parameters
    ----------
    examples : sequence of Example
    folder : Path
        For the store; made where it is missing.
    progress : callable
        Called with 1 for each picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pixels-{_fingerprint(examples)}.bin"
    index = path.with_suffix(".json")
    if not index.is_file():
        _write_store(examples, path, index, progress)
    rows = json.loads(index.read_text(encoding="utf-8"))
    kept = [examples[i] for i in rows["kept"]]
    unreadable = [Unreadable(examples[i].path, error) for i, error in rows["unreadable"]]
    shapes = np.array(rows["shapes"], dtype=np.int64).reshape(-1, 2)
    sizes = shapes.prod(axis=1) * 3
    return PixelStore(path, kept, np.cumsum(sizes) - sizes, shapes), unreadable


def classes_of(examples: Sequence[Example]) -> tuple[ModelClass, ...]:
    """Outputs of a network for these examples.

    The kinds in the order of the taxonomy, then kinds that are not in it by name; where there
    are no kinds, the labels themselves.
    """
    pairs = {(e.kind or e.label, e.label) for e in examples}
    known = [(kind.name, kind.label) for kind in TAXONOMY]
    rank = {pair: i for i, pair in enumerate(known)}
    ordered = sorted(pairs, key=lambda p: (rank.get(p, len(rank)), LABELS.index(p[1]), p[0]))
    return tuple(ModelClass(name, label) for name, label in ordered)


def targets_of(examples: Sequence[Example], classes: Sequence[ModelClass]) -> NDArray[np.int64]:
    """Index of the class of each example."""
    index = {(c.name, c.label): i for i, c in enumerate(classes)}
    return np.array([index[e.kind or e.label, e.label] for e in examples], dtype=np.int64)


def split_by_source(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """Split into two without cutting through a source.

    Sources are taken in random order within each label until ``share`` of its pictures is
    reached; where a label has a single source, its pictures are split at random.

    Returns
    -------
    rest, part : list of Example
    """
    rng = np.random.default_rng(seed)
    chosen: set[int] = set()
    for label in LABELS:
        members: dict[str, list[int]] = {}
        for i, example in enumerate(examples):
            if example.label == label:
                members.setdefault(example.group, []).append(i)
        groups = list(members.values())
        if len(groups) == 1:
            groups = [[i] for i in groups[0]]
        wanted = share * sum(map(len, groups))
        taken: list[int] = []
        for place in rng.permutation(len(groups))[: max(1, len(groups) - 1)]:
            if len(taken) >= wanted:
                break
            if not taken or len(taken) + len(groups[place]) <= 1.5 * wanted:
                taken += groups[place]
        chosen.update(taken)
    rest = [e for i, e in enumerate(examples) if i not in chosen]
    return rest, [e for i, e in enumerate(examples) if i in chosen]


def _write_store(
    examples: Sequence[Example], path: Path, index: Path, progress: Callable[[int], object]
) -> None:
    kept: list[int] = []
    shapes: list[tuple[int, int]] = []
    unreadable: list[tuple[int, str]] = []
    # Under a name of this process's own until it is whole: two runs may share a folder, and one
    # of them may be interrupted.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            for i, example in enumerate(examples):
                try:
                    pixels = _reduced(read_pixels(example, _SHORT_SIDE))
                except InputError as error:
                    unreadable.append((i, error.record_text))
                else:
                    file.write(np.ascontiguousarray(pixels).tobytes())
                    kept.append(i)
                    shapes.append((pixels.shape[0], pixels.shape[1]))
                progress(1)
        partial.replace(path)
        rows = {"kept": kept, "shapes": shapes, "unreadable": unreadable}
        partial.write_text(json.dumps(rows), encoding="utf-8")
        partial.replace(index)
    finally:
        partial.unlink(missing_ok=True)


def _reduced(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    factor = min(_SHORT_SIDE / min(height, width), _LONG_SIDE / max(height, width))
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)


def _fingerprint(examples: Sequence[Example]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        stat = example.path.stat()
        row = (str(example.path), stat.st_size, stat.st_mtime_ns)
        digest.update(repr(row).encode())
    return digest.hexdigest()[:16]
