"""From RGB pixels to the tensor that a network reads.

The one preprocessing of medsift: training, evaluation and inference call :func:`resize` and
:func:`normalise` with the :class:`Preprocess` that is stored in the model's ``model.json``, so
that a network never sees at work what it did not see in training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Pixels

Fit: TypeAlias = Literal["stretch", "letterbox", "crop"]
_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How pixels are resized and normalised for one network.

    Attributes
    ----------
    size : int
        Side of the square input, in pixels.
    fit : {"stretch", "letterbox", "crop"}
        ``stretch`` ignores the aspect ratio; ``letterbox`` keeps it and pads with white;
        ``crop`` scales the shorter side to ``size / crop_fraction`` and cuts the centre.
    crop_fraction : float
        Only for ``crop``; 0.875 is the usual 224 of 256.
    mean, std : tuple of float
        Per channel (R, G, B), of samples scaled to 0..1.
    """

    size: int
    fit: Fit = "stretch"
    crop_fraction: float = 0.875
    mean: tuple[float, float, float] = (127 / 255, 127 / 255, 127 / 255)
    std: tuple[float, float, float] = (128 / 255, 128 / 255, 128 / 255)

    def to_dict(self) -> dict[str, Any]:
        """As stored in ``model.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Preprocess:
        """Inverse of :meth:`to_dict`."""
        return cls(
            size=int(row["size"]),
            fit=row["fit"],
            crop_fraction=float(row["crop_fraction"]),
            mean=_triple(row["mean"]),
            std=_triple(row["std"]),
        )


def resize(pixels: Pixels, spec: Preprocess) -> Pixels:
    """Bring RGB pixels to ``(size, size, 3)``, antialiased.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    spec : Preprocess

    Returns
    -------
    ndarray of uint8, shape (spec.size, spec.size, 3)
    """
    image = Image.fromarray(pixels)
    side = spec.size
    if spec.fit == "stretch":
        resized = _scale(image, side, side)
    elif spec.fit == "letterbox":
        resized = Image.new("RGB", (side, side), _WHITE)
        inner = _scale(image, *_fit_within(image.size, side))
        resized.paste(inner, ((side - inner.width) // 2, (side - inner.height) // 2))
    else:
        resized = _centre_crop(image, side, spec.crop_fraction)
    return np.asarray(resized, dtype=np.uint8)


def normalise(pixels: Pixels, spec: Preprocess) -> NDArray[np.float32]:
    """Scale uint8 (h, w, 3) to float32 (3, h, w) with the mean and deviation of ``spec``."""
    scale = np.float32(1 / 255) / np.asarray(spec.std, dtype=np.float32)
    offset = np.asarray(spec.mean, dtype=np.float32) / np.asarray(spec.std, dtype=np.float32)
    # Plane by plane: over the last axis of three, NumPy takes four times as long.
    planes = np.empty((3, *pixels.shape[:2]), dtype=np.float32)
    np.multiply(pixels.transpose(2, 0, 1), scale[:, None, None], out=planes)
    planes -= offset[:, None, None]
    return planes


def prepare(pixels: Pixels, spec: Preprocess) -> NDArray[np.float32]:
    """Resize, then normalise: uint8 (h, w, 3) to float32 (3, size, size)."""
    return normalise(resize(pixels, spec), spec)


@dataclass(frozen=True, slots=True)
class Framing:
    """Which part of a picture a network reads, and where in its square that part lies.

    Attributes
    ----------
    seen : tuple of int
        left, top, right, bottom in pixels of the picture.
    square : tuple of float
        left, top, right, bottom in parts of the square's side, 0 to 1.
    """

    seen: tuple[int, int, int, int]
    square: tuple[float, float, float, float]


def framing_of(width: int, height: int, spec: Preprocess) -> Framing:
    """What :func:`resize` does with the places of a picture of this size in pixels."""
    whole = (0, 0, width, height)
    if spec.fit == "stretch":
        return Framing(whole, (0.0, 0.0, 1.0, 1.0))
    if spec.fit == "letterbox":
        side = spec.size
        inner_width, inner_height = _fit_within((width, height), side)
        left, top = (side - inner_width) // 2, (side - inner_height) // 2
        right, bottom = left + inner_width, top + inner_height
        return Framing(whole, (left / side, top / side, right / side, bottom / side))
    left, top, right, bottom = (round(v) for v in _central_box(width, height, spec.crop_fraction))
    return Framing((left, top, max(right, left + 1), max(bottom, top + 1)), (0.0, 0.0, 1.0, 1.0))


def _scale(image: Image.Image, width: int, height: int) -> Image.Image:
    if image.size == (width, height):
        return image
    # reducing_gap=2 lets Pillow shrink by whole numbers first: several times faster on large
    # pictures, and hard to tell from the plain filter.
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _fit_within(size: tuple[int, int], side: int) -> tuple[int, int]:
    width, height = size
    factor = side / max(width, height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _centre_crop(image: Image.Image, side: int, fraction: float) -> Image.Image:
    # A crop of the source box first: scaling only what is kept.
    box = _central_box(*image.size, fraction)
    return image.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)


def _central_box(width: int, height: int, fraction: float) -> tuple[float, float, float, float]:
    kept = min(width, height) * fraction
    return (
        (width - kept) / 2,
        (height - kept) / 2,
        (width + kept) / 2,
        (height + kept) / 2,
    )


def _triple(values: Any) -> tuple[float, float, float]:
    first, second, third = (float(v) for v in values)
    return first, second, third
