"""Training pictures remade so that a short cut fails: cut out, recoloured, inverted.

A first network took every round thing for the retina (the moon, planets, stones cut out on
white), a spectrogram in grey for ultrasound, and a PET slice in black on white for anything.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from medsift.core.picture import Pixels
from medsift.training.procedural import Field, coloured, smooth_field

_LARGEST = 240


def cut_out(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Show a picture through a circle, an ellipse, an octagon or a ragged hole.

    What is outside becomes white or black, as fundus cameras, endoscopes and sprites have it.
    """
    height = int(rng.integers(140, _LARGEST + 1))
    size = (int(height * rng.uniform(1, 1.4)), height)
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    if rng.random() < 0.35:
        image = image.convert("L").convert("RGB")
    y, x = np.mgrid[: size[1], : size[0]]
    y, x = np.abs(y / size[1] - 0.5), np.abs(x / size[0] - 0.5)
    radius = rng.uniform(0.35, 0.5)
    style = rng.random()
    if style < 0.55:
        across = 1.0 if rng.random() < 0.5 else size[0] / size[1]
        inside = np.hypot(y, x * across) < radius
    elif style < 0.75:
        inside = (y < radius) & (x < radius) & (y + x < radius * rng.uniform(1.2, 1.6))
    else:
        ragged = smooth_field(size[1], size[0], rng, 2.0) - 0.5
        inside = np.hypot(y, x) + ragged * rng.uniform(0.2, 0.6) < radius
    ground = 255 if rng.random() < 0.45 else 0
    result: Pixels = np.where(inside[..., None], np.asarray(image), ground).astype(np.uint8)
    return result


def recoloured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Map brightness through another colour map, perhaps only of a part of the picture."""
    grey = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.float64) / 255
    grey = (grey - grey.min()) / max(float(np.ptp(grey)), 0.1)
    if rng.random() < 0.5:
        grey = np.clip((grey - rng.uniform(0, 0.4)) / rng.uniform(0.4, 1), 0, 1)
    if rng.random() < 0.5 and grey.shape[1] > 1:
        start = int(rng.integers(0, grey.shape[1] // 2))
        grey = grey[:, start : start + max(40, int(grey.shape[1] * rng.uniform(0.3, 0.7)))]
    return coloured(grey, rng)


def inverted_on_paper(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn a picture into its negative, somewhere on a larger light square."""
    negative = 255 - np.asarray(Image.fromarray(pixels).convert("L"))
    height, width = negative.shape
    side = int(max(height, width) * rng.uniform(1, 2.2))
    ground = int(negative.max()) if rng.random() < 0.5 else 255
    paper = np.full((side, side), ground, dtype=np.uint8)
    top = int(rng.integers(0, side - height + 1))
    left = int(rng.integers(0, side - width + 1))
    paper[top : top + height, left : left + width] = negative
    return np.repeat(paper[..., None], 3, axis=2)


def grey_detail(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Enlarge a small part of a picture, in grey and with all contrast that it has.

    Cloth, bark or gravel as such fills the frame with grain, as ultrasound does.
    """
    height, width = pixels.shape[:2]
    share = rng.uniform(0.15, 0.5)
    h, w = max(8, int(height * share)), max(8, int(width * share))
    top, left = int(rng.integers(0, max(1, height - h))), int(rng.integers(0, max(1, width - w)))
    part = np.asarray(Image.fromarray(pixels[top : top + h, left : left + w]).convert("L"))
    low, high = np.quantile(part, (0.01, 0.99))
    stretched = np.clip((part - low) / max(float(high - low), 8.0), 0, 1)
    values = (stretched ** np.exp(rng.uniform(-0.5, 0.5)) * 255).astype(np.uint8)
    size = (
        (_LARGEST, max(40, int(_LARGEST * h / w))) if w >= h else (int(_LARGEST * w / h), _LARGEST)
    )
    image = Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)
    return np.repeat(np.asarray(image)[..., None], 3, axis=2)


def as_angiogram(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn a photograph of the retina into what angiography shows: bright vessels on grey.

    The green channel, where vessels are darkest, inverted, freed of its background and enlarged
    to a square, with the grain of OCT angiography. Nobody would take it for a patient's, but
    the tree of the vessels is one.
    """
    green = Image.fromarray(pixels[..., 1])
    share = rng.uniform(0.25, 0.6)
    side = min(green.size)
    part = int(side * share)
    left = (green.width - side) // 2 + int(rng.uniform(0.1, 0.9) * (side - part))
    top = (green.height - side) // 2 + int(rng.uniform(0.1, 0.9) * (side - part))
    shown = green.crop((left, top, left + part, top + part))
    shown = shown.resize((_LARGEST, _LARGEST), Image.Resampling.BICUBIC)
    # Blocks of JPEG, enlarged, look like nothing in an eye.
    shown = shown.filter(ImageFilter.GaussianBlur(0.5 / share))
    background = shown.filter(ImageFilter.GaussianBlur(rng.uniform(8, 25)))
    vessels = np.asarray(background, dtype=np.float64) - np.asarray(shown, dtype=np.float64)
    vessels /= max(float(np.quantile(vessels, 0.99)), 2.0)
    grain = smooth_field(_LARGEST, _LARGEST, rng, rng.uniform(0.2, 0.9))
    grey = rng.uniform(0.05, 0.35) + rng.uniform(0.5, 0.8) * np.clip(vessels, -0.1, 1.0)
    grey = grey + rng.uniform(0.1, 0.5) * (grain - 0.5)
    if rng.random() < 0.8:
        grey = np.maximum(grey * rng.uniform(0.5, 1.2), _capillaries(rng) * rng.uniform(0.4, 0.9))
    if rng.random() < 0.7:
        y, x = np.mgrid[:_LARGEST, :_LARGEST] / _LARGEST - rng.uniform(0.4, 0.6)
        grey = grey * np.clip(np.hypot(x, y) / rng.uniform(0.03, 0.1), 0, 1)
    bytes_ = (np.clip(grey, 0, 1) * 255).astype(np.uint8)
    return np.repeat(bytes_[..., None], 3, axis=2)


def _capillaries(rng: np.random.Generator) -> Field:
    """A maze of thin bright lines, as fine vessels fill the field: where a random field is zero."""
    y, x = np.fft.fftfreq(_LARGEST)[:, None], np.fft.rfftfreq(_LARGEST)[None]
    ring = np.exp(-(((np.hypot(y, x) - rng.uniform(0.05, 0.2)) / 0.03) ** 2))
    noise = np.fft.rfft2(rng.standard_normal((_LARGEST, _LARGEST)))
    field = np.fft.irfft2(noise * ring, s=(_LARGEST, _LARGEST))
    lines = np.exp(-((field / field.std() / rng.uniform(0.3, 0.8)) ** 2))
    # Some lie deeper and are fainter, and the eye moves between the rows of a scan.
    lines *= rng.uniform(0.2, 0.6) + 0.6 * smooth_field(
        _LARGEST, _LARGEST, rng, rng.uniform(0.3, 1)
    )
    for row in rng.integers(0, _LARGEST, int(rng.integers(0, 4))):
        lines[row:] = np.roll(lines[row:], int(rng.integers(-4, 5)), axis=1)
    result: Field = lines
    return result
