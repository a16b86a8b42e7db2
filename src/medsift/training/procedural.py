"""Pictures drawn by formula, of kinds that look medical and are not.

Star fields, spectrograms, masks, depth maps, fingerprints, irises and radar pictures are rare
in public collections, and mostly of one source each, so that a network learns the source. These
drawings are crude, but no two are alike. Colour maps are piecewise linear through a few colours
of the usual ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from medsift.core.picture import Pixels
from medsift.training.sound import power, sound

Field = NDArray[np.float64]

_COLOUR_MAPS = (
    "440154 3b528b 21918c 5ec962 fde725",
    "000004 51127c b73779 fc8961 fcfdbf",
    "0d0887 7e03a8 cc4778 f89540 f0f921",
    "000080 0000ff 00ffff ffff00 ff0000 800000",
    "000000 ff0000 ffff00 ffffff",
    "000000 ffffff",
    "ffffff 000000",
    "30123b 4662d7 36aaf9 1ae4b6 72fe5e c8ef34 faba39 f66b19 7a0403",
    "000000 3b1f0b c87533 ffe0a0",
)


def draw(kind: str, rng: np.random.Generator) -> Pixels:
    """Draw a picture of one of :data:`DRAWN_KINDS`.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The shorter side has 140 to 240 pixels.
    """
    height, width = int(rng.integers(140, 241)), int(rng.integers(160, 321))
    return _ARTISTS[kind](height, width, rng)


def smooth_field(height: int, width: int, rng: np.random.Generator, slope: float = 1.8) -> Field:
    """Random field with a power-law spectrum, scaled to 0..1; the steeper the smoother."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1.0
    shape = (height, width // 2 + 1)
    spectrum = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    spectrum *= frequency**-slope
    spectrum[0, 0] = 0
    return _scaled(np.fft.irfft2(spectrum, s=(height, width)))


def blurred(values: NDArray[np.generic], sigma: float) -> Field:
    """Gaussian blur by way of the spectrum: Pillow blurs no floating-point pictures."""
    height, width = values.shape
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    passes = np.exp(-2 * (np.pi * sigma) ** 2 * (fy**2 + fx**2))
    spectrum = np.fft.rfft2(np.asarray(values, dtype=np.float64))
    result: Field = np.fft.irfft2(spectrum * passes, s=(height, width))
    return result


def coloured(values: Field, rng: np.random.Generator) -> Pixels:
    """Show values of 0..1 through a random colour map."""
    stops = _COLOUR_MAPS[rng.integers(len(_COLOUR_MAPS))].split()
    table = np.array([list(bytes.fromhex(stop)) for stop in stops], dtype=np.float64)
    places = np.linspace(0, 1, len(table))
    channels = [np.interp(values, places, table[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def _spectrogram(height: int, width: int, rng: np.random.Generator) -> Pixels:
    artist = _of_sound if rng.random() < 0.7 else _ridges
    return artist(height, width, rng)


def _of_sound(height: int, width: int, rng: np.random.Generator) -> Pixels:
    samples = sound(int(height * rng.uniform(6, 120)), rng)
    shown = power(samples, height, width, rng)
    return _grey(shown) if rng.random() < 0.4 else coloured(shown, rng)


def _ridges(height: int, width: int, rng: np.random.Generator) -> Pixels:
    time, pitch = np.arange(width), np.arange(height)[:, None]
    power = rng.uniform(0.1, 0.5) * np.exp(-pitch / height * rng.uniform(0, 5))
    power = power * (0.5 + 0.5 * rng.random((height, width)))
    for _ in range(int(rng.integers(0, 10))):
        start = int(rng.integers(0, width - 10))
        end = min(width, start + int(rng.integers(8, 150)))
        tone = rng.uniform(4, height * 0.3) + rng.uniform(-0.15, 0.15) * (time[start:end] - start)
        tone = tone + rng.uniform(0, 4) * np.sin(time[start:end] * rng.uniform(0.05, 0.5))
        for harmonic in range(1, int(rng.integers(2, 9))):
            ridge = np.exp(-(((pitch - harmonic * tone) / rng.uniform(0.8, 2.5)) ** 2))
            power[:, start:end] += ridge / harmonic ** rng.uniform(0.3, 1)
    for _ in range(int(rng.integers(0, 14))):
        start = int(rng.integers(0, width))
        power[:, start : start + 4] += rng.uniform(0.2, 0.8) * np.exp(-pitch / height * 2)
    power *= 0.6 + 0.6 * smooth_field(height, width, rng, 1.0)
    return coloured(_scaled(np.log1p(power * rng.uniform(2, 20)))[::-1], rng)


def _stars(height: int, width: int, rng: np.random.Generator) -> Pixels:
    sky = np.zeros((height, width))
    reach = 6
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    for _ in range(int(10 ** rng.uniform(0.8, 2.8))):
        row = int(rng.integers(reach, height - reach))
        column = int(rng.integers(reach, width - reach))
        brightness = min(1.0, 0.1 / max(rng.random(), 0.02) ** rng.uniform(0.5, 1.2))
        spot = brightness * np.exp(-(y**2 + x**2) / (2 * rng.uniform(0.6, 2.0) ** 2))
        sky[row - reach : row + reach + 1, column - reach : column + reach + 1] += spot
    colours = np.repeat(sky[..., None], 3, axis=2)
    for _ in range(int(rng.integers(0, 3))):
        fog = np.clip(smooth_field(height, width, rng) - rng.uniform(0.3, 0.6), 0, 1)
        colours = colours + fog[..., None] * rng.random(3) * rng.uniform(0.3, 1.2)
    colours += rng.standard_normal(colours.shape) * rng.uniform(0, 0.03)
    sky_picture = _bytes(colours)
    return _as_chart(sky_picture, rng) if rng.random() < 0.4 else sky_picture


def _as_chart(sky: Pixels, rng: np.random.Generator) -> Pixels:
    """Draw what a planetarium draws: figures, a grid, names, marks around objects."""
    image = Image.fromarray(sky)
    pen = ImageDraw.Draw(image)
    width, height = image.size
    tints = [tuple(int(v) for v in rng.integers(30, 220, 3)) for _ in range(3)]

    def place() -> tuple[float, float]:
        return float(rng.uniform(0, width)), float(rng.uniform(0, height))

    for _ in range(int(rng.integers(0, 5))):
        figure = [place()]
        for _ in range(int(rng.integers(2, 7))):
            x, y = figure[-1]
            figure.append((x + rng.uniform(-0.2, 0.2) * width, y + rng.uniform(-0.2, 0.2) * height))
        pen.line(figure, fill=tints[0])
    if rng.random() < 0.4:
        x, y = place()
        for radius in np.linspace(0.1, 1.6, int(rng.integers(3, 9))) * max(width, height):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=tints[1])
    for _ in range(int(rng.integers(0, 9))):
        x, y = place()
        radius = rng.uniform(2, 9)
        if rng.random() < 0.5:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=tints[2])
        letters = "".join(chr(97 + int(v)) for v in rng.integers(0, 26, int(rng.integers(2, 9))))
        pen.text((x + radius, y), letters.capitalize(), fill=tints[2])
    return np.asarray(image)


def _planet(height: int, width: int, rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:height, :width]
    radius = min(height, width) * rng.uniform(0.3, 0.5)
    y, x = (y - height / 2) / radius, (x - width / 2) / radius
    surface = smooth_field(height, width, rng, rng.uniform(0.9, 1.9))
    if rng.random() < 0.3:
        surface = 0.5 + 0.5 * np.sin(y * rng.uniform(4, 14) + surface * rng.uniform(1, 4))
    for _ in range(int(rng.integers(0, 40)) if rng.random() < 0.6 else 0):
        far = np.hypot(x - rng.uniform(-1, 1), y - rng.uniform(-1, 1)) / rng.uniform(0.02, 0.16)
        surface = surface - 0.35 * np.exp(-(far**2)) + 0.25 * np.exp(-(((far - 1) / 0.25) ** 2))
    tones = rng.random((2, 3)) * 0.8 + 0.15
    if rng.random() < 0.5:
        tones = np.repeat(tones.mean(axis=1, keepdims=True), 3, axis=1)
    colours = tones[0] * surface[..., None] + tones[1] * (1 - surface[..., None])
    # The border of day and night is half an ellipse.
    night = x > rng.uniform(-1.2, 1.2) * np.sqrt(np.clip(1 - y**2, 0, 1))
    colours = np.where(night[..., None], colours * rng.uniform(0.05, 0.4), colours)
    ground = 1.0 if rng.random() < 0.5 else 0.0
    return _bytes(np.where((np.hypot(x, y) < 1)[..., None], colours, ground))


def _mask(height: int, width: int, rng: np.random.Generator) -> Pixels:
    style = rng.random()
    if style < 0.4:
        inside = smooth_field(height, width, rng, 2.0) > rng.uniform(0.45, 0.75)
        colour = (1.0, 1.0, 1.0) if rng.random() < 0.7 else rng.random(3)
        return _bytes(inside[..., None] * np.asarray(colour))
    if style < 0.7:
        count = int(rng.integers(2, 9))
        palette = rng.random((count, 3))
        palette[0] *= rng.random() < 0.4
        fields = [smooth_field(height, width, rng, 2.0) for _ in range(count)]
        return _bytes(palette[np.argmax(np.stack(fields), axis=0)])
    return coloured(smooth_field(height, width, rng, 2.5), rng)


def _depth(height: int, width: int, rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:height, :width]
    depth = y / height * rng.uniform(0.3, 1) + x / width * rng.uniform(-0.3, 0.3)
    horizon = int(height * rng.uniform(0.2, 0.6))
    depth[:horizon] *= rng.uniform(0, 0.4)
    for _ in range(int(rng.integers(2, 14))):
        bottom, left = int(rng.integers(horizon, height)), int(rng.integers(0, width))
        top, right = max(0, bottom - int(rng.integers(10, 100))), left + int(rng.integers(5, 60))
        depth[top:bottom, left:right] = depth[bottom, left] + rng.uniform(0, 0.1)
    image = Image.fromarray(coloured(_scaled(depth), rng))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 3))))


