"""Structural similarity."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.sources.pdf.pixels.similarity import ssim

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)


def test_the_same_is_one() -> None:
    assert ssim(NOISE, NOISE) == pytest.approx(1)


def test_the_negative_is_below_zero() -> None:
    assert ssim(NOISE, 255 - NOISE) < -0.5


def test_it_is_the_mean_over_all_windows() -> None:
    one, other = NOISE[:8, :7].astype(float), np.roll(NOISE, 3, axis=1)[:8, :7].astype(float)
    values = []
    for top in (0, 1):
        a, b = one[top : top + 7], other[top : top + 7]
        covariance = ((a - a.mean()) * (b - b.mean())).mean()
        above = (2 * a.mean() * b.mean() + 6.5025) * (2 * covariance + 58.5225)
        below = (a.mean() ** 2 + b.mean() ** 2 + 6.5025) * (a.var() + b.var() + 58.5225)
        values.append(above / below)
    found = ssim(one.astype(np.uint8), other.astype(np.uint8))
    assert found == pytest.approx(np.mean(values))
