"""The plain colours of a figure, and the gutters that they make."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.core.picture import Pixels
from medsift.decode.grounds import Ground, grounds_of, planes_of


def busy(width: int, height: int, seed: int = 0) -> Pixels:
    """Something without any plain colour."""
    chance = np.random.default_rng(seed)
    return chance.integers(60, 200, (height, width, 3), dtype=np.uint8)


def figure(colour: tuple[int, int, int]) -> Pixels:
    """Two busy pictures, 40 and 60 wide, with margins of 5 and a gutter of 10 between them."""
    pixels = np.full((60, 120, 3), colour, dtype=np.uint8)
    pixels[5:55, 5:45] = busy(40, 50)
    pixels[5:55, 55:115] = busy(60, 50, seed=1)
    return pixels


def only_ground(pixels: Pixels) -> Ground:
    (ground,) = grounds_of(planes_of(pixels))
    return ground


@pytest.mark.parametrize(
    ("colour", "is_dark"),
    [((255, 255, 255), False), ((0, 0, 0), True), ((40, 60, 160), False), ((12, 9, 14), True)],
)
def test_a_ground_of_any_plain_colour_is_found(colour: tuple[int, int, int], is_dark: bool) -> None:
    ground = only_ground(figure(colour))
    assert ground.is_dark is is_dark
    assert ground.mask[:, 45:55].all()
    assert ground.mask[5:55, 5:45].mean() < 0.05


def test_a_ground_that_varies_as_after_compression_is_one() -> None:
    pixels = figure((240, 240, 240))
    noisy = pixels + np.random.default_rng(3).integers(-6, 7, pixels.shape)
    ground = only_ground(np.clip(noisy, 0, 255).astype(np.uint8))
    assert ground.mask[:, 46:54].mean() > 0.95


def test_what_has_no_plain_colour_has_no_ground() -> None:
    assert grounds_of(planes_of(busy(100, 80))) == ()


def test_margins_are_trimmed_and_letters_in_them_too() -> None:
    pixels = figure((255, 255, 255))
    pixels[1:4, 20:22] = 0
    ground = only_ground(pixels)
    assert ground.trimmed((0, 0, 120, 60)) == (5, 5, 115, 55)
    assert ground.trimmed((46, 0, 54, 60)) is None


def test_gutters_part_a_box_along_one_axis() -> None:
    ground = only_ground(figure((255, 255, 255)))
    inner = (5, 5, 115, 55)
    assert ground.pieces(inner, 0) == ([(5, 5, 45, 55), (55, 5, 115, 55)], 10)
    assert ground.pieces(inner, 1) == ([inner], 0)


def test_a_scale_bar_in_a_gutter_does_not_close_it() -> None:
    pixels = figure((255, 255, 255))
    pixels[30, 45:55] = 0
    pieces, widest = only_ground(pixels).pieces((5, 5, 115, 55), 0)
    assert len(pieces) == 2
    assert widest == 10


def test_a_bridge_across_a_gutter_closes_it() -> None:
    pixels = figure((255, 255, 255))
    pixels[30:36, 45:55] = 0
    assert only_ground(pixels).pieces((5, 5, 115, 55), 0) == ([(5, 5, 115, 55)], 0)


def test_the_share_of_a_ground_is_that_of_its_pixels() -> None:
    ground = only_ground(figure((0, 0, 0)))
    assert ground.share((45, 0, 55, 60)) == 1.0
    assert ground.share((0, 5, 10, 55)) == pytest.approx(0.5, abs=0.02)
