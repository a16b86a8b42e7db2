"""Other dyes and cameras: changes of pictures that imitate how they were made."""

from __future__ import annotations

import numpy as np
from PIL import Image

from medsift.core.picture import Pixels

_DARKEST = 4.0
_CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0))


def restain(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Mix the channels anew in optical density, where dyes add up (Beer and Lambert).

    As another stain, filter or white balance would; now and then whole channels change places.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    rng : numpy.random.Generator
    """
    density = -np.log((pixels.astype(np.float32) + _DARKEST) / (255 + _DARKEST))
    mixing = np.eye(3) + rng.uniform(-0.25, 0.25, (3, 3))
    if rng.random() < 0.2:
        mixing = mixing[rng.permutation(3)]
    mixing = mixing * rng.uniform(0.7, 1.4)
    light = np.exp(-(density @ mixing.astype(np.float32)))
    mixed: Pixels = np.clip(light * (255 + _DARKEST) - _DARKEST + 0.5, 0, 255).astype(np.uint8)
    return mixed


def on_screen(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Show a picture as a telephone sees it on a screen.

    Slanted, unevenly lit, with the stripes (moire) that the grids of screen and camera give.
    """
    width, height = image.size
    shown = image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        _slant(width, height, rng),
        Image.Resampling.BILINEAR,
        fillcolor=(int(rng.integers(0, 90)),) * 3,
    )
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(width, height)
    turn, slope = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
    waves = rng.uniform(8, 40)
    stripes = np.sin(2 * np.pi * waves * (x * np.cos(turn) + y * np.sin(turn)) + 3 * x * y)
    light = 1 + rng.uniform(0, 0.3) * (x * np.cos(slope) + y * np.sin(slope) - 0.5)
    light = light * (1 + rng.uniform(0, 0.06) * stripes)
    lifted = np.asarray(shown, dtype=np.float32) * light[..., None] * 0.92 + rng.uniform(0, 25)
    return Image.fromarray(np.clip(lifted, 0, 255).astype(np.uint8))


def _slant(width: int, height: int, rng: np.random.Generator) -> list[float]:
    """Eight numbers of the projection that moves each corner inwards by up to 12 %."""
    here = np.array(_CORNERS) * (width, height)
    inwards = np.where(np.array(_CORNERS) > 0, -1, 1) * rng.uniform(0, 0.12, (4, 2))
    there = here + inwards * (width, height)
    rows, values = [], []
    # Pillow asks for the way back: from the result to the picture.
    for (u, v), (x, y) in zip(there, here, strict=True):
        rows += [[u, v, 1, 0, 0, 0, -x * u, -x * v], [0, 0, 0, u, v, 1, -y * u, -y * v]]
        values += [x, y]
    return [float(v) for v in np.linalg.solve(np.array(rows), np.array(values))]
