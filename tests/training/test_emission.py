"""Pictures of nuclear medicine that training makes of anatomy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from medsift.core.picture import Pixels
from medsift.training.emission import as_planar, as_slice

Maker = Callable[[Pixels, np.random.Generator], Pixels]


def _section() -> Pixels:
    """A bright disc with darker organs on black: a section through a trunk."""
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    grey = np.where(np.hypot(y, x) < 0.9, 150, 0)
    grey[60:100, 60:90] = 60
    grey[60:100, 110:140] = 230
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def _edge(pixels: Pixels) -> NDArray[np.uint8]:
    grey = pixels.mean(axis=2).astype(np.uint8)
    return np.concatenate([grey[:3].ravel(), grey[-3:].ravel()])


@pytest.mark.parametrize("make", [as_slice, as_planar])
def test_no_two_made_of_one_picture_are_alike(make: Maker) -> None:
    made = [make(_section(), np.random.default_rng(seed)) for seed in range(6)]
    assert {p.shape for p in made} == {(240, 240, 3)}
    assert {p.dtype for p in made} == {np.dtype(np.uint8)}
    assert len({p.tobytes() for p in made}) == 6


def test_the_body_stands_out_from_what_is_around_it() -> None:
    for seed in range(20):
        made = as_slice(_section(), np.random.default_rng(seed)).astype(float)
        inside = made[100:140, 100:140].mean(axis=(0, 1))
        around = np.median(_edge(made.astype(np.uint8)))
        assert np.abs(inside - around).max() > 20


def test_a_slice_is_smooth_as_what_a_tomograph_sees() -> None:
    section = _section()
    sharp = np.abs(np.diff(section[..., 0].astype(float), axis=1)).max() / 255
    for seed in range(20):
        made = as_slice(section, np.random.default_rng(seed)).astype(float).mean(axis=2)
        steps = np.abs(np.diff(made, axis=1)).max() / max(np.ptp(made), 1)
        assert steps < sharp


def test_a_planar_picture_shows_bones_hotter_than_what_is_beside_them() -> None:
    radiograph = np.full((200, 200, 3), 90, np.uint8)
    radiograph[:, 96:104] = 200
    differences = []
    for seed in range(20):
        made = as_planar(radiograph, np.random.default_rng(seed)).astype(float).mean(axis=2)
        inverted = np.median(made[:20]) > 127
        column = np.median(made[90:150], axis=0)
        spine, flank = column[116:124].mean(), column[[100, 101, 138, 139]].mean()
        differences.append(flank - spine if inverted else spine - flank)
    assert np.median(differences) > 20


def test_an_empty_picture_breaks_nothing() -> None:
    for make in (as_slice, as_planar):
        made = make(np.zeros((30, 50, 3), np.uint8), np.random.default_rng(0))
        assert made.shape == (240, 240, 3)
