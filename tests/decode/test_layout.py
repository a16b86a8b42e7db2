"""What the boxes of a figure tell of one another."""

from __future__ import annotations

from medsift.decode.layout import apart, are_abreast, are_near, cells, filled, is_row

LEFT, RIGHT = (0, 0, 40, 30), (50, 0, 90, 30)


def test_a_box_around_several_others_gives_way_to_them() -> None:
    assert set(apart([(0, 0, 100, 40), LEFT, RIGHT])) == {LEFT, RIGHT}


def test_a_box_around_one_other_stays_and_the_other_goes() -> None:
    assert apart([LEFT, (0, 0, 42, 33)]) == [(0, 0, 42, 33)]


def test_a_box_as_long_as_two_panels_of_its_row_is_two() -> None:
    row = [LEFT, RIGHT]
    assert cells((100, 0, 180, 30), row) == [(100, 0, 180, 30)]  # in no line with the row
    assert cells((0, 40, 90, 70), [(0, 0, 44, 30), (46, 0, 90, 30)]) == [
        (0, 40, 45, 70),
        (45, 40, 90, 70),
    ]


def test_a_box_as_high_as_three_panels_of_its_column_is_three() -> None:
    column = [(50, 0, 90, 30), (50, 60, 90, 90), (100, 0, 140, 31)]
    assert cells((0, 0, 40, 90), column) == [(0, 0, 40, 30), (0, 30, 40, 60), (0, 60, 40, 90)]


def test_the_usual_length_of_the_others_counts() -> None:
    others = [(0, 0, 20, 30), (0, 40, 30, 70), (0, 80, 30, 110)]
    assert len(cells((0, 120, 90, 150), others)) == 3


def test_what_is_no_multiple_of_the_others_stays_whole() -> None:
    assert cells((0, 40, 65, 70), [LEFT, (10, 0, 48, 30)]) == [(0, 40, 65, 70)]
    assert cells((0, 40, 90, 70), [LEFT]) == [(0, 40, 90, 70)]


def test_a_row_has_boxes_of_alike_heights() -> None:
    assert is_row([LEFT, RIGHT])
    assert is_row([LEFT, (50, 0, 90, 21)])
    assert not is_row([LEFT, (50, 0, 90, 20)])
    assert not is_row([LEFT])


def test_cells_of_a_row_meet_in_the_middle_of_its_gutters_and_end_within_the_whole() -> None:
    assert filled([LEFT, RIGHT], (0, 0, 200, 100)) == [(0, 0, 45, 30), (45, 0, 95, 30)]
    assert filled([(10, 5, 40, 30), RIGHT], (8, 0, 92, 100)) == [(8, 0, 45, 30), (45, 0, 92, 30)]


def test_panels_with_room_for_another_between_them_are_not_near() -> None:
    assert are_near([LEFT, (100, 0, 140, 30)])
    assert not are_near([LEFT, (101, 0, 140, 30)])
    assert not are_near([LEFT, (0, 80, 40, 110)])
    assert are_near([LEFT, (0, 300, 40, 330), (50, 300, 90, 330)])  # any two will do


def test_boxes_are_abreast_that_begin_and_end_alike() -> None:
    assert are_abreast(LEFT, (200, 3, 300, 34))
    assert are_abreast((4, 90, 38, 300), LEFT)
    assert not are_abreast(LEFT, (50, 10, 90, 40))
