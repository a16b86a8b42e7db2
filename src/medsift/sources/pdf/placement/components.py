"""Connected components of small boolean grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def label(grid: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the 4-connected components of a grid; 0 where there is nothing.

    Rows are cut into runs, and runs that touch across rows are united: the work grows with
    their number, not with that of the cells.
    """
    rows, columns = grid.shape
    framed = np.zeros((rows, columns + 2), dtype=np.int8)
    framed[:, 1:-1] = grid
    steps = np.diff(framed, axis=1)
    starts, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
    runs = np.column_stack([starts, ends[:, 1]]).tolist()
    parent = list(range(len(runs)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    above = 0
    for i, (row, start, end) in enumerate(runs):
        while runs[above][0] < row - 1 or (runs[above][0] == row - 1 and runs[above][2] <= start):
            above += 1
        other = above
        while runs[other][0] == row - 1 and runs[other][1] < end:
            one, two = find(i), find(other)
            parent[max(one, two)] = min(one, two)
            other += 1
    labels = np.zeros(grid.shape, dtype=np.int32)
    numbers: dict[int, int] = {}
    for i, (row, start, end) in enumerate(runs):
        labels[row, start:end] = numbers.setdefault(find(i), len(numbers) + 1)
    return labels


def boxes_of_components(grid: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Give top, left, bottom and right (exclusive) of each 4-connected component."""
    labels = label(grid)
    rows, columns = np.nonzero(labels)
    numbers = labels[rows, columns] - 1
    count = int(labels.max(initial=0))
    low = np.full((count, 2), max(grid.shape, default=0))
    high = np.zeros((count, 2), dtype=low.dtype)
    places = np.column_stack([rows, columns])
    np.minimum.at(low, numbers, places)
    np.maximum.at(high, numbers, places + 1)
    return [(*first, *last) for first, last in zip(low.tolist(), high.tolist(), strict=True)]
