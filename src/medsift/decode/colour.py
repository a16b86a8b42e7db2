"""Any mode of Pillow becomes RGB over white."""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from medsift.core.picture import Pixels
from medsift.decode.grey import stretch

_WHITE = (255, 255, 255)
_DEEP_GREY = ("I", "F")  # and all modes that start with I;
_LONGEST_PROFILE = 4 * 1024 * 1024
_SRGB_NAMES = (b"sRGB", "sRGB".encode("utf-16-be"))
# Signatures of colour spaces in the header of a profile, ICC.1:2022 table 19.
_PROFILE_MODES = {b"RGB ": "RGB", b"CMYK": "CMYK", b"GRAY": "L"}


def to_rgb(image: Image.Image) -> Pixels:
    """RGB pixels of an image, whatever its mode.

    Transparency is composited over white; grey values of more than 8 bits are scaled by
    percentiles, see :func:`medsift.decode.grey.stretch`; an embedded ICC profile other than
    sRGB is converted to sRGB.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded, or able to load without an error.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    return np.asarray(rgb_image(image), dtype=np.uint8)


def rgb_image(image: Image.Image) -> Image.Image:
    """Do what :func:`to_rgb` does, for what goes on with Pillow."""
    if image.mode in _DEEP_GREY or image.mode.startswith("I;"):
        return _from_grey(image)
    if image.mode == "1" and "transparency" not in image.info:
        return image.convert("RGB")
    return _over_white(_to_srgb(_plain(image)))


def _from_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    grey = stretch(values)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return Image.fromarray(grey).convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """One of RGB, RGBA, L, LA and CMYK, with the same look and profile."""
    if image.mode in {"RGBA", "LA", "CMYK"}:
        return image
    profile = image.info.get("icc_profile")
    if "transparency" in image.info and image.mode in {"1", "L", "P", "RGB"}:
        plain = _with_alpha(image)
    elif image.mode in {"RGB", "L"}:
        return image
    elif image.mode in {"PA", "RGBa"}:
        plain = image.convert("RGBA")
    elif image.mode == "La":
        plain = image.convert("LA")
    elif image.mode == "P" and image.palette is not None and image.palette.mode == "RGBA":
        plain = image.convert("RGBA")
    else:
        plain = image.convert("RGB")
    if profile is not None:
        plain.info["icc_profile"] = profile
    return plain


def _with_alpha(image: Image.Image) -> Image.Image:
    try:
        return image.convert("RGBA")
    except (ValueError, TypeError, KeyError):
        # A transparency of the wrong type or length: the picture itself is fine.
        opaque = image.copy()
        del opaque.info["transparency"]
        return opaque.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode not in {"RGBA", "LA"}:
        return image if image.mode == "RGB" else image.convert("RGB")
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert("RGB")
    page = Image.new("RGB", image.size, _WHITE)
    page.paste(image.convert("RGB"), mask=alpha)
    return page


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not _is_worth_applying(profile):
        return image
    colours = "RGB" if image.mode == "RGBA" else image.mode
    if _PROFILE_MODES.get(profile[16:20]) != colours:
        return image
    transform = _transform(profile, image.mode)
    if transform is None:
        return image
    converted: Image.Image = transform.apply(image)
    converted.info.pop("icc_profile", None)
    return converted


def _is_worth_applying(profile: bytes) -> bool:
    if len(profile) < 128 or len(profile) > _LONGEST_PROFILE:
        return False
    # A name is cheap to find, and the conversion would change next to nothing.
    return not any(name in profile for name in _SRGB_NAMES)


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """Build the transform to sRGB; None for a profile that is of no use."""
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            mode if mode in {"L", "RGBA"} else "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
