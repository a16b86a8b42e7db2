"""Random changes to training pictures."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.training.augment import CLASSIC, LIGHT, WILD, Augment, augment

PICTURE = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
NOTHING = Augment(
    whole=1.0, flip=0, quarter_turn=0, tilt=0, border=0, grey=0, invert=0, tone=0, tint=0, blur=0,
    noise=0, thumbnail=0, recompress=0, overlay=0, erase=0, stain=0, screen=0,
)  # fmt: skip


@pytest.mark.parametrize("settings", [WILD, LIGHT, CLASSIC])
@pytest.mark.parametrize("shape", [(50, 70), (1, 300), (300, 1), (2, 2)])
def test_any_picture_becomes_a_square_of_the_size(
    settings: Augment, shape: tuple[int, int]
) -> None:
    picture = np.full((*shape, 3), 128, dtype=np.uint8)
    for seed in range(40):
        result = augment(picture, 32, np.random.default_rng(seed), settings)
        assert result.shape == (32, 32, 3)
        assert result.dtype == np.uint8


def test_the_same_seed_gives_the_same_variant_and_another_seed_another() -> None:
    first, again, other = (
        augment(PICTURE, 32, np.random.default_rng(seed), WILD) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_input_stays_as_it_is() -> None:
    before = PICTURE.copy()
    for seed in range(30):
        augment(PICTURE, 32, np.random.default_rng(seed), WILD)
    assert np.array_equal(PICTURE, before)


def test_with_all_probabilities_zero_the_picture_is_only_resized() -> None:
    square = PICTURE[:32, :32]
    rng = np.random.default_rng(3)
    for _ in range(20):
        # The filter is still drawn; at the same size none of them changes anything.
        assert np.array_equal(augment(square, 32, rng, NOTHING), square)


def test_grey_pictures_have_equal_channels() -> None:
    settings = Augment(
        **dict.fromkeys(Augment.__dataclass_fields__, 0.0)
        | {"grey": 1.0, "whole": 1.0, "min_area": 0.5}
    )
    result = augment(PICTURE, 32, np.random.default_rng(0), settings).astype(int)
    assert np.abs(result[..., 0] - result[..., 1]).max() <= 1


def test_inverted_pictures_are_negatives() -> None:
    settings = Augment(
        **dict.fromkeys(Augment.__dataclass_fields__, 0.0)
        | {"invert": 1.0, "whole": 1.0, "min_area": 0.5}
    )
    square = PICTURE[:32, :32]
    result = augment(square, 32, np.random.default_rng(0), settings)
    assert np.array_equal(result, 255 - square)
