"""The panels of a figure: along gutters, at seams, and none where there is one picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from medsift.core.picture import Pixels
from medsift.decode import panels
from medsift.decode.panels import Box, find_panels, reading_order


def picture(seed: int, width: int, height: int) -> Pixels:
    """Something with shades like a scan: a few soft spots on a slope, with noise."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    shade = 60 + 90 * x / width + chance.normal(0, 14, (height, width))
    for _ in range(6):
        cx, cy, r = chance.uniform(0, width), chance.uniform(0, height), chance.uniform(8, 30)
        shade += chance.uniform(-90, 90) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / r**2)
    return np.repeat(np.clip(shade, 0, 235).astype(np.uint8)[..., None], 3, axis=2)


def laid_out(boxes: list[Box], ground: tuple[int, int, int]) -> Pixels:
    """A figure with a picture in each box."""
    width, height = max(b[2] for b in boxes) + 6, max(b[3] for b in boxes) + 6
    figure = np.full((height, width, 3), ground, dtype=np.uint8)
    for seed, (x0, y0, x1, y1) in enumerate(boxes):
        figure[y0:y1, x0:x1] = picture(seed, x1 - x0, y1 - y0)
    return figure


def overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    inside = max(0, width) * max(0, height)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return inside / (sum(areas) - inside)


def assert_found(figure: Pixels, boxes: list[Box]) -> None:
    found = find_panels(figure)
    assert len(found) == len(boxes), found
    for wanted in boxes:
        assert max(overlap(wanted, box) for box in found) > 0.9, (wanted, found)


GRID: list[Box] = [(6, 6, 126, 106), (136, 6, 256, 106), (6, 116, 126, 216), (136, 116, 256, 216)]
UNEVEN: list[Box] = [(6, 6, 176, 216), (186, 6, 286, 106), (186, 116, 286, 216)]
THREE: list[Box] = [(6, 6, 106, 136), (116, 6, 216, 136), (226, 6, 326, 136)]


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (40, 60, 160)])
@pytest.mark.parametrize("boxes", [GRID, UNEVEN, THREE], ids=["grid", "uneven", "row"])
def test_panels_lie_between_gutters_of_any_plain_colour(
    boxes: list[Box], ground: tuple[int, int, int]
) -> None:
    assert_found(laid_out(boxes, ground), boxes)


def test_letters_and_scale_bars_in_a_gutter_are_no_panels_and_hide_none() -> None:
    boxes: list[Box] = [
        (20, 6, 140, 126),
        (160, 6, 280, 126),
        (20, 150, 140, 270),
        (160, 150, 280, 270),
    ]
    figure = laid_out(boxes, (255, 255, 255))
    for x in (4, 146):
        figure[8:16, x : x + 8] = 0
    figure[132:136, 40:90] = 0
    assert_found(figure, boxes)


def test_a_strip_of_text_below_is_no_panel() -> None:
    figure = np.pad(
        laid_out(THREE, (255, 255, 255)), ((0, 40), (0, 0), (0, 0)), constant_values=255
    )
    chance = np.random.default_rng(3)
    for top in (146, 156, 166):
        figure[top : top + 5, 6:320][chance.random((5, 314)) < 0.4] = 0
    assert_found(figure, THREE)


