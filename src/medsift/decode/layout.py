"""What the boxes of a figure tell of one another: panels stand in rows and have alike sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

from medsift.decode.boxes import Box, area, grid, length, overlap

_FAR = 1.5
_ABREAST = 0.25
_HEIGHTS = 0.7


def apart(boxes: Iterable[Box]) -> list[Box]:
    """Of boxes within boxes the largest that are no groups of others."""
    known = list(boxes)
    taken: list[Box] = []
    for box in sorted(known, key=area, reverse=True):
        inside = [o for o in known if o != box and overlap(o, box) and area(o) <= area(box)]
        is_group = any(not overlap(one, two) for one, two in combinations(inside, 2))
        if not is_group and not any(overlap(box, other) for other in taken):
            taken.append(box)
    return taken


def cells(box: Box, found: Sequence[Box]) -> list[Box]:
    """What is as large as several panels of a row or column, next to others, is that many."""
    for axis in (0, 1):
        long, deep = length(box, axis), length(box, 1 - axis)
        alike = [
            length(other, axis)
            for other in found
            if abs(length(other, 1 - axis) - deep) <= 0.1 * deep
            and length(other, axis) < 0.6 * long
            and min(abs(other[axis] - box[axis]), abs(other[axis + 2] - box[axis + 2]))
            <= 0.05 * long
        ]
        if len(alike) < 2:
            continue
        side = sorted(alike)[len(alike) // 2]
        parts = round(long / side)
        if not -0.04 <= long / side / parts - 1 <= 0.12:
            continue
        cuts = [box[axis] + round(long * n / parts) for n in range(1, parts)]
        return grid(box, *((cuts, []) if axis == 0 else ([], cuts)))
    return [box]


def is_row(row: Sequence[Box]) -> bool:
    """Whether boxes of a row have alike heights."""
    heights = [length(box, 1) for box in row]
    return len(row) > 1 and min(heights) >= _HEIGHTS * max(heights)


def filled(row: Sequence[Box], whole: Box) -> list[Box]:
    """Boxes of a row, as wide as the cells that they stand in."""
    top, low = min(box[1] for box in row), max(box[3] for box in row)
    cuts = [(one[2] + two[0]) // 2 for one, two in pairwise(row)]
    half = max(0, min(b[0] - a[2] for a, b in pairwise(row)) // 2)
    left, right = max(whole[0], row[0][0] - half), min(whole[2], row[-1][2] + half)
    return grid((left, top, right, low), cuts, [])


def are_near(found: Sequence[Box]) -> bool:
    """Whether any two panels are no further apart than one and a half of the smaller one."""
    return any(
        all(
            max(one[axis], two[axis]) - min(one[axis + 2], two[axis + 2])
            <= _FAR * min(length(one, axis), length(two, axis))
            for axis in (0, 1)
        )
        for one, two in combinations(found, 2)
    )


def are_abreast(one: Box, other: Box) -> bool:
    """Whether two boxes begin and end nearly in the same rows, or in the same columns."""
    return any(
        abs(one[axis] - other[axis]) + abs(one[axis + 2] - other[axis + 2])
        <= _ABREAST * length(other, axis)
        for axis in (0, 1)
    )
