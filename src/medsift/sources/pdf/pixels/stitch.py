"""Strips and tiles joined into one picture, where their pixels say that they are one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import LimitError
from medsift.core.picture import Pixels
from medsift.sources.pdf.geometry import union
from medsift.sources.pdf.placement.placements import Placement
from medsift.sources.pdf.placement.units import pixels_per_point, touching_side

# How much larger than beside it a step across a seam may be: factor and grey levels.
_LOOSE = (2.5, 6.0)
_STRICT = (1.4, 2.0)
_TEXTURE = 3.0
_STRIP_ASPECT = 3.0
_MANY_PIECES = 12


def parts_of(pieces: Mapping[Placement, Pixels]) -> list[tuple[Placement, ...]]:
    """Split adjacent images into those that are one picture.

    Panels of a figure may touch each other as strips of a scan do. The step across a seam
    tells: inside one picture it is about as large as the steps beside it. Where both sides are
    flat nothing can be told, and then only pieces of a shape that no panel has are joined:
    long strips, or pieces of different sizes as a cutter leaves them at the end.

    Parameters
    ----------
    pieces : mapping of Placement to ndarray of uint8, shape (h, w, 3)
        Upright pixels, in the order of drawing.

    Returns
    -------
    list of tuple of Placement
    """
    placements = list(pieces)
    if len(placements) >= _MANY_PIECES and _cut_by_machine(placements):
        return [tuple(placements)]
    fragments = _cut_by_machine(placements)
    group = {p: i for i, p in enumerate(placements)}
    for i, one in enumerate(placements):
        for other in placements[i + 1 :]:
            if group[one] == group[other]:
                continue
            side = touching_side(one, other)
            if side and _continues(pieces[one], pieces[other], side, fragments):
                old, new = group[other], group[one]
                group = {p: new if g == old else g for p, g in group.items()}
    parts: dict[int, list[Placement]] = {}
    for placement in placements:
        parts.setdefault(group[placement], []).append(placement)
    return [tuple(part) for part in parts.values()]


def join(pieces: Mapping[Placement, Pixels], most_pixels: int) -> Pixels:
    """Lay pieces on one canvas, at the resolution of the finest.

    Parameters
    ----------
    pieces : mapping of Placement to ndarray of uint8, shape (h, w, 3)
        Upright pixels, in the order of drawing.
    most_pixels : int

    Raises
    ------
    LimitError
        The joined picture would have more than ``most_pixels``.
    """
    boxes = {p: p.bbox for p in pieces}
    x0, y0, x1, y1 = union(list(boxes.values()))
    scale_x, scale_y = (_finest(list(pieces), axis) for axis in (0, 1))
    width = max(1, round((x1 - x0) * scale_x))
    height = max(1, round((y1 - y0) * scale_y))
    if width * height > most_pixels:
        raise LimitError(f"{width} x {height} pixels of joined tiles are too many")
    canvas = np.full((height, width, 3), 255, dtype=np.uint8)
    for placement, pixels in pieces.items():
        box = boxes[placement]
        left, right = (round((x - x0) * scale_x) for x in (box[0], box[2]))
        top, bottom = (round((y1 - y) * scale_y) for y in (box[3], box[1]))
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        fitted = _fit(pixels, right - left, bottom - top)
        target = canvas[top:bottom, left:right]
        target[:] = fitted[: target.shape[0], : target.shape[1]]
    return canvas


def _finest(placements: list[Placement], axis: int) -> float:
    """Pixels per point; only the longest pieces know it well."""
    longest = max(p.upright_size[axis] for p in placements)
    return max(pixels_per_point(p)[axis] for p in placements if p.upright_size[axis] == longest)


def _fit(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _cut_by_machine(placements: list[Placement]) -> bool:
    sizes = {p.upright_size for p in placements}
    strips = any(max(w, h) >= _STRIP_ASPECT * min(w, h) for w, h in sizes)
    return strips or len(sizes) > 1 or len(placements) >= _MANY_PIECES


def _continues(one: Pixels, other: Pixels, side: str, fragments: bool) -> bool:
    """Whether a picture goes on across the side that two images share."""
    if side in {"left", "right"}:
        one, other = one.transpose(1, 0, 2), other.transpose(1, 0, 2)
    if side in {"top", "left"}:
        one, other = other, one
    edge_one, edge_other = _edge(one[::-1]), _edge(other)
    length = min(edge_one.shape[1], edge_other.shape[1])
    edge_one, edge_other = edge_one[:, :length], edge_other[:, :length]
    across = float(np.abs(edge_one[0] - edge_other[0]).mean())
    beside = max(
        float(np.abs(edge_one[0] - edge_one[-1]).mean()),
        float(np.abs(edge_other[0] - edge_other[-1]).mean()),
    )
    factor, slack = _LOOSE if fragments else _STRICT
    if across > factor * beside + slack:
        return False
    along = max(float(edge_one[0].std(axis=0).mean()), float(edge_other[0].std(axis=0).mean()))
    return fragments or along > _TEXTURE


def _edge(rows: Pixels) -> NDArray[np.int16]:
    """The outermost two rows, the outermost first."""
    return rows[:2].astype(np.int16)
