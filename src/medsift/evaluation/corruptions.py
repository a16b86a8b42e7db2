"""Pictures made worse in stated ways, five severities each.

The first part are the corruptions of ImageNet-C (Hendrycks and Dietterich 2019, "Benchmarking
Neural Network Robustness to Common Corruptions and Perturbations") with the parameters that its
makers published for pictures of 224 pixels (``make_imagenet_c.py``), as far as Pillow and NumPy
alone can make them: glass blur, snow, frost, spatter and elastic transforms are left out, fog is
noise of falling spectrum instead of a plasma fractal, and motion blur always runs along a line.
The second part is what happens to pictures in documents and on the web.

All take and give uint8 (h, w, 3). A picture is reduced to 224 pixels at its shorter side first,
so that a severity means the same for all of them.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from medsift.core.picture import Pixels

SEVERITIES = (1, 2, 3, 4, 5)
SIDE = 224

Floats = NDArray[np.float32]
_Function = Callable[[Pixels, int, np.random.Generator], Pixels]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One way to make pictures worse.

    Attributes
    ----------
    name : str
    function : callable
        Takes pixels, an index of severity from 0 to 4, and a source of randomness.
    benchmark : bool
        Whether it is one of ImageNet-C.
    """

    name: str
    function: _Function
    benchmark: bool

    def apply(self, pixels: Pixels, severity: int, seed: int = 0) -> Pixels:
        """Make one picture worse.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (h, w, 3)
        severity : int
            1 to 5.
        seed : int
            The same seed gives the same picture.

        Raises
        ------
        ValueError
            There is no such severity.
        """
        if severity not in SEVERITIES:
            raise ValueError(f"severities are 1 to 5, not {severity}")
        return self.function(reduced(pixels), severity - 1, np.random.default_rng(seed))


