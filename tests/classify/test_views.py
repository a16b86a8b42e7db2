"""A picture as the networks read it, made when one of them asks."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.classify import views
from medsift.classify.preprocess import Preprocess, resize
from medsift.classify.views import Views

SMALL, LARGE = Preprocess(16), Preprocess(64)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sides of what is made from now on."""
    sides: list[int] = []

    def watched(pixels: np.ndarray, spec: Preprocess) -> np.ndarray:
        sides.append(spec.size)
        return resize(pixels, spec)

    monkeypatch.setattr(views, "resize", watched)
    return sides


def test_a_view_is_made_when_it_is_asked_for_and_once(made: list[int]) -> None:
    pixels = noise(100, 80)
    found = Views(pixels, [SMALL, LARGE])
    assert (list(found), len(found), made) == ([SMALL, LARGE], 2, [])
    for _ in range(2):
        assert np.array_equal(found[LARGE], resize(pixels, LARGE))
    assert made == [64]
    assert np.array_equal(found[SMALL], resize(pixels, SMALL))


def test_of_a_large_picture_all_is_made_at_once_and_its_pixels_are_let_go(made: list[int]) -> None:
    pixels = noise(1100, 1000)
    found = Views(pixels, [SMALL, LARGE])
    assert made == [16, 64]
    before = pixels.copy()
    pixels[:] = 0
    assert np.array_equal(found[LARGE], resize(before, LARGE))


def test_what_was_not_announced_is_not_made() -> None:
    with pytest.raises(KeyError):
        Views(noise(20, 20), [SMALL])[LARGE]
