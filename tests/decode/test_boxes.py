"""How boxes lie to one another."""

from __future__ import annotations

import pytest

from medsift.decode.boxes import (
    are_alike,
    area,
    bands,
    between,
    grid,
    overlap,
    reading_order,
    rows_of,
    slenderness,
)

GRID = [(0, 0, 40, 30), (50, 0, 90, 30), (0, 40, 40, 70), (50, 40, 90, 70)]


def test_area_and_slenderness_are_those_of_the_sides() -> None:
    assert area((10, 20, 40, 30)) == 300
    assert slenderness((10, 20, 40, 30)) == slenderness((20, 10, 30, 40)) == 3


def test_places_between_which_a_part_lies_count_from_the_beginning_of_the_box() -> None:
    assert between((10, 20, 60, 90), 0, 5, 30) == (15, 20, 40, 90)
    assert between((10, 20, 60, 90), 1, 5, 30) == (10, 25, 60, 50)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((9, 9, 20, 20), True),
        ((2, 2, 5, 5), True),
        ((10, 0, 20, 10), False),
        ((0, 10, 10, 20), False),
        ((2, 12, 5, 20), False),
    ],
)
def test_boxes_that_only_touch_have_nothing_in_common(
    other: tuple[int, int, int, int], expected: bool
) -> None:
    assert overlap((0, 0, 10, 10), other) == overlap(other, (0, 0, 10, 10)) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((200, 3, 300, 98), True),  # of one row
        ((4, 300, 104, 400), True),  # of one column
        ((200, 300, 300, 400), False),
        ((200, 0, 300, 80), False),
        ((200, 0, 320, 100), False),
    ],
)
def test_boxes_are_alike_in_size_and_in_line(
    other: tuple[int, int, int, int], expected: bool
) -> None:
    assert are_alike((0, 0, 100, 100), other) == expected


def test_cuts_leave_cells_row_by_row() -> None:
    assert grid((10, 10, 50, 40), [30], [20]) == [
        (10, 10, 30, 20),
        (30, 10, 50, 20),
        (10, 20, 30, 40),
        (30, 20, 50, 40),
    ]
    assert grid((10, 10, 50, 40), [], []) == [(10, 10, 50, 40)]


def test_boxes_are_read_by_rows_from_the_left_also_where_tops_differ_a_little() -> None:
    uneven = [(50, 3, 90, 33), (0, 0, 40, 30), (50, 38, 90, 68), (0, 40, 40, 70)]
    assert reading_order(uneven) == [uneven[1], uneven[0], uneven[3], uneven[2]]
    assert [len(row) for row in rows_of(uneven)] == [2, 2]


def test_high_and_narrow_boxes_side_by_side_are_one_row() -> None:
    narrow = [(20, 5, 30, 95), (0, 0, 10, 100), (40, 2, 50, 98)]
    assert rows_of(narrow) == [sorted(narrow)]


def test_columns_and_rows_are_those_that_the_boxes_stand_in() -> None:
    assert bands(GRID, 0) == [(0, 40), (50, 90)]
    assert bands(GRID, 1) == [(0, 30), (40, 70)]


def test_a_band_has_the_middle_of_its_boxes() -> None:
    column = [(0, 0, 40, 30), (2, 40, 44, 70), (4, 80, 46, 110)]
    assert bands(column, 0) == [(2, 44)]
    second = [(x0 + 100, y0, x1 + 100, y1) for x0, y0, x1, y1 in column]
    assert bands([(0, 0, 40, 30), *second], 0) == [(0, 40), (102, 144)]


def test_boxes_of_other_widths_that_reach_into_one_another_stand_in_no_columns() -> None:
    assert bands([(0, 0, 40, 30), (20, 40, 90, 70)], 0) == []
