"""Where panels touch: lines with something else on either side, alone and as a grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from medsift.decode.boxes import Box
from medsift.decode.seam_odds import log_odds
from medsift.decode.seams import Seams, is_drawn_over

Plane = NDArray[np.uint8]


def mottled(seed: int, width: int, height: int, low: int = 20, high: int = 230) -> Plane:
    """Light and dark all over, with soft borders, as in tissue."""
    chance = np.random.default_rng(seed)
    coarse = chance.uniform(low, high, (height // 20 + 2, width // 20 + 2)).astype(np.uint8)
    soft = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.array(soft)


def row(count: int, width: int, height: int, **tones: int) -> Plane:
    """Different pictures side by side, without a gutter."""
    return np.concatenate([mottled(n, width, height, **tones) for n in range(count)], axis=1)


def places(plane: Plane, axis: int = 0, box: Box | None = None, least: float = 14) -> list[int]:
    height, width = plane.shape
    return Seams([plane] * 3).places(box or (0, 0, width, height), axis, least)


def near(found: list[int], expected: list[int]) -> bool:
    return len(found) == len(expected) and all(
        abs(one - other) <= 2 for one, other in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("axis", [0, 1])
def test_pictures_that_touch_are_parted_where_they_touch(axis: int) -> None:
    plane = row(3, 80, 120)
    plane = plane if axis == 0 else np.ascontiguousarray(plane.T)
    assert near(places(plane, axis), [80, 160])
    assert places(plane, 1 - axis) == []


def test_of_several_seams_none_need_be_beyond_doubt() -> None:
    widths = (90, 60, 110, 70)
    plane = np.concatenate([mottled(n, width, 120) for n, width in enumerate(widths)], axis=1)
    found, features = Seams([plane] * 3).features((0, 0, 330, 120), 0, 14)
    odds = dict(zip(found.tolist(), log_odds(features).tolist(), strict=True))
    assert sum(value >= 2 for value in odds.values()) == 1  # where a lone one would have to be
    assert near(places(plane), [90, 150, 260])


def test_one_picture_has_no_seam() -> None:
    assert places(mottled(7, 240, 160)) == []
    assert places(np.full((160, 240), 128, dtype=np.uint8)) == []


@pytest.mark.parametrize("ink", [0, 255])
def test_a_thin_line_between_pictures_is_a_seam_and_one_over_a_picture_is_none(ink: int) -> None:
    between = row(2, 120, 120)
    between[:, 119:121] = ink
    assert near(places(between), [120])
    over = mottled(3, 240, 120)
    over[:, 100] = ink
    assert places(over) == []


def test_a_line_is_drawn_over_what_goes_on_beyond_it() -> None:
    picture, other = mottled(3, 240, 120), mottled(4, 240, 120)
    over, between = picture.copy(), picture.copy()
    between[60:] = other[60:]
    black = np.zeros_like(picture)
    for plane in (over, between, black):
        plane[59:61] = 255
    assert is_drawn_over(over, 59, 61)
    assert not is_drawn_over(between, 59, 61)
    assert not is_drawn_over(black, 59, 61)  # nothing is there that could go on
    assert not is_drawn_over(over[55:], 4, 6)


def test_places_count_from_the_beginning_of_the_figure() -> None:
    plane = np.pad(row(3, 80, 120), ((20, 20), (40, 10)), constant_values=255)
    assert near(places(plane, box=(40, 20, 280, 140)), [120, 200])


def test_no_part_is_shorter_than_asked() -> None:
    assert places(row(3, 80, 120), least=90) == []
    assert places(row(2, 20, 30), least=25) == []


def test_a_line_with_more_to_it_is_the_likelier_seam() -> None:
    plane = row(2, 120, 120)
    (place,) = places(plane)
    found, features = Seams([plane] * 3).features((0, 0, 240, 120), 0, 14)
    odds = log_odds(features)
    assert found[int(odds.argmax())] == place
    assert odds.max() > 0
    assert (np.delete(odds, int(odds.argmax())) < odds.max() - 2).all()
