"""Connected components of small boolean grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def label(grid: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the 4-connected components of a grid; 0 where there is nothing."""
    labels = np.zeros(grid.shape, dtype=np.int32)
    rows, columns = grid.shape
    count = 0
    for start in zip(*np.nonzero(grid), strict=True):
        if labels[start]:
            continue
        count += 1
        labels[start] = count
        stack = [(int(start[0]), int(start[1]))]
        while stack:
            y, x = stack.pop()
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= v < rows and 0 <= u < columns and grid[v, u] and not labels[v, u]:
                    labels[v, u] = count
                    stack.append((v, u))
    return labels


def boxes_of_components(grid: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Give top, left, bottom and right (exclusive) of each 4-connected component."""
    labels = label(grid)
    boxes = []
    for number in range(1, int(labels.max(initial=0)) + 1):
        rows, columns = np.nonzero(labels == number)
        boxes.append(
            (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
        )
    return boxes
