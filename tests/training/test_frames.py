"""Windows of programs around pictures."""

from __future__ import annotations

import numpy as np

from medsift.training.frames import window_around


def test_a_window_shows_its_pictures_whatever_their_shape() -> None:
    red = np.zeros((1, 1, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    for seed, shape in enumerate([(50, 50), (300, 20), (8, 400)] * 6):
        picture = np.broadcast_to(red, (*shape, 3)).copy()
        window = window_around([picture], np.random.default_rng(seed)).astype(int)
        assert min(window.shape[:2]) == 240
        redness = window[..., 0] - window[..., 1:].max(axis=-1)
        assert (redness > 200).sum() > 20


def test_no_two_windows_are_alike() -> None:
    picture = np.zeros((30, 30, 3), np.uint8)
    windows = {window_around([picture], np.random.default_rng(s)).tobytes() for s in range(6)}
    assert len(windows) == 6
