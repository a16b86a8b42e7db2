"""Components of a grid are what can be walked without leaving it or going diagonally."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from medsift.sources.pdf.placement.components import boxes_of_components, label

_GRIDS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9))


def test_a_spiral_is_one_component_and_a_diagonal_is_many() -> None:
    drawn = ["#####", "#...#", "#.#.#", "#.###", "#...."]
    spiral = np.array([[c == "#" for c in row] for row in drawn])
    assert label(spiral).max() == 1
    assert boxes_of_components(spiral) == [(0, 0, 5, 5)]
    assert label(np.eye(4, dtype=np.bool_)).max() == 4


@given(_GRIDS)
def test_labels_and_boxes_agree_with_a_walk_over_the_cells(grid: NDArray[np.bool_]) -> None:
    walked = _walked(grid)
    assert np.array_equal(label(grid), walked)
    boxes = []
    for number in range(1, walked.max(initial=0) + 1):
        rows, columns = np.nonzero(walked == number)
        boxes.append((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
    assert boxes_of_components(grid) == boxes


def _walked(grid: NDArray[np.bool_]) -> NDArray[np.int32]:
    labels = np.zeros(grid.shape, dtype=np.int32)
    count = 0
    for start in np.argwhere(grid).tolist():
        if labels[tuple(start)]:
            continue
        count += 1
        stack = [tuple(start)]
        while stack:
            y, x = stack.pop()
            if 0 <= y < grid.shape[0] and 0 <= x < grid.shape[1] and grid[y, x] > labels[y, x]:
                labels[y, x] = count
                stack += [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    return labels
