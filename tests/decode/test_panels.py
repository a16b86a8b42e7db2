"""The panels of a figure: along gutters, at seams, and none where there is one picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from medsift.core.picture import Pixels
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


@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 90), st.integers(1, 90), st.just(3)),
        elements=st.sampled_from([0, 90, 200, 255]),
    )
)
def test_whatever_comes_boxes_lie_within_it_and_apart(pixels: Pixels) -> None:
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
