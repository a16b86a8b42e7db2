"""Pictures as other dyes, and telephones before screens, would show them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from medsift.training.optics import on_screen, restain

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_another_stain_changes_colours_and_leaves_white_white() -> None:
    white = np.full((4, 4, 3), 255, np.uint8)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert restain(white, rng).min() >= 254
        stained = restain(PICTURE, rng)
        assert stained.shape == PICTURE.shape
        assert not np.array_equal(stained, PICTURE)


def test_a_screen_is_seen_slanted_but_its_middle_stays_in_the_middle() -> None:
    target = np.zeros((90, 90, 3), np.uint8)
    target[35:55, 35:55] = 255
    for seed in range(20):
        seen = np.asarray(on_screen(Image.fromarray(target), np.random.default_rng(seed)))
        assert seen.shape == target.shape
        assert seen[40:50, 40:50].mean() > seen[:8, :8].mean() + 50
