"""Pictures of nuclear medicine, made of training pictures that show anatomy.

Collections of emission pictures are rare, and mostly of the head. What one shows is an outline
and organs that take up more or less of a tracer, seen through a system that blurs by some
millimetres and counts few photons; outlines and organs can be borrowed from CT, MRI and
radiographs.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from medsift.core.picture import Pixels
from medsift.training.procedural import Field, blurred, coloured, smooth_field

_GRID = 128
"""Pixels across: emission tomographs reconstruct 128 to 200."""
_SHOWN = 240
_BACKGROUND = 0.08


def as_slice(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn a section through the body into a slice of emission tomography.

    Ranges of brightness take the place of organs. Each gets an uptake of its own, mostly low;
    then come a few hot lesions, blur, noise of counting, and the display, often inverted.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        CT or MRI.
    rng : numpy.random.Generator
    """
    grey = _framed(pixels, rng)
    body = blurred(grey > _BACKGROUND, _GRID * 0.03) > 0.3
    shares = np.sort(rng.random(int(rng.integers(2, 6))))
    organ = np.digitize(grey, np.quantile(grey[body], shares) if body.any() else shares)
    uptake = rng.lognormal(-1.2, 0.8, len(shares) + 1)[organ]
    uptake *= 0.5 + smooth_field(_GRID, _GRID, rng, 2.0)
    if rng.random() < 0.4:
        # Skin and fat take up little, but are seen: an even veil over the whole body.
        uptake = 0.3 * uptake + rng.uniform(0.2, 0.6)
    return _displayed(_counted((uptake + _lesions(rng)) * body, rng), rng)


def as_planar(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn a radiograph into what a gamma camera sees: bright bones, few counts.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        A radiograph with bright bones.
    rng : numpy.random.Generator
    """
    grey = _framed(pixels, rng)
    bones = grey - blurred(grey, _GRID * rng.uniform(0.04, 0.1))
    bones = np.clip(bones / max(float(np.quantile(bones, 0.97)), 0.02), 0, 1.5)
    veil = rng.uniform(0.05, 0.4) * blurred(grey, _GRID * 0.04)
    activity = bones * (0.5 + smooth_field(_GRID, _GRID, rng, 2.0)) + veil
    return _displayed(_counted(activity + 0.5 * _lesions(rng), rng), rng)


def _framed(pixels: Pixels, rng: np.random.Generator) -> Field:
    """Grey values of 0 to 1 somewhere on a black square: the field of view exceeds the body."""
    height, width = pixels.shape[:2]
    share = rng.uniform(0.5, 1.0) / max(height, width)
    size = (max(16, int(width * share * _GRID)), max(16, int(height * share * _GRID)))
    grey = Image.fromarray(pixels).convert("L").resize(size, Image.Resampling.BOX)
    if rng.random() < 0.5:
        grey = grey.resize((size[0], max(16, int(size[1] * rng.uniform(0.6, 1)))))
    frame = Image.new("L", (_GRID, _GRID))
    frame.paste(
        grey,
        ((_GRID - grey.width) // 2, int(rng.uniform(0.3, 0.7) * (_GRID - grey.height))),
    )
    return np.asarray(frame, dtype=np.float64) / 255


def _lesions(rng: np.random.Generator) -> Field:
    y, x = np.mgrid[:_GRID, :_GRID] / _GRID
    total = np.zeros((_GRID, _GRID))
    for _ in range(int(rng.integers(0, 6))):
        reach = rng.uniform(0.01, 0.06)
        away = np.hypot(
            y - rng.uniform(0.2, 0.8), (x - rng.uniform(0.2, 0.8)) * rng.uniform(0.6, 1.6)
        )
        total += rng.uniform(0.3, 3) * np.exp(-((away / reach) ** 2))
    return total


def _counted(activity: Field, rng: np.random.Generator) -> Field:
    """What arrives: blurred by the system, with noise that grows as the root of the signal."""
    seen = blurred(activity, rng.uniform(1, 3))
    noise = blurred(rng.standard_normal(seen.shape), rng.uniform(0.3, 1.2))
    noise /= max(float(noise.std()), 1e-9)
    seen = seen + 10 ** rng.uniform(-2, -0.7) * np.sqrt(np.clip(seen, 0, None)) * noise
    return np.clip(seen + rng.uniform(0, 0.02) * np.abs(noise), 0, None)


def _displayed(counts: Field, rng: np.random.Generator) -> Pixels:
    top = max(float(np.quantile(counts, rng.uniform(0.93, 1.0))), 1e-6)
    grey = np.clip(counts / top, 0, 1) ** np.exp(rng.uniform(-0.5, 0.4))
    style = rng.random()
    if style < 0.25:
        small = coloured(grey, rng)
    else:
        tone = 1 - grey if style < 0.7 else grey
        small = np.repeat((tone * 255).astype(np.uint8)[..., None], 3, axis=2)
    how = Image.Resampling.NEAREST if rng.random() < 0.2 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(small).resize((_SHOWN, _SHOWN), how))
