"""Colours as files mean them become sRGB: by an ICC profile, or by the gamma of a PNG file.

What is sRGB anyway is told by what its profile does, not by its name: profiles of linear light are
called sRGB as well. Chromium does the same.
"""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_LONGEST_PROFILE = 4 * 1024 * 1024
_HEADER = 128
# Signatures of colour spaces in the header of a profile, ICC.1:2022 table 19.
_MODES = {b"RGB ": "RGB", b"CMYK": "CMYK", b"GRAY": "L"}
_STEPS = 9
_SEEN = 3
"""Levels that a conversion may change for it to be spared."""

_USUAL_GAMMA = 1 / 2.2


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert one of the modes RGB, RGBA, L, LA and CMYK by the profile or gamma in its info.

    A profile of another kind of colour, or of no use, changes nothing.
    """
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes):
        return _by_profile(image, profile)
    gamma = image.info.get("gamma")
    if isinstance(gamma, float) and "srgb" not in image.info and image.mode != "CMYK":
        return _by_gamma(image, gamma)
    return image


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    if not _HEADER <= len(profile) <= _LONGEST_PROFILE:
        return image
    colours = {"RGBA": "RGB", "LA": "L"}.get(image.mode, image.mode)
    if _MODES.get(profile[16:20]) != colours:
        return image
    if colours == "L":
        table = _table_of_greys(profile)
        return image if table is None else _looked_up(image, table)
    transform = _transform(profile, colours)
    if transform is None:
        return image
    opaque = image.convert(colours) if image.mode != colours else image
    converted: Image.Image = transform.apply(opaque)
    if image.mode != colours:
        converted.putalpha(image.getchannel("A"))
    converted.info.pop("icc_profile", None)
    return converted


@functools.lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> Any:
    """Build the transform to sRGB; None for a profile that is of no use, or sRGB itself."""
    try:
        transform = _built(profile, mode)
        return transform if mode == "CMYK" or _changes_rgb(transform) else None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@functools.lru_cache(maxsize=32)
def _table_of_greys(profile: bytes) -> tuple[int, ...] | None:
    """What each grey becomes; None for a profile that is of no use, or changes nothing."""
    every = np.arange(256, dtype=np.uint8)
    try:
        # What lcms makes of greys to be quicker is off by several levels where it is dark.
        transform = _built(profile, "L", ImageCms.Flags.NOOPTIMIZE)
        table = np.asarray(transform.apply(Image.fromarray(every[None, :])))[0, :, 1]
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    changes = np.abs(table.astype(np.int16) - every).max() > _SEEN
    return tuple(map(int, table)) if changes else None


def _built(profile: bytes, mode: str, flags: int = 0) -> Any:
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags(flags),
    )


def _changes_rgb(transform: Any) -> bool:
    """Whether a transform can be seen, on an even choice of colours."""
    steps = np.linspace(0, 255, _STEPS).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    answered = np.asarray(transform.apply(Image.fromarray(colours)))
    return bool(np.abs(answered.astype(np.int16) - colours).max() > _SEEN)


def _by_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """By the exponent that samples were encoded with, PNG third edition, 11.3.2.2."""
    if not 0.01 < gamma < 10 or abs(gamma - _USUAL_GAMMA) < 0.02:
        return image
    light = (np.arange(256) / 255) ** (1 / gamma)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return _looked_up(image, tuple(map(int, (encoded * 255).round())))


def _looked_up(image: Image.Image, table: tuple[int, ...]) -> Image.Image:
    """Change all channels but opacity by a table."""
    unchanged = tuple(range(256))
    tables = [unchanged if band == "A" else table for band in image.getbands()]
    return image.point([level for band in tables for level in band])