def textured(seed: int, width: int, height: int) -> Pixels:
    """Light and dark all over, with soft borders, as in tissue."""
    chance = np.random.default_rng(seed)
    coarse = chance.uniform(20, 230, (height // 14 + 2, width // 14 + 2))
    image = Image.fromarray(coarse.astype(np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.repeat(np.asarray(image)[..., None], 3, axis=2)


def test_panels_that_touch_are_told_by_their_edges() -> None:
    for boxes in ([(0, 0, 150, 140), (150, 0, 300, 140)], [(0, 0, 300, 90), (0, 90, 300, 180)]):
        figure = np.zeros((boxes[-1][3], boxes[-1][2], 3), dtype=np.uint8)
        for seed, (x0, y0, x1, y1) in enumerate(boxes):
            figure[y0:y1, x0:x1] = textured(seed, x1 - x0, y1 - y0)
        assert_found(figure, boxes)


def touching(columns: int, rows: int, width: int, height: int) -> Pixels:
    """Pictures without a gutter between them."""
    return np.concatenate(
        [
            np.concatenate([textured(9 * r + c, width, height) for c in range(columns)], axis=1)
            for r in range(rows)
        ]
    )


def test_pairs_that_touch_are_parted_in_each_row_that_gutters_leave() -> None:
    figure = np.full((240, 200, 3), 255, dtype=np.uint8)
    figure[6:114, 6:194], figure[124:232, 6:194] = touching(2, 1, 94, 108), touching(2, 1, 94, 108)
    boxes: list[Box] = [(6, 6, 100, 114), (100, 6, 194, 114)]
    assert_found(figure, boxes + [(x0, y0 + 118, x1, y1 + 118) for x0, y0, x1, y1 in boxes])


def test_a_whole_grid_of_pictures_that_touch_is_parted() -> None:
    figure = touching(5, 4, 60, 56)
    assert_found(
        figure, [(x, y, x + 60, y + 56) for y in range(0, 224, 56) for x in range(0, 300, 60)]
    )


def test_a_mask_beside_a_scan_of_its_size_is_a_panel() -> None:
    figure = laid_out(THREE, (255, 255, 255))
    figure[6:136, 116:216] = 0
    figure[40:80, 140:190] = 255
    assert_found(figure, THREE)


@pytest.mark.parametrize("margin", [0, 12])
def test_one_picture_has_no_panels(margin: int) -> None:
    framed = np.pad(
        picture(5, 260, 200), ((margin,) * 2, (margin,) * 2, (0, 0)), constant_values=255
    )
    assert find_panels(framed) == ()


def test_lines_over_a_picture_do_not_part_it() -> None:
    single = textured(8, 400, 320)
    single[:, 200], single[160, :] = 255, 255
    assert find_panels(single) == ()


def test_squared_paper_is_not_parted() -> None:
    paper = np.full((200, 300, 3), (255, 225, 225), dtype=np.uint8)
    paper[::10], paper[:, ::10] = (230, 120, 120), (230, 120, 120)
    x = np.arange(300)
    y = (100 + 60 * np.sin(x / 9) * (x % 60 < 12)).astype(int)
    paper[y, x] = 0
    assert find_panels(paper) == ()


def test_bars_of_a_chart_are_no_panels() -> None:
    chart = np.full((200, 300, 3), 255, dtype=np.uint8)
    for left, height in ((30, 120), (90, 80), (150, 160), (210, 50)):
        chart[190 - height : 190, left : left + 40] = (30, 90, 200)
    chart[190:192, 10:290] = 0
    assert find_panels(chart) == ()


@pytest.mark.parametrize("fill", [225, 60, (30, 90, 200)])
def test_a_key_beside_panels_is_none(fill: int | tuple[int, int, int]) -> None:
    boxes = GRID[:2]
    figure = np.pad(
        laid_out(boxes, (255, 255, 255)), ((0, 0), (0, 84), (0, 0)), constant_values=255
    )
    figure[20:90, 270:320] = fill
    for number, level in enumerate((20, 60, 100, 140, 180)):
        figure[30:38, 275 + 8 * number : 283 + 8 * number] = level
    assert_found(figure, boxes)


@pytest.mark.parametrize("width", [20, 33])
def test_a_strip_at_the_edge_is_no_panel(width: int) -> None:
    figure = np.concatenate([textured(0, width, 140), textured(1, 300 - width, 140)], axis=1)
    assert find_panels(figure) == ()


def test_the_same_figure_gives_the_same_panels() -> None:
    figure = laid_out(GRID, (255, 255, 255))
    assert find_panels(figure) == find_panels(figure.copy())


def test_boxes_are_sorted_as_one_reads() -> None:
    assert reading_order(GRID[::-1]) == GRID
    assert reading_order([UNEVEN[2], UNEVEN[0], UNEVEN[1]])[0] in UNEVEN[:2]


def by_chance(seed: int, gutter: int, ground: int) -> Pixels:
    """Rows of pictures of any sizes on a ground; some repeat, some are blocks of colours."""
    chance = np.random.default_rng(seed)
    rows: list[Pixels] = []
    for _ in range(chance.integers(1, 5)):
        height, width = chance.integers(12, 110, 2).tolist()
        row: list[Pixels] = []
        for _ in range(chance.integers(1, 5)):
            part = picture(seed, width, height)
            if chance.random() < 0.2:
                part = chance.choice(np.array([0, 90, 255], dtype=np.uint8), (height, width, 3))
            elif chance.random() < 0.2:
                part = np.tile(part[:, : max(1, width // 4)], (1, int(chance.integers(1, 5)), 1))
            row += [part, np.full((height, gutter, 3), ground, dtype=np.uint8)]
            if chance.random() < 0.5:
                width = int(chance.integers(12, 110))
        rows += [np.concatenate(row, axis=1), np.full((gutter, 1, 3), ground, dtype=np.uint8)]
    most = max(row.shape[1] for row in rows)
    wide = [
        np.pad(row, ((0, 0), (0, most - row.shape[1]), (0, 0)), constant_values=ground)
        for row in rows
    ]
    margins = (*[chance.integers(0, 60, 2).tolist() for _ in range(2)], (0, 0))
    return np.pad(np.concatenate(wide), margins, constant_values=ground)


@given(st.integers(0, 2**32), st.integers(0, 12), st.sampled_from([0, 90, 255]))
def test_whatever_comes_boxes_lie_within_it_and_apart(seed: int, gutter: int, ground: int) -> None:
    pixels = by_chance(seed, gutter, ground)
    found = find_panels(pixels)
    assert len(found) != 1
    for place, (x0, y0, x1, y1) in enumerate(found):
        assert 0 <= x0 < x1 <= pixels.shape[1]
        assert 0 <= y0 < y1 <= pixels.shape[0]
        assert all(overlap((x0, y0, x1, y1), other) < 0.5 for other in found[place + 1 :])


def test_blocks_of_text_are_no_panels() -> None:
    page = np.full((220, 300, 3), 255, dtype=np.uint8)
    chance = np.random.default_rng(4)
    for left in (6, 160):
        # Paper between the strokes of letters that were made small is not quite that of the page.
        page[6:210, left : left + 134] = 228
        for top in range(6, 206, 6):
            line = chance.choice([30, 70, 110, 150, 228], (4, 134), p=[0.1, 0.1, 0.1, 0.1, 0.6])
            page[top : top + 4, left : left + 134] = line[..., None]
    assert find_panels(page) == ()


def test_a_figure_too_small_to_read_has_no_panels() -> None:
    pair = np.concatenate([textured(0, 47, 60), textured(1, 47, 60)], axis=1)
    assert find_panels(pair) == ()
    wider = np.concatenate([textured(0, 50, 60), textured(1, 50, 60)], axis=1)
    assert len(find_panels(wider)) == 2


@pytest.mark.parametrize("gap", [100, 160])
def test_two_pictures_with_room_for_another_between_them_are_no_figure(gap: int) -> None:
    boxes: list[Box] = [(6, 6, 106, 136), (106 + gap, 6, 206 + gap, 136)]
    figure = laid_out(boxes, (255, 255, 255))
    assert len(find_panels(figure)) == (2 if gap == 100 else 0)


@pytest.mark.parametrize("width", [50, 30])
def test_a_picture_and_one_of_a_third_of_its_size_are_no_pair(width: int) -> None:
    figure = laid_out([(6, 6, 126, 106), (136, 6, 136 + width, 106)], (255, 255, 255))
    assert len(find_panels(figure)) == (2 if width == 50 else 0)


def chart(figure: Pixels, box: Box) -> None:
    """Draw a frame with a curve in it."""
    x0, y0, x1, y1 = box
    figure[y0:y1, x0:x1] = 255
    for line in (np.s_[y0 : y0 + 2, x0:x1], np.s_[y1 - 2 : y1, x0:x1]):
        figure[line] = 0
    for line in (np.s_[y0:y1, x0 : x0 + 2], np.s_[y0:y1, x1 - 2 : x1]):
        figure[line] = 0
    for x in range(x0, x1):
        y = y0 + 10 + (x - x0) * (y1 - y0 - 20) // (x1 - x0)
        figure[y : y + 4, x] = (30, 90, 200)


@pytest.mark.parametrize(
    ("box", "panels"),
    [
        ((136, 6, 256, 106), 2),
        ((136, 30, 256, 130), 0),  # neither in its rows nor in its columns
        ((6, 116, 126, 216), 2),
    ],
)
def test_a_chart_abreast_of_a_picture_is_a_panel(box: Box, panels: int) -> None:
    figure = np.full((226, 266, 3), 255, dtype=np.uint8)
    figure[6:106, 6:126] = picture(0, 120, 100)
    chart(figure, box)
    assert len(find_panels(figure)) == panels


def test_charts_of_one_size_are_panels() -> None:
    figure = np.full((226, 266, 3), 255, dtype=np.uint8)
    for box in GRID[:2]:
        chart(figure, box)
    assert_found(figure, GRID[:2])


def test_a_line_over_a_picture_is_no_gutter() -> None:
    single = textured(8, 300, 220)
    single[:, 120:123] = 255
    assert find_panels(single) == ()
    pair = textured(8, 300, 220)
    pair[:, 123:] = textured(9, 177, 220)
    pair[:, 120:123] = 255
    assert len(find_panels(pair)) == 2


def slices(*rows: tuple[int, ...]) -> Pixels:
    """Round bright things on black, in rows: their sizes."""
    figure = np.zeros((110 * len(rows), 330, 3), dtype=np.uint8)
    y, x = np.mgrid[0:110, 0:110]
    for row, sizes in enumerate(rows):
        for place, size in enumerate(sizes):
            left = place * 330 // len(sizes) + (330 // len(sizes) - 110) // 2
            inside = (x - 55) ** 2 + (y - 55) ** 2 < size**2
            shades = textured(7 * row + place, 110, 110)
            figure[110 * row : 110 * row + 110, left : left + 110][inside] = shades[inside]
    return figure


def test_slices_on_a_common_black_are_panels_where_they_stand_in_rows() -> None:
    assert len(find_panels(slices((45, 48, 44)))) == 3
    assert len(find_panels(slices((45, 48), (44, 46)))) == 4
    assert len(find_panels(slices((45, 46, 44), (44, 46, 45), (46, 45, 46)))) == 9
    assert find_panels(slices((30, 40), (52, 38))) == ()  # pairs of different heights


def test_rows_of_uneven_gaps_are_told_as_well_as_ones_that_repeat() -> None:
    figure = slices(*[(30, 32, 34)] * 3)
    figure[:, :110] = np.roll(figure[:, :110], 22, axis=1)
    assert len(find_panels(figure)) == 9


def test_slices_that_run_into_one_another_are_told_where_they_repeat() -> None:
    y, x = np.mgrid[0:120, 0:360]
    bright = 150 * np.exp(-(((x % 120 - 60) / 44) ** 2) - ((y - 60) / 34) ** 2)
    bright += np.random.default_rng(2).normal(0, 6, bright.shape)
    figure = np.repeat(np.clip(bright, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    assert_found(figure, [(0, 0, 120, 120), (120, 0, 240, 120), (240, 0, 360, 120)])


def test_a_row_among_things_that_stand_in_none_is_chance() -> None:
    row = slices((45, 48, 44))
    scattered = slices((30,), (24,), (35,), (26,))
    for place, left in enumerate((90, 40, 110, 60)):
        part = scattered[110 * place : 110 * place + 110]
        part[:] = np.roll(part, left, axis=1)
    assert find_panels(np.concatenate([row, scattered])) == ()


def test_a_part_that_repeats_is_cut_where_it_stands_in_the_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figure = np.zeros((120, 400, 3), dtype=np.uint8)
    figure[20:100, 300:380] = 200
    monkeypatch.setattr(panels, "cuts", lambda _luma, _box, axis, _least: [40] if axis == 0 else [])
    found = panels._Cutter(figure)._repeated([(300, 20, 380, 100)])
    assert found == [(300, 20, 340, 100), (340, 20, 380, 100)]