def reduced(pixels: Pixels) -> Pixels:
    """Bring the shorter side down to :data:`SIDE`; smaller pictures stay as they are."""
    height, width = pixels.shape[:2]
    factor = SIDE / min(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def _gaussian_noise(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    scale = (0.08, 0.12, 0.18, 0.26, 0.38)[level]
    return _bytes(_floats(pixels) + rng.normal(0, scale, pixels.shape))


def _shot_noise(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    photons = (60, 25, 12, 5, 3)[level]
    return _bytes(rng.poisson(_floats(pixels) * photons) / photons)


def _impulse_noise(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    amount = (0.03, 0.06, 0.09, 0.17, 0.27)[level]
    draw = rng.random(pixels.shape)
    salted = np.where(draw < amount / 2, 255, pixels)
    return np.where(draw > 1 - amount / 2, 0, salted).astype(np.uint8)


def _speckle_noise(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    scale = (0.15, 0.2, 0.35, 0.45, 0.6)[level]
    values = _floats(pixels)
    return _bytes(values + values * rng.normal(0, scale, pixels.shape))


def _gaussian_blur(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    sigma = (1, 2, 3, 4, 6)[level]
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def _defocus_blur(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    radius = (3, 4, 6, 8, 10)[level]
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return _filtered(pixels, (x**2 + y**2 <= radius**2).astype(np.float64))


def _motion_blur(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[level]
    angle = np.deg2rad(rng.uniform(-45, 45))
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1))
    for step in range(radius):
        row = radius + round(step * np.sin(angle))
        column = radius + round(step * np.cos(angle))
        kernel[row, column] += np.exp(-(step**2) / (2 * sigma**2))
    return _filtered(pixels, kernel)


def _zoom_blur(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    end, step = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[level]
    factors = np.arange(1, end, step)
    image = Image.fromarray(pixels)
    width, height = image.size
    total = _floats(pixels).astype(np.float64)
    for factor in factors:
        left, top = width * (1 - 1 / factor) / 2, height * (1 - 1 / factor) / 2
        box = (left, top, width - left, height - top)
        total += _floats(np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box)))
    return _bytes(total / (len(factors) + 1))


def _fog(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    density, decay = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))[level]
    values = _floats(pixels)
    brightest = float(values.max())
    clouds = _clouds(pixels.shape[0], pixels.shape[1], decay, rng)
    return _bytes((values + density * clouds[..., None]) * brightest / (brightest + density))


def _brightness(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    return _in_hsv(pixels, 2, lambda value: value + (0.1, 0.2, 0.3, 0.4, 0.5)[level])


def _saturate(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    factor, offset = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))[level]
    return _in_hsv(pixels, 1, lambda saturation: saturation * factor + offset)


def _contrast(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    factor = (0.4, 0.3, 0.2, 0.1, 0.05)[level]
    values = _floats(pixels)
    mean = values.mean(axis=(0, 1), keepdims=True)
    return _bytes((values - mean) * factor + mean)


def _pixelate(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    factor = (0.6, 0.5, 0.4, 0.3, 0.25)[level]
    image = Image.fromarray(pixels)
    small = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    blocks = image.resize(small, Image.Resampling.BOX)
    return np.asarray(blocks.resize(image.size, Image.Resampling.NEAREST))


def _jpeg(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    return _through_file(pixels, "JPEG", (25, 18, 15, 10, 7)[level])


def _webp(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    return _through_file(pixels, "WEBP", (40, 25, 15, 8, 2)[level])


def _greyscale(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    grey = Image.fromarray(pixels).convert("L").convert("RGB")
    return np.asarray(Image.blend(Image.fromarray(pixels), grey, (0.2, 0.4, 0.6, 0.8, 1.0)[level]))


def _inversion(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    # What grows is the gamma of a display on top of the inversion: half of it would be grey.
    gamma = (1.0, 1.3, 1.6, 2.0, 2.5)[level]
    return _bytes((1 - _floats(pixels)) ** gamma)


def _downscale(pixels: Pixels, level: int, _: np.random.Generator) -> Pixels:
    side = (128, 96, 64, 48, 32)[level]
    image = Image.fromarray(pixels)
    factor = min(1.0, side / min(image.size))
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def _crop(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    share = (0.9, 0.8, 0.7, 0.6, 0.5)[level]
    height, width = pixels.shape[:2]
    h, w = max(1, int(height * share)), max(1, int(width * share))
    top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    return np.ascontiguousarray(pixels[top : top + h, left : left + w])


def _rotate(pixels: Pixels, level: int, rng: np.random.Generator) -> Pixels:
    degrees = (5, 15, 30, 60, 90)[level] * int(rng.choice((-1, 1)))
    turned = Image.fromarray(pixels).rotate(
        degrees, Image.Resampling.BILINEAR, expand=True, fillcolor="white"
    )
    return np.asarray(turned)


CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption("gaussian noise", _gaussian_noise, True),
    Corruption("shot noise", _shot_noise, True),
    Corruption("impulse noise", _impulse_noise, True),
    Corruption("speckle noise", _speckle_noise, True),
    Corruption("defocus blur", _defocus_blur, True),
    Corruption("gaussian blur", _gaussian_blur, True),
    Corruption("motion blur", _motion_blur, True),
    Corruption("zoom blur", _zoom_blur, True),
    Corruption("fog", _fog, True),
    Corruption("brightness", _brightness, True),
    Corruption("contrast", _contrast, True),
    Corruption("saturate", _saturate, True),
    Corruption("pixelate", _pixelate, True),
    Corruption("jpeg", _jpeg, True),
    Corruption("webp", _webp, False),
    Corruption("greyscale", _greyscale, False),
    Corruption("inversion", _inversion, False),
    Corruption("downscale", _downscale, False),
    Corruption("crop", _crop, False),
    Corruption("rotate", _rotate, False),
)


def _floats(pixels: Pixels) -> Floats:
    values: Floats = np.asarray(pixels, dtype=np.float32) / np.float32(255)
    return values


def _bytes(values: NDArray[np.floating[Any]]) -> Pixels:
    return np.asarray(np.round(np.clip(values, 0, 1) * 255), dtype=np.uint8)


def _through_file(pixels: Pixels, name: str, quality: int) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, name, quality=quality)
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB"))


def _in_hsv(pixels: Pixels, channel: int, change: Callable[[Floats], Floats]) -> Pixels:
    values = np.array(Image.fromarray(pixels).convert("HSV"))
    values[..., channel] = _bytes(change(_floats(values[..., channel])))
    return np.asarray(Image.fromarray(values, "HSV").convert("RGB"))


def _filtered(pixels: Pixels, kernel: NDArray[np.float64]) -> Pixels:
    """Convolve, with the border mirrored."""
    pad = kernel.shape[0] // 2
    padded = np.pad(_floats(pixels), ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    shape = padded.shape[:2]
    spectrum = np.fft.rfft2(kernel / kernel.sum(), shape)[..., None]
    blurred = np.fft.irfft2(np.fft.rfft2(padded, axes=(0, 1)) * spectrum, shape, axes=(0, 1))
    return _bytes(blurred[2 * pad :, 2 * pad :])


def _clouds(height: int, width: int, decay: float, rng: np.random.Generator) -> Floats:
    """Noise whose waves get weaker by ``decay`` with each halving of their length, 0 to 1."""
    y = np.fft.fftfreq(height)[:, None]
    x = np.fft.rfftfreq(width)[None]
    frequency = np.maximum(np.hypot(x, y), 1 / max(height, width))
    waves = np.fft.rfft2(rng.normal(size=(height, width))) / frequency ** (np.log2(decay) + 1)
    clouds = np.fft.irfft2(waves, (height, width))
    spread = float(clouds.max() - clouds.min())
    return np.asarray((clouds - clouds.min()) / (spread or 1.0), dtype=np.float32)
