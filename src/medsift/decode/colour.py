"""Any mode of Pillow becomes RGB over white."""

from __future__ import annotations

import numpy as np
from PIL import Image

from medsift.core.picture import Pixels
from medsift.decode.grey import stretch
from medsift.decode.profiles import to_srgb

_WHITE = (255, 255, 255)
_MEANING = ("icc_profile", "gamma", "srgb")
"""What tells in the info of an image how its colours are meant."""

_DEEP_GREY = ("I", "F")  # and all modes that start with I;


def to_rgb(image: Image.Image) -> Pixels:
    """RGB pixels of an image, whatever its mode.

    Transparency is composited over white; grey values of more than 8 bits are scaled by
    percentiles, see :func:`medsift.decode.grey.stretch`; colours are converted to sRGB, see
    :mod:`medsift.decode.profiles`.

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
    return _over_white(to_srgb(_plain(image)))


def _from_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    made = Image.fromarray(stretch(values))
    made.info = dict(image.info)
    shown = to_srgb(made)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        shown.paste(
            255 if shown.mode == "L" else _WHITE, mask=Image.fromarray(values == transparent)
        )
    return shown.convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """One of RGB, RGBA, L, LA and CMYK, with the same look and profile."""
    if image.mode in {"RGBA", "LA", "CMYK"}:
        return image
    kept = {key: image.info[key] for key in _MEANING if key in image.info}
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
    plain.info.update(kept)
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
