"""Samples that Pillow gives with another meaning than the file: mended before they are looked at.

Pillow keeps the bits of deep grey values as they are, so that unsigned ones of 32 bits wrap into
negative ones, those of FITS, which are signed, wrap the other way, and white stays zero where TIFF
says so (TIFF 6.0, PhotometricInterpretation).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from medsift.core.errors import DecodeError

_PHOTOMETRIC, _SAMPLE_FORMAT, _BITS = 262, 339, 258
_COMPRESSION, _PLANAR = 259, 284
_STRIP_OFFSETS, _ROWS_PER_STRIP = 273, 278
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS = 322, 323, 324
_WHITE_IS_ZERO = 0
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
    return _of_fits(image, data) if image.format == "FITS" else image


def by_own_means(image: ImageFile.ImageFile, data: bytes) -> tuple[Image.Image, str] | None:
    """Planes of uncompressed TIFF that Pillow would read as noise; None for all else.

    The second value is ``truncated`` where samples are missing, and were filled in.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Not yet loaded.
    data : bytes
        Of the file.

    Raises
    ------
    DecodeError
        There are fewer strips or tiles than the size needs.
    """
    tags = getattr(image, "tag_v2", None)
    if tags is None or tags.get(_COMPRESSION, 1) != 1:
        return None
    bits = set(tags.get(_BITS, (1,)))
    if tags.get(_PLANAR, 1) != _SEPARATE or bits != {16} or image.mode not in _COLOURS:
        return None
    samples, is_whole = _assembled(tags, data, "<" if tags.prefix == b"II" else ">")
    made = _like(image, _image_of(samples, image.mode))
    return made, "" if is_whole else "truncated"


def _of_tiff(image: ImageFile.ImageFile) -> Image.Image:
    tags: Any = getattr(image, "tag_v2", {})
    kind = (tags.get(_SAMPLE_FORMAT) or (_UNSIGNED,))[0]
    bits = (tags.get(_BITS) or (1,))[0]
    if image.mode == "L" and kind == _SIGNED and bits == 8:
        return _like(image, Image.fromarray(np.asarray(image) ^ 0x80))
    if image.mode not in {"I", "F"} and not image.mode.startswith("I;"):
        return image
    values = np.asarray(image)
    is_wrapped = image.mode == "I" and kind == _UNSIGNED and bits == 32
    is_inverse = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    if is_wrapped:
        # Less 2 to the 31: what counts is their order and distance.
        values = (values.view(np.uint32) ^ np.uint32(1 << 31)).view(np.int32)
    if is_inverse:
        values = -values if values.dtype.kind == "f" else np.bitwise_not(values)
    if not is_wrapped and not is_inverse:
        return image
    return _like(image, Image.fromarray(values))


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


def _assembled(tags: Any, data: bytes, order: str) -> tuple[NDArray[Any], bool]:
    """Samples of all planes, shape (h, w, n), and whether all of them are there."""
    width, height = int(tags[256]), int(tags[257])
    count = int(tags.get(277, 1))
    planes = count if tags.get(_PLANAR, 1) == _SEPARATE else 1
    each = count // planes
    tile = (
        (int(tags[_TILE_LENGTH]), int(tags[_TILE_WIDTH]))
        if _TILE_WIDTH in tags
        else (min(int(tags.get(_ROWS_PER_STRIP, height)), height), width)
    )
    offsets = tags.get(_TILE_OFFSETS) or tags[_STRIP_OFFSETS]
    down, across = -(-height // tile[0]), -(-width // tile[1])
    if min(tile) < 1 or len(offsets) < planes * down * across:
        raise DecodeError("a TIFF image whose strips are missing")
    dtype = np.dtype(f"{order}u2")
    result = np.zeros((height, width, count), dtype)
    is_whole = True
    for number in range(planes * down * across):
        plane, place = divmod(number, down * across)
        y, x = (place // across) * tile[0], (place % across) * tile[1]
        rows = tile[0] if _TILE_WIDTH in tags else min(tile[0], height - y)
        size = rows * tile[1] * each * dtype.itemsize
        held = data[offsets[number] : offsets[number] + size]
        is_whole &= len(held) == size
        block = np.frombuffer(held.ljust(size, b"\0"), dtype).reshape(rows, tile[1], each)
        kept = block[: height - y, : width - x]
        result[y : y + rows, x : x + tile[1], plane * each : (plane + 1) * each] = kept
    return result, is_whole


def _image_of(samples: NDArray[Any], mode: str) -> Image.Image:
    shifted = (samples >> 8).astype(np.uint8)
    channels = [Image.fromarray(shifted[..., n]) for n in range(Image.getmodebands(mode))]
    return Image.merge(mode, channels)
