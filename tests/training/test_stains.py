"""Tissue in other stains that training makes of haematoxylin and eosin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from medsift.core.picture import Pixels
from medsift.training import stains
from medsift.training.tissue import as_if_tissue, unmixed

pytestmark = pytest.mark.train

Maker = Callable[[Pixels, np.random.Generator], Pixels]

# Shares of light from Ruifrok and Johnston's table, written out again: these tests must not
# follow the module where it errs.
HAEMATOXYLIN, EOSIN = (0.65, 0.70, 0.29), (0.07, 0.99, 0.11)
MAKERS = (stains.in_brown, stains.in_red, stains.in_special_stains, stains.dyed)


def section(side: int = 200) -> Pixels:
    """Round violet nuclei, close together on the left, in pink tissue; the right end is bare."""
    y, x = np.mgrid[:side, :side]
    nuclei = np.zeros((side, side))
    for row in range(8, side, 16):
        for column in range(8, side, 16 if row % 64 == 8 else 1000):
            nuclei += np.hypot(y - row, x - column) < 4
    for row in range(8, side, 12):
        for column in range(8, side // 2, 12):
            nuclei += np.hypot(y - row, x - column) < 4
    tissue = (x < side * 0.85).astype(float)
    nuclei = np.clip(nuclei, 0, 1) * tissue
    density = 1.4 * nuclei[..., None] * np.array(HAEMATOXYLIN)
    density = density + 0.5 * (tissue * (1 - nuclei))[..., None] * np.array(EOSIN)
    pixels: Pixels = (np.exp(-density) * 255).astype(np.uint8)
    return pixels


def made(make: Maker, count: int = 24) -> list[Pixels]:
    return [make(section(), np.random.default_rng(seed)) for seed in range(count)]


def redness(pixels: Pixels) -> NDArray[np.float64]:
    """Red minus blue, 1 at most."""
    return (pixels[..., 0].astype(float) - pixels[..., 2]) / 255


@pytest.mark.parametrize("make", MAKERS)
def test_no_two_made_of_one_picture_are_alike(make: Maker) -> None:
    pictures = made(make, 8)
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.shape[2] == 3
        assert 150 <= min(picture.shape[:2]) <= 257
        assert max(picture.shape[:2]) <= 512
    assert len({p.tobytes() for p in pictures}) == 8


def test_unmixing_finds_each_dye_where_it_lies() -> None:
    picture = np.full((40, 90, 3), 255, np.uint8)
    picture[:, 30:60] = (np.exp(-1.2 * np.array(HAEMATOXYLIN)) * 255).round()
    picture[:, 60:] = (np.exp(-0.8 * np.array(EOSIN)) * 255).round()
    amounts = unmixed(picture)
    bare, violet, pink = (amounts[:, start : start + 30].mean((0, 1)) for start in (0, 30, 60))
    # The table's vectors are of length 1 but for rounding; so amounts come back as they went in.
    assert bare == pytest.approx([0, 0, 0], abs=0.02)
    assert violet == pytest.approx([1.2, 0, 0], abs=0.05)
    assert pink == pytest.approx([0, 0.8, 0], abs=0.05)


def test_brown_is_on_tissue_that_had_none() -> None:
    assert redness(section()).max() < 0.1
    pictures = made(stains.in_brown)
    brown = [float((redness(p) > 0.2).mean()) for p in pictures]
    assert np.median(brown) > 0.05
    # Brown takes green in between, unlike red and magenta.
    for picture in pictures:
        some = picture[redness(picture) > 0.3].astype(float)
        if len(some) > 50:
            red, green, blue = some.mean(axis=0)
            assert red > green > blue


def test_counterstained_nuclei_stay_blue_beside_the_brown() -> None:
    both = [(redness(p) > 0.15).any() and (redness(p) < -0.1).any() for p in made(stains.in_brown)]
    assert sum(both) > len(both) / 2


def test_red_stains_take_more_green_than_blue_or_are_magenta() -> None:
    for picture in made(stains.in_red):
        strong = picture[(picture.min(axis=2) < 140) & (redness(picture) > 0.2)].astype(float)
        if len(strong) > 50:
            red, green, _ = strong.mean(axis=0)
            assert red - green > 30


def test_bare_glass_stays_bright() -> None:
    for make in MAKERS[:3]:
        for seed in range(12):
            # A part is at least 0.45 of the picture: with four strips, each has some glass.
            glass = np.full((200, 200, 3), 250, np.uint8)
            for top in range(0, 200, 50):
                glass[top : top + 25] = section()[:25]
            picture = make(glass, np.random.default_rng(seed)).astype(float)
            assert picture.mean(axis=(1, 2)).max() > 180


def test_what_is_no_tissue_keeps_its_own_shapes() -> None:
    stripes = np.full((200, 200, 3), 220, np.uint8)
    stripes[:, ::20] = stripes[:, 1::20] = stripes[:, 2::20] = 60
    for seed in range(12):
        picture = stains.dyed(stripes, np.random.default_rng(seed)).astype(float).mean(axis=2)
        across, along = np.diff(picture, axis=1).std(), np.diff(picture, axis=0).std()
        assert across > 1.3 * along


def test_an_empty_picture_breaks_nothing() -> None:
    for make in MAKERS:
        for level in (0, 255):
            picture = make(np.full((30, 50, 3), level, np.uint8), np.random.default_rng(0))
            assert np.isfinite(picture).all()
            assert min(picture.shape[:2]) >= 150


def test_dark_spots_of_what_is_no_tissue_take_the_place_of_nuclei() -> None:
    pixels = np.full((120, 120, 3), 220, np.uint8)
    spots = np.zeros((120, 120), np.bool_)
    for y, x in ((30, 30), (30, 90), (90, 60)):
        spots[y : y + 8, x : x + 8] = True
    pixels[spots] = 40
    nuclei = as_if_tissue(pixels).nuclei
    assert nuclei[spots].mean() > 0.5
    assert nuclei[~spots].mean() < 0.1
