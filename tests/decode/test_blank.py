"""Pictures with nothing on them."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.core.picture import Pixels
from medsift.decode.blank import is_blank


def page(level: int = 255) -> Pixels:
    return np.full((200, 160, 3), level, dtype=np.uint8)


@pytest.mark.parametrize("level", [0, 3, 128, 255])
def test_one_colour_is_blank(level: int) -> None:
    assert is_blank(page(level))


def test_faint_noise_is_blank() -> None:
    noise = np.random.default_rng(0).integers(-4, 5, (200, 160, 3))
    assert is_blank((page(128) + noise).astype(np.uint8))


def test_a_speck_of_dust_is_blank() -> None:
    dusty = page()
    dusty[50:53, 50:53] = 0
    assert is_blank(dusty)


def test_a_scratch_is_blank_wherever_it_lies() -> None:
    for row in range(55, 70):
        drawn = np.full((960, 960, 3), 255, dtype=np.uint8)
        drawn[row, 100:300] = 0
        assert is_blank(drawn), row


def test_a_thin_line_is_not_blank() -> None:
    drawn = page()
    drawn[100, :] = 0
    assert not is_blank(drawn)


def test_a_coloured_plane_differs_in_one_channel_only() -> None:
    halves = page(100)
    halves[:, 80:, 2] = 160
    assert not is_blank(halves)


def test_no_pixels_are_blank() -> None:
    assert is_blank(np.zeros((0, 4, 3), dtype=np.uint8))


def test_an_empty_frame_is_blank() -> None:
    framed = page(247)
    framed[:2] = framed[-2:] = 180
    framed[:, :2] = framed[:, -2:] = 180
    assert is_blank(framed)


def test_what_stands_inside_of_a_frame_is_seen() -> None:
    framed = page(247)
    framed[:2] = framed[-2:] = 180
    framed[90:110, 70:90] = 120
    assert not is_blank(framed)