def _fingerprint(height: int, width: int, rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:height, :width]
    y = y - height * rng.uniform(0.35, 0.65)
    x = x - width * rng.uniform(0.35, 0.65)
    warp = (smooth_field(height, width, rng, 2.2) - 0.5) * rng.uniform(60, 140)
    ridges = np.sin((np.hypot(y * rng.uniform(0.7, 1.1), x) + warp) * rng.uniform(0.5, 1.0))
    ink = 1 / (1 + np.exp(-ridges * rng.uniform(2, 7)))
    ink = ink * (1 - 0.4 * smooth_field(height, width, rng, 1.2))
    paper = rng.uniform(0.75, 1)
    edge = (y / (height * rng.uniform(0.4, 0.6))) ** 2 + (x / (width * rng.uniform(0.35, 0.6))) ** 2
    picture = np.where(edge < 1, ink * paper, paper)
    return _grey(picture + rng.standard_normal(picture.shape) * rng.uniform(0, 0.1))


def _iris(height: int, width: int, rng: np.random.Generator) -> Pixels:
    y, x = np.mgrid[:height, :width]
    cy, cx = height * rng.uniform(0.4, 0.6), width * rng.uniform(0.4, 0.6)
    outer = rng.uniform(45, 70)
    inner = outer * rng.uniform(0.3, 0.55)
    radius, angle = np.hypot(y - cy, x - cx), np.arctan2(y - cy, x - cx)
    fibres = smooth_field(48, 512, rng, 1.1)
    depth = np.clip((radius - inner) / (outer - inner) * 40, 0, 47).astype(int)
    around = ((angle + np.pi) / (2 * np.pi) * 511).astype(int)
    lids = np.abs(y - cy) + ((x - cx) / width) ** 2 * rng.uniform(100, 300)
    open_eye = lids < outer * rng.uniform(0.8, 1.2)
    eye = 0.45 + 0.25 * smooth_field(height, width, rng, 2.0)
    eye = np.where(open_eye, rng.uniform(0.65, 0.9), eye)
    ring = rng.uniform(0.3, 0.5) + 0.35 * (fibres[depth, around] - 0.5)
    eye = np.where((radius < outer) & open_eye, ring, eye)
    eye = np.where(radius < inner, rng.uniform(0.02, 0.12), eye)
    image = Image.fromarray(_grey(eye)).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.6)))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(0, 25))):
        root = cx + rng.uniform(-1.3, 1.3) * outer
        tip = (root + rng.uniform(-15, 15), cy - outer * rng.uniform(1, 1.3))
        pen.line(((root, cy - outer * rng.uniform(0.6, 0.9)), tip), fill=(30, 30, 30))
    return np.asarray(image)


