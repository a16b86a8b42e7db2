"""Boxes of a figure: how they lie to one another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

Box: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels from the upper left corner; x1 and y1 are one past the last."""


def area(box: Box) -> int:
    """Pixels of a box."""
    return (box[2] - box[0]) * (box[3] - box[1])


def length(box: Box, axis: int) -> int:
    """Width (axis 0) or height (axis 1)."""
    return box[axis + 2] - box[axis]


def between(box: Box, axis: int, start: int, end: int) -> Box:
    """What lies between two places of a box, counted from its beginning."""
    x0, y0, x1, y1 = box
    return (x0 + start, y0, x0 + end, y1) if axis == 0 else (x0, y0 + start, x1, y0 + end)


def slenderness(box: Box) -> float:
    """The longer side over the shorter one."""
    sides = length(box, 0), length(box, 1)
    return max(sides) / max(1, min(sides))


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes have anything in common."""
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(
        one[1], other[1]
    )


def are_alike(one: Box, other: Box, part: float = 0.1) -> bool:
    """Whether two boxes have the same size, and stand in one row or column."""
    width, height = length(other, 0), length(other, 1)
    slack = part * max(width, height)
    same_size = abs(length(one, 0) - width) <= slack and abs(length(one, 1) - height) <= slack
    return same_size and min(abs(one[0] - other[0]), abs(one[1] - other[1])) <= slack


def grid(box: Box, columns: Sequence[int], rows: Sequence[int]) -> list[Box]:
    """What cuts at these places leave of a box, row by row."""
    xs, ys = [box[0], *columns, box[2]], [box[1], *rows, box[3]]
    return [(left, top, right, low) for top, low in pairwise(ys) for left, right in pairwise(xs)]


def reading_order(boxes: Sequence[Box]) -> list[Box]:
    """Sort boxes as one reads: by rows from the top, and from the left within a row.

    Parameters
    ----------
    boxes : sequence of Box
    """
    return [box for row in rows_of(boxes) for box in row]


def rows_of(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes by rows, each sorted from the left; of one row are those whose middles lie in it."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda b: (b[1] + b[3], b[0])):
        middle = (box[1] + box[3]) / 2
        if rows and any(b[1] <= middle < b[3] and b[1] + b[3] > 2 * box[1] for b in rows[-1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row) for row in rows]


def bands(boxes: Sequence[Box], axis: int) -> list[tuple[int, int]]:
    """The columns (axis 0) or rows (axis 1) that boxes stand in; empty where they stand in none.

    Boxes are of one band where their middles are near to each other and their lengths are alike.
    """
    found: list[list[tuple[int, int]]] = []
    for start, end in sorted(((b[axis], b[axis + 2]) for b in boxes), key=sum):
        if found:
            last = found[-1][len(found[-1]) // 2]
            near = abs(start + end - sum(last)) <= 0.3 * (end - start)
            alike = abs((end - start) - (last[1] - last[0])) <= 0.25 * (end - start)
            if near and alike:
                found[-1].append((start, end))
                continue
            if start < max(span[1] for span in found[-1]) - 0.1 * (end - start):
                return []
        found.append([(start, end)])
    return [(_middle([s for s, _ in band]), _middle([e for _, e in band])) for band in found]


def _middle(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]
