"""Pictures that repeat side by side are cut where one ends and the next begins."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from medsift.decode.repeats import cuts


def strip(parts: int, width: int, height: int) -> NDArray[np.uint8]:
    """The same bright shape on black, so many times."""
    chance = np.random.default_rng(parts)
    y, x = np.mgrid[0:height, 0:width]
    shape = ((x - width / 2) / (width / 4)) ** 2 + ((y - height / 2) / (height / 4)) ** 2
    noisy = [200 * np.exp(-shape) + chance.normal(0, 6, shape.shape) for _ in range(parts)]
    made: NDArray[np.uint8] = np.clip(np.concatenate(noisy, axis=1), 0, 255).astype(np.uint8)
    return made


@pytest.mark.parametrize(
    ("parts", "width", "height", "expected"),
    [(2, 100, 40, [100]), (3, 80, 60, [80, 160]), (5, 40, 40, [40, 80, 120, 160])],
)
def test_equal_parts_are_found_along_either_axis(
    parts: int, width: int, height: int, expected: list[int]
) -> None:
    across = strip(parts, width, height)
    down = np.ascontiguousarray(across.T)
    assert cuts(across, (0, 0, parts * width, height), 0, 14) == expected
    assert cuts(down, (0, 0, height, parts * width), 1, 14) == expected
    assert cuts(across, (0, 0, parts * width, height), 1, 14) == []


def test_places_count_from_the_beginning_of_the_box() -> None:
    figure = np.pad(strip(3, 80, 60), ((10, 10), (30, 30)))
    assert cuts(figure, (30, 10, 270, 70), 0, 14) == [80, 160]


def test_parts_are_no_shorter_than_asked() -> None:
    assert cuts(strip(5, 40, 40), (0, 0, 200, 40), 0, 41) == []
    assert cuts(strip(3, 80, 60), (0, 0, 240, 60), 0, 80) == [80, 160]


def test_one_picture_is_not_cut() -> None:
    assert cuts(strip(1, 200, 60), (0, 0, 200, 60), 0, 14) == []
    noise = np.random.default_rng(1).integers(0, 256, (60, 200), dtype=np.uint8)
    assert cuts(noise, (0, 0, 200, 60), 0, 14) == []
