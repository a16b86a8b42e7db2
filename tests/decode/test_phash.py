"""Perceptual hashes stay close where pictures look alike."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from medsift.core.picture import Pixels
from medsift.decode.phash import hamming, phash


def scene(seed: int, side: int = 300) -> Image.Image:
    """A smooth random picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def test_a_hash_is_sixteen_hexadecimal_digits() -> None:
    found = phash(pixels(scene(1)))
    assert len(found) == 16
    assert int(found, 16) > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_hash_is_the_one_of_its_definition(seed: int) -> None:
    # Of 32 pixels a side, so that nothing is resized: the DCT-II, written out.
    grey = np.random.default_rng(seed).integers(0, 256, (32, 32), dtype=np.uint8)
    low = [
        sum(
            float(grey[y, x])
            * math.cos(math.pi * (2 * y + 1) * v / 64)
            * math.cos(math.pi * (2 * x + 1) * u / 64)
            for y in range(32)
            for x in range(32)
        )
        / (math.sqrt(2) if u == 0 else 1)
        / (math.sqrt(2) if v == 0 else 1)
        for v in range(8)
        for u in range(8)
    ]
    median = sorted(low[1:])[31]
    bits = "".join("1" if value > median else "0" for value in low)
    assert phash(np.repeat(grey[:, :, np.newaxis], 3, axis=2)) == f"{int(bits, 2):016x}"


@pytest.mark.parametrize(
    ("width", "height", "known"),
    [(640, 480, "d3e5528052f6ca6b"), (333, 777, "e6a12c0c3ba1dead"), (48, 40, "920cb684f6b8c79d")],
)
def test_hashes_stay_those_of_earlier_versions(width: int, height: int, known: str) -> None:
    # Noise in colour, whose hash moves with every detail of making it grey and small.
    noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert phash(noise) == known


@pytest.mark.parametrize("seed", range(5))
def test_a_hash_survives_recompression_and_resizing(seed: int) -> None:
    image = scene(seed)
    first = phash(pixels(image))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=40)
    with Image.open(stream) as recompressed:
        assert hamming(first, phash(pixels(recompressed))) <= 4
    assert hamming(first, phash(pixels(image.resize((90, 110))))) <= 4
    assert hamming(first, phash(pixels(image.convert("L")))) <= 10


def test_hashes_of_different_pictures_are_far_apart() -> None:
    hashes = [phash(pixels(scene(seed))) for seed in range(8)]
    distances = [hamming(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(distances) > 12


def test_the_smallest_picture_has_a_hash() -> None:
    assert phash(np.zeros((1, 1, 3), dtype=np.uint8)) == "0" * 16


def test_distance_counts_bits() -> None:
    assert hamming("00000000000000ff", "0000000000000000") == 8
    with pytest.raises(ValueError, match="length"):
        hamming("00", "0000")