def _radar(height: int, width: int, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.3:
        fringes = smooth_field(height, width, rng, 2.2) * rng.uniform(2, 8)
        return coloured(np.mod(fringes + rng.random((height, width)) * 0.15, 1), rng)
    ground = smooth_field(height, width, rng, rng.uniform(1.2, 2)) ** rng.uniform(1, 2.5)
    speckle = rng.gamma(rng.uniform(0.8, 4), 1, (height, width))
    echo = ground * speckle
    return _grey(echo / max(float(np.quantile(echo, 0.98)), 1e-9))


def _scaled(values: Field) -> Field:
    low, high = float(values.min()), float(values.max())
    result: Field = (values - low) / max(high - low, 1e-9)
    return result


def _grey(values: Field) -> Pixels:
    return _bytes(np.repeat(values[..., None], 3, axis=2))


def _bytes(values: Field) -> Pixels:
    result: Pixels = (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
    return result


def _biometric(height: int, width: int, rng: np.random.Generator) -> Pixels:
    artist = _fingerprint if rng.random() < 0.6 else _iris
    return artist(height, width, rng)


def _astronomy(height: int, width: int, rng: np.random.Generator) -> Pixels:
    artist = _stars if rng.random() < 0.5 else _planet
    return artist(height, width, rng)


_ARTISTS: dict[str, Callable[[int, int, np.random.Generator], Pixels]] = {
    "spectrogram": _spectrogram,
    "astronomy": _astronomy,
    "mask_overlay": _mask,
    "depth_map": _depth,
    "biometric": _biometric,
    "sonar_radar": _radar,
}

DRAWN_KINDS = tuple(_ARTISTS)
"""Kinds that :func:`draw` can draw; all of them are not medical."""
