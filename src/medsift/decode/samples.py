"""Samples that Pillow gives with another meaning than the file: mended before they are looked at.

Pillow keeps the bits of deep grey values as they are, so that unsigned ones of 32 bits wrap into
negative ones, those of FITS, which are signed, wrap the other way, and white stays zero where TIFF
says so (TIFF 6.0, PhotometricInterpretation).
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFile

from medsift.core.limits import Limits
from medsift.decode import tiff

_PHOTOMETRIC, _SAMPLE_FORMAT, _BITS = 262, 339, 258
_COMPRESSION, _PLANAR, _STRIP_COUNTS, _COLOUR_MAP = 259, 284, 279, 320
_WHITE_IS_ZERO, _YCBCR = 0, 6
_NODATA = 42113
_SUN_RGB = 3
_SUN_PLAIN = frozenset({0, 1, _SUN_RGB})
_FAX = frozenset({2, 3, 4})
_UNSIGNED, _SIGNED = 1, 2
_SEPARATE = 2
_COLOURS = frozenset({"RGB", "RGBA", "CMYK"})
_CARD, _BLOCK = 80, 2880  # FITS 4.0, section 3.1


def with_true_samples(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """The image with the values that its file means.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Loaded.
    data : bytes
        Of the file.
    """
    if image.format == "TIFF":
        return _of_tiff(image)
    if image.format == "PSD":
        return _of_photoshop(image)
    if image.format == "SUN":
        return _of_sun(image, data)
    return _of_fits(image, data) if image.format == "FITS" else image


def by_own_means(
    image: ImageFile.ImageFile, data: bytes, limits: Limits
) -> tuple[Image.Image, str] | None:
    """Pages of TIFF without compression that Pillow would read as noise; None for all else.

    The second value is ``truncated`` where samples are missing, and were filled in.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Not yet loaded.
    data : bytes
        Of the file.
    limits : Limits

    Raises
    ------
    DecodeError
        There are fewer strips or tiles than the size needs.
    """
    tags = getattr(image, "tag_v2", None)
    if tags is None or tags.get(_COMPRESSION, 1) != 1 or not _is_noise_to_pillow(image, tags):
        return None
    made, is_whole = tiff.page(tags, data, limits)
    return _like(image, made), "" if is_whole else "truncated"


def _is_noise_to_pillow(image: ImageFile.ImageFile, tags: Any) -> bool:
    bits = set(tags.get(_BITS, (1,)))
    if tags.get(_PHOTOMETRIC) == _YCBCR and tags.get(_PLANAR, 1) != _SEPARATE:
        return bits == {8} and tiff.shared_colours(tags) != (1, 1) and _are_shared(tags)
    return tags.get(_PLANAR, 1) == _SEPARATE and bits == {16} and image.mode in _COLOURS


def _are_shared(tags: Any) -> bool:
    """Whether there are fewer bytes than three for each pixel: the default is often not meant."""
    held = sum(tags.get(_STRIP_COUNTS, ()))
    return not held or held < 3 * int(tags[256]) * int(tags[257])


def _of_tiff(image: ImageFile.ImageFile) -> Image.Image:
    tags: Any = getattr(image, "tag_v2", {})
    if image.mode == "P":
        return _with_bytes_of_colours(image, tags)
    if image.mode in {"1", "L"} and _PHOTOMETRIC not in tags:
        # Pillow takes white for zero, which is so in facsimiles alone.
        is_fax = tags.get(_COMPRESSION, 1) in _FAX
        return image if is_fax else _like(image, ImageChops.invert(image))
    kind = (tags.get(_SAMPLE_FORMAT) or (_UNSIGNED,))[0]
    bits = (tags.get(_BITS) or (1,))[0]
    if image.mode == "L" and kind == _SIGNED and bits == 8:
        return _like(image, Image.fromarray(np.asarray(image) ^ 0x80))
    if image.mode not in {"I", "F"} and not image.mode.startswith("I;"):
        return image
    stored = np.asarray(image)
    values = _without_nodata(stored, tags)
    is_wrapped = image.mode == "I" and kind == _UNSIGNED and bits == 32
    is_inverse = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    if is_wrapped:
        # Less 2 to the 31: what counts is their order and distance.
        values = (values.view(np.uint32) ^ np.uint32(1 << 31)).view(np.int32)
    if is_inverse:
        values = -values if values.dtype.kind == "f" else np.bitwise_not(values)
    if values is stored:
        return image
    return _like(image, Image.fromarray(values))


def _without_nodata(values: NDArray[Any], tags: Any) -> NDArray[Any]:
    """Put the least value in the place of one that stands for none (GDAL's tag of that name)."""
    try:
        nothing = float(str(tags[_NODATA]).strip("\0 "))
    except (KeyError, ValueError):
        return values
    is_nothing = values == nothing
    if not is_nothing.any() or is_nothing.all():
        return values
    filled: NDArray[Any] = values.copy()
    filled[is_nothing] = values[~is_nothing].min()
    return filled


def _with_bytes_of_colours(image: ImageFile.ImageFile, tags: Any) -> Image.Image:
    """Entries of a palette have 16 bits; where all are small, somebody meant 8."""
    entries = tags.get(_COLOUR_MAP) or ()
    if not entries or max(entries) > 255 or max(entries) == 0:
        return image
    made = _like(image, image.copy())
    count = len(entries) // 3
    made.putpalette([entries[n + count * c] for n in range(count) for c in range(3)])
    return made


def _of_sun(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """Of four bytes a pixel the first is the spare one, as in FFmpeg; Pillow takes the last."""
    width, height, depth, _, kind, _, mapped = struct.unpack_from(">7I", data, 4)
    start, size = 32 + mapped, width * height * 4
    if depth != 32 or kind not in _SUN_PLAIN or len(data) < start + size:
        return image
    pixels = np.frombuffer(data, np.uint8, size, start).reshape(height, width, 4)[..., 1:]
    colours = pixels if kind == _SUN_RGB else pixels[..., ::-1]
    return _like(image, Image.fromarray(np.ascontiguousarray(colours)))


def _of_photoshop(image: ImageFile.ImageFile) -> Image.Image:
    """In bitmaps of Photoshop one is black."""
    return _like(image, ImageChops.invert(image)) if image.mode == "1" else image


def _of_fits(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """Integers of FITS are signed; a scale below zero turns black into white."""
    cards = _cards(data)
    values = np.asarray(image)
    if image.mode == "I;16":
        values = values.view(f"{values.dtype.byteorder}i2").astype(np.int32)
    if _number(cards, b"BSCALE", 1.0) < 0:
        values = np.bitwise_not(values) if values.dtype.kind in "iu" else -values
    return _like(image, Image.fromarray(values))


def _cards(data: bytes) -> dict[bytes, bytes]:
    """Header of the first unit that has data, as far as it is of one."""
    cards: dict[bytes, bytes] = {}
    for at in range(0, min(len(data), 64 * _BLOCK), _CARD):
        card = data[at : at + _CARD]
        name = card[:8].strip()
        if name == b"END":
            break
        if card[8:9] == b"=":
            cards.setdefault(name, card[9:].split(b"/")[0].strip())
    return cards


def _number(cards: dict[bytes, bytes], name: bytes, default: float) -> float:
    try:
        return float(cards[name].replace(b"D", b"E"))
    except (KeyError, ValueError):
        return default


def _like(image: Image.Image, made: Image.Image) -> Image.Image:
    made.info = dict(image.info)
    return made
