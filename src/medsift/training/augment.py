"""Random changes to training pictures, modelled on what happens to pictures in the wild.

A network that separates medical from other pictures takes every short cut it can find: the
black frame of a scanner, the size of a web site's thumbnails, grey for medical and colour for
the rest. Each change here removes one of these short cuts. The geometric ones come first and
go straight to the small input size, so that all later ones are cheap.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from medsift.core.picture import Pixels
from medsift.training.optics import on_screen, restain

_WORDS = (
    "L",
    "R",
    "A",
    "P",
    "AP",
    "PA",
    "1",
    "2",
    "B",
    "C",
    "Fig.",
    "cm",
    "mm",
    "05",
    "12:41",
    "100%",
    "zoom",
    "W400",
    "L40",
    "www",
    "demo",
    "test",
    "2019",
    "x20",
)
_FILTERS = (
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.NEAREST,
)


@dataclass(frozen=True, slots=True)
class Augment:
    """Probabilities and ranges of the random changes.

    Attributes
    ----------
    whole : float
        Probability that the whole picture is kept; else a crop is taken.
    min_area : float
        Smallest share of the area that a crop keeps, 0 to 1.
    flip, quarter_turn, tilt : float
        Probability of a horizontal flip; of a vertical flip or a turn by 90 degrees; of a
        rotation by up to 15 degrees.
    border : float
        Probability of a plain frame around the picture.
    grey, invert, tone, tint : float
        Probability of: loss of colour; negative; another window, gamma and brightness; a
        colour cast or another saturation.
    blur, noise, thumbnail : float
        Probability of: blur; grain; shrinking to a thumbnail and enlarging again.
    recompress : float
        Probability of a pass through JPEG (quality 5 to 95), now and then WebP.
    overlay, erase : float
        Probability of burnt-in text or lines; of a blank rectangle.
    stain : float
        Probability of another mixture of the colours, as other stains and cameras give.
    screen : float
        Probability that the picture is seen on a screen through a telephone: slanted, with
        uneven light and the stripes of two grids.
    """

    whole: float = 0.4
    min_area: float = 0.12
    flip: float = 0.5
    quarter_turn: float = 0.15
    tilt: float = 0.12
    border: float = 0.12
    grey: float = 0.2
    invert: float = 0.06
    tone: float = 0.4
    tint: float = 0.25
    blur: float = 0.1
    noise: float = 0.12
    thumbnail: float = 0.15
    recompress: float = 0.35
    overlay: float = 0.1
    erase: float = 0.08
    stain: float = 0.15
    screen: float = 0.05


WILD = Augment()
"""Strong changes, as wide as what a sweep of the web brings."""

LIGHT = Augment(
    whole=0.6,
    min_area=0.5,
    stain=0.0,
    screen=0.0,
    quarter_turn=0.05,
    tilt=0.0,
    border=0.05,
    grey=0.05,
    invert=0.0,
    tone=0.2,
    tint=0.1,
    blur=0.05,
    noise=0.05,
    thumbnail=0.1,
    recompress=0.25,
    overlay=0.03,
    erase=0.0,
)
"""Gentle changes, for a last phase near the pictures as they come."""

CLASSIC = Augment(
    whole=0.0,
    min_area=0.5,
    stain=0.0,
    screen=0.0,
    quarter_turn=0.0,
    tilt=0.5,
    border=0.0,
    grey=0.0,
    invert=0.0,
    tone=0.5,
    tint=0.5,
    blur=0.0,
    noise=0.0,
    thumbnail=0.0,
    recompress=0.0,
    overlay=0.0,
    erase=0.0,
)
"""Random crop, flip, rotation and colour jitter: what most training scripts do."""


def augment(pixels: Pixels, size: int, rng: np.random.Generator, settings: Augment) -> Pixels:
    """Return a random variant of a picture, at the size of the network's input.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    size : int
        Side of the result, in pixels.
    rng : numpy.random.Generator
    settings : Augment

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)
    """
    image = _place(Image.fromarray(pixels), size, rng, settings)
    image = _turn(image, rng, settings)
    if rng.random() < settings.screen:
        image = on_screen(image, rng)
    image = _degrade(image, rng, settings)
    result = np.asarray(image)
    if rng.random() < settings.stain:
        result = restain(result, rng)
    result = _recolour(result, rng, settings)
    if rng.random() < settings.overlay:
        result = _overlay(result, rng)
    if rng.random() < settings.erase:
        result = _erase(result, rng)
    if rng.random() < settings.recompress:
        result = recompress(result, rng)
    return result


def recompress(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Pass a picture through a lossy codec once."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    quality = int(rng.integers(5, 96))
    if rng.random() < 0.1:
        image.save(buffer, "WEBP", quality=quality, method=0)
    else:
        image.save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as decoded:
        return np.asarray(decoded.convert("RGB"))


def _place(image: Image.Image, size: int, rng: np.random.Generator, s: Augment) -> Image.Image:
    """Crop and resize, perhaps into a frame."""
    width, height = image.size
    box = (0.0, 0.0, float(width), float(height))
    if rng.random() >= s.whole:
        area = rng.uniform(s.min_area, 1.0)
        ratio = np.exp(rng.uniform(-0.35, 0.35))
        w = min(1.0, float(np.sqrt(area * ratio))) * width
        h = min(1.0, float(np.sqrt(area / ratio))) * height
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        box = (x, y, x + w, y + h)
    resample = _FILTERS[rng.choice(4, p=(0.8, 0.1, 0.05, 0.05))]
    if rng.random() >= s.border:
        return image.resize((size, size), resample, box=box, reducing_gap=2.0)
    # A frame of white, black or any grey, of another width on each side.
    level = int(rng.choice((255, 0, int(rng.integers(0, 256))), p=(0.45, 0.4, 0.15)))
    canvas = Image.new("RGB", (size, size), (level, level, level))
    left, top, right, bottom = (int(v) for v in rng.uniform(0, 0.25, 4) * size)
    if rng.random() < 0.4:
        top = bottom = 0
    elif rng.random() < 0.6:
        left = right = 0
    inner = (size - left - right, size - top - bottom)
    canvas.paste(image.resize(inner, resample, box=box, reducing_gap=2.0), (left, top))
    return canvas


def _turn(image: Image.Image, rng: np.random.Generator, s: Augment) -> Image.Image:
    if rng.random() < s.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < s.quarter_turn:
        turns = (
            Image.Transpose.FLIP_TOP_BOTTOM,
            Image.Transpose.ROTATE_90,
            Image.Transpose.ROTATE_180,
            Image.Transpose.ROTATE_270,
        )
        image = image.transpose(turns[rng.integers(4)])
    if rng.random() < s.tilt:
        level = int(rng.choice((0, 255)))
        image = image.rotate(
            rng.uniform(-15, 15), Image.Resampling.BILINEAR, fillcolor=(level, level, level)
        )
    return image


def _degrade(image: Image.Image, rng: np.random.Generator, s: Augment) -> Image.Image:
    side = image.width
    if rng.random() < s.thumbnail:
        small = max(16, int(rng.uniform(0.25, 0.8) * side))
        back = _FILTERS[rng.choice(4, p=(0.5, 0.3, 0.0, 0.2))]
        image = image.resize((small, small), Image.Resampling.BILINEAR).resize((side, side), back)
    if rng.random() < s.blur:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.8) * side / 128))
    return image


def _recolour(pixels: Pixels, rng: np.random.Generator, s: Augment) -> Pixels:
    """Tone, colour and grain; all that is pointwise goes through one table."""
    grey = rng.random() < s.grey
    tint = rng.random() < s.tint
    if grey or (tint and rng.random() < 0.5):
        share = 1.0 if grey else rng.uniform(-0.6, 0.9)
        weights = np.asarray((0.299, 0.587, 0.114), dtype=np.float32)
        luma = (pixels @ weights)[..., None]
        mixed = pixels + np.float32(share) * (luma - pixels)
        pixels = np.clip(mixed, 0, 255).astype(np.uint8)
    table = _tone_table(rng, s, cast=tint and not grey)
    if table is not None:
        pixels = np.stack([table[c][pixels[..., c]] for c in range(3)], axis=-1)
    if rng.random() < s.noise:
        sigma = rng.uniform(2, 25)
        shape = pixels.shape if rng.random() < 0.5 else (*pixels.shape[:2], 1)
        grain = rng.standard_normal(shape, dtype=np.float32) * np.float32(sigma)
        pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    return pixels


def _tone_table(rng: np.random.Generator, s: Augment, *, cast: bool) -> NDArray[np.uint8] | None:
    """Look-up table of shape (3, 256), or None where nothing changes."""
    tone = rng.random() < s.tone
    invert = rng.random() < s.invert
    if not (tone or invert or cast):
        return None
    ramp = np.tile(np.linspace(0.0, 1.0, 256), (3, 1))
    if tone:
        low, high = rng.uniform(-0.15, 0.2), rng.uniform(0.75, 1.2)
        ramp = np.clip((ramp - low) / (high - low), 0.0, 1.0)
        ramp = ramp ** np.exp(rng.uniform(-0.6, 0.6))
        ramp = ramp * rng.uniform(0.75, 1.0)
    if cast:
        ramp = ramp * rng.uniform(0.7, 1.0, (3, 1)) + rng.uniform(0, 0.12, (3, 1))
    if invert:
        ramp = 1.0 - ramp
    table: NDArray[np.uint8] = (np.clip(ramp, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    return table


def _overlay(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Burn in what screens, figures and web sites add: text, arrows, boxes."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    side = image.width
    for _ in range(int(rng.integers(1, 5))):
        level = int(rng.choice((0, 255)))
        colour = (
            (level,) * 3 if rng.random() < 0.6 else tuple(int(v) for v in rng.integers(0, 256, 3))
        )
        x, y = (int(v) for v in rng.uniform(0, 0.9, 2) * side)
        if rng.random() < 0.65:
            words = " ".join(rng.choice(_WORDS, int(rng.integers(1, 4))))
            draw.text((x, y), words, fill=colour)
        elif rng.random() < 0.5:
            end = (x + int(rng.integers(-40, 40)), y + int(rng.integers(-40, 40)))
            draw.line(((x, y), end), fill=colour, width=int(rng.integers(1, 3)))
        else:
            corner = (x + int(rng.integers(5, side // 2)), y + int(rng.integers(5, side // 2)))
            draw.rectangle(((x, y), corner), outline=colour)
    return np.asarray(image)


def _erase(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    side = pixels.shape[0]
    h, w = (int(v) for v in rng.uniform(0.1, 0.4, 2) * side)
    y, x = int(rng.integers(0, side - h)), int(rng.integers(0, side - w))
    result: Pixels = pixels.copy()
    result[y : y + h, x : x + w] = rng.integers(0, 256, 3 if rng.random() < 0.5 else 1)
    return result
