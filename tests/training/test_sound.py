"""Made-up sounds and their spectrograms."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.training.sound import power, sound


@pytest.mark.parametrize("seed", range(12))
def test_any_sound_gives_a_picture_of_its_power(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = sound(4000, rng)
    assert np.isfinite(samples).all()
    shown = power(samples, 100, 150, rng)
    assert shown.shape == (100, 150)
    assert shown.min() >= 0
    assert shown.max() == 1


def test_a_pure_tone_is_a_line_at_its_frequency() -> None:
    height = 100
    tone = np.sin(2 * np.pi * 0.125 * np.arange(6000))
    # A seed for which the scale of frequencies is not stretched.
    shown = power(tone, height, 40, np.random.default_rng(1))
    # A quarter of the way from the bottom (0) to the top (half a cycle a sample).
    assert abs(int(shown.mean(axis=1).argmax()) - (height - 1 - height // 4)) <= 1
