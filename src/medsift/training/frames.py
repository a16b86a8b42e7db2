"""Windows of programs around training pictures: viewers of scans, editors of photographs.

A viewer that shows a scan is medical, an editor that shows a photograph is not, and both have
the same panels, bars and rows of icons: drawn alike around both, the frame tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from medsift.core.picture import Pixels

_WORDS = (
    "File",
    "Edit",
    "View",
    "Tools",
    "Window",
    "Help",
    "Layout",
    "Series 3",
    "Image 12/40",
    "Zoom 120%",
    "Name",
    "Date",
    "2021-03-14",
    "Size 512x512",
    "Level",
    "Layer 1",
    "Opacity",
    "Open",
    "Save",
    "Untitled",
    "Settings",
    "100%",
)
_GRIDS = ((1, 1), (1, 1), (1, 2), (2, 2), (2, 1), (1, 3))


def window_around(pictures: Sequence[Pixels], rng: np.random.Generator) -> Pixels:
    """Draw a program's window that shows some pictures.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (h, w, 3)
        At least one; those that do not fit into the panels are not shown.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The shorter side has 240 pixels.
    """
    height = 240
    width = int(height * rng.uniform(1.15, 1.85))
    dark = rng.random() < 0.6
    base = int(rng.integers(20, 80)) if dark else int(rng.integers(200, 250))
    sheet = Image.new("RGB", (width, height), _shade(base, rng))
    ink = (210, 210, 210) if dark else (50, 50, 50)
    brush = _Brush(ImageDraw.Draw(sheet), base, ink, rng)
    top = int(rng.integers(8, 34))
    left = int(rng.uniform(0.12, 0.32) * width) if rng.random() < 0.6 else 0
    right = int(rng.uniform(0.1, 0.28) * width) if rng.random() < 0.4 else 0
    bottom = int(rng.integers(5, 24)) if rng.random() < 0.4 else 0
    brush.bar((0, 0, width, top))
    for x0, x1 in ((0, left), (width - right, width)):
        if x1 - x0 > 4:
            brush.panel((x0, top, x1, height))
    _panels(sheet, (left, top, width - right, height - bottom), pictures, rng)
    return np.asarray(sheet)


def _panels(
    sheet: Image.Image,
    area: tuple[int, int, int, int],
    pictures: Sequence[Pixels],
    rng: np.random.Generator,
) -> None:
    x0, y0, x1, y1 = area
    rows, columns = _GRIDS[rng.integers(len(_GRIDS))]
    wide, high = max(8, (x1 - x0) // columns), max(8, (y1 - y0) // rows)
    ground = (0, 0, 0) if rng.random() < 0.75 else _shade(int(rng.integers(40, 240)), rng)
    pen = ImageDraw.Draw(sheet)
    for number in range(rows * columns):
        x, y = x0 + number % columns * wide, y0 + number // columns * high
        pen.rectangle((x, y, x + wide - 2, y + high - 2), fill=ground, outline=(90, 90, 90))
        image = Image.fromarray(pictures[number % len(pictures)])
        factor = min((wide - 3) / image.width, (high - 3) / image.height) * rng.uniform(0.7, 1.0)
        size = (max(2, int(image.width * factor)), max(2, int(image.height * factor)))
        shown = image.resize(size, Image.Resampling.BILINEAR)
        sheet.paste(shown, (x + (wide - size[0]) // 2, y + (high - size[1]) // 2))
        if rng.random() < 0.6:
            font = ImageFont.load_default(int(rng.integers(7, 11)))
            for place in ((x + 2, y + 1), (x + 2, y + high - 12)):
                pen.text(place, _words(rng), fill=(230, 230, 200), font=font)


@dataclass(frozen=True, slots=True)
class _Brush:
    """What the parts of one window have in common: ground, ink, and chance."""

    pen: ImageDraw.ImageDraw
    base: int
    ink: tuple[int, int, int]
    rng: np.random.Generator

    def ground(self, area: tuple[int, int, int, int], spread: int) -> None:
        """Fill an area with nearly the ground of the window."""
        level = self.base + int(self.rng.integers(-spread, spread + 1))
        self.pen.rectangle(area, fill=_shade(level, self.rng))

    def font(self, largest: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(int(self.rng.integers(7, largest + 1)))

    def bar(self, area: tuple[int, int, int, int]) -> None:
        """Draw a menu over a row of icons."""
        x0, y0, x1, y1 = area
        pen, rng = self.pen, self.rng
        self.ground(area, 15)
        if rng.random() < 0.5:
            font = self.font(10)
            text = "   ".join(_words(rng) for _ in range(5))
            pen.text((x0 + 3, y0), text, fill=self.ink, font=font)
        side = int(rng.integers(5, 12))
        for x in range(x0 + 4, int(x1 * rng.uniform(0.3, 1.0)), side + int(rng.integers(3, 10))):
            box = (x, max(y0, y1 - side - 2), x + side, max(y0, y1 - side - 2) + side)
            if rng.random() < 0.5:
                pen.rectangle(box, outline=self.ink)
            else:
                pen.ellipse(box, fill=_shade(int(rng.integers(60, 240)), rng))

    def panel(self, area: tuple[int, int, int, int]) -> None:
        """Draw a column of words and lines."""
        x0, y0, x1, y1 = area
        pen, rng = self.pen, self.rng
        self.ground(area, 20)
        font = self.font(9)
        step = int(rng.integers(10, 18))
        for y in range(y0 + 3, y1 - step, step):
            if rng.random() < 0.7:
                indent = 6 * int(rng.integers(0, 3))
                pen.text((x0 + 3 + indent, y), _words(rng), fill=self.ink, font=font)
            elif rng.random() < 0.5:
                pen.line((x0, y, x1, y), fill=self.ink)


def _words(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(_WORDS, int(rng.integers(1, 3))))


def _shade(level: int, rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(v) for v in np.clip(level + rng.integers(-12, 13, 3), 0, 255))
    return red, green, blue
