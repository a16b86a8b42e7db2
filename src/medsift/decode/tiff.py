"""Pages of TIFF that Pillow does not read, or reads as noise: samples as they are, or deflated.

Pillow knows a closed list of layouts. Here any depth of integers and floating point is read, in
strips or tiles, planes together or apart, with more samples than colours, and with colours that
pixels share (TIFF 6.0; BigTIFF of either byte order).
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import DecodeError, UnsupportedError
from medsift.core.limits import Limits
from medsift.decode.grey import robust_range, scale, stretch
from medsift.decode.guard import check_pixels

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _ROWS_PER_STRIP, _COUNTS, _PLANAR = 273, 277, 278, 279, 284
_PREDICTOR, _COLOUR_MAP, _EXTRA, _FORMAT, _SUBSAMPLING = 317, 320, 338, 339, 530
_TILE_WIDTH, _TILE_LENGTH, _TILES, _TILE_COUNTS, _PROFILE = 322, 323, 324, 325, 34675
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _INKS, _YCBCR = 0, 1, 2, 3, 5, 6
_SEPARATE = 2
_DEFLATED = frozenset({8, 32946})
_MOST_PAGES = 100_000  # the limit of pictures comes first, and is told
_MOST_SAMPLES = 32
_LARGEST_TILE = 1 << 22


def directories(data: bytes) -> list[Any]:
    """The directory of each page, as Pillow reads them.

    Raises
    ------
    SyntaxError, OSError, struct.error
        The first one is damaged.
    """
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    is_big = b"+" in data[2:4]
    order = "<" if data[:2] == b"II" else ">"
    place = struct.unpack_from(*((order + "Q", data, 8) if is_big else (order + "I", data, 4)))[0]
    stream = io.BytesIO(data)
    plain = b"II*\0\0\0\0\0" if order == "<" else b"MM\0*\0\0\0\0"
    found: list[Any] = []
    seen: set[int] = set()
    while place and place not in seen and len(found) < _MOST_PAGES:
        seen.add(place)
        tags: Any = ImageFileDirectory_v2(plain)
        # Pillow looks for the sign of BigTIFF where only little endian files have it.
        tags._bigtiff = is_big  # noqa: SLF001
        stream.seek(place)
        try:
            tags.load(stream)
        except (OSError, SyntaxError, ValueError, struct.error):
            if not found:
                raise
            break
        found.append(tags)
        place = tags.next
    return found


def page(tags: Any, data: bytes | memoryview, limits: Limits) -> tuple[Image.Image, bool]:
    """Decode a page.

    Parameters
    ----------
    tags : PIL.TiffImagePlugin.ImageFileDirectory_v2
        Its directory.
    data : bytes-like
        Of the file.
    limits : Limits
        Pixels are checked before anything is allocated.

    Returns
    -------
    image : PIL.Image.Image
    is_whole : bool
        No samples are missing.

    Raises
    ------
    UnsupportedError
        It is compressed otherwise, or of other colours.
    DecodeError
        Strips or tiles are missing.
    LimitError
        Too many pixels.
    """
    width, height = int(tags[_WIDTH]), int(tags[_HEIGHT])
    check_pixels(width, height, limits)
    photometric = tags.get(_PHOTOMETRIC, _BLACK_IS_ZERO)
    if photometric == _YCBCR and shared_colours(tags) != (1, 1):
        samples, is_whole = _with_shared_colours(tags, data)
    else:
        samples, is_whole = _assembled(tags, data)
    made = _image(samples, photometric, tags)
    profile = tags.get(_PROFILE)
    if isinstance(profile, bytes):
        made.info["icc_profile"] = profile
    made.format = "TIFF"
    return made, is_whole


def length(tags: Any) -> int:
    """Bytes that the samples of a page take; 0 where that is not a whole number."""
    bits = sum(tags.get(_BITS, (1,))) * int(tags.get(_WIDTH, 0)) * int(tags.get(_HEIGHT, 0))
    return bits // 8 if bits % 8 == 0 else 0


def shared_colours(tags: Any) -> tuple[int, int]:
    """How many pixels across and down share their colour, TIFF 6.0 section 21."""
    across, down = (int(number) for number in tags.get(_SUBSAMPLING, (2, 2))[:2])
    return across, down


def _image(samples: NDArray[Any], photometric: int, tags: Any) -> Image.Image:
    if photometric in {_WHITE_IS_ZERO, _BLACK_IS_ZERO}:
        return _grey(samples, photometric == _WHITE_IS_ZERO)
    if photometric == _PALETTE:
        entries = np.asarray(tags[_COLOUR_MAP], np.uint16).reshape(3, -1).T
        entries = entries if entries.max() < 256 else entries >> 8
        places = np.minimum(samples[..., 0], len(entries) - 1)
        return Image.fromarray(entries.astype(np.uint8)[places])
    needed = {_RGB: 3, _INKS: 4, _YCBCR: 3}.get(photometric)
    if needed is None or samples.shape[2] < needed:
        raise UnsupportedError(f"TIFF image of colours {photometric}")
    colours = _eight_bits(samples[..., :needed])
    if photometric != _RGB:
        mode = "CMYK" if photometric == _INKS else "YCbCr"
        size = samples.shape[1], samples.shape[0]
        made = Image.frombytes(mode, size, np.ascontiguousarray(colours).tobytes())
        return made if mode == "CMYK" else made.convert("RGB")
    if samples.shape[2] > needed and (tags.get(_EXTRA) or (0,))[0] in {1, 2}:
        alpha = _eight_bits(samples[..., needed : needed + 1])
        return Image.fromarray(np.concatenate([colours, alpha], axis=2))
    return Image.fromarray(colours)


def _grey(samples: NDArray[Any], is_inverse: bool) -> Image.Image:
    values = samples[..., 0]
    grey = values if values.dtype == np.uint8 else stretch(values)
    return Image.fromarray(np.bitwise_not(grey) if is_inverse else np.ascontiguousarray(grey))


def _eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Colours of 8 bits: integers by their depth, floating point from 0 to 1, or to its largest."""
    if samples.dtype == np.uint8:
        return np.ascontiguousarray(samples)
    if samples.dtype.kind == "f":
        low, high = robust_range(samples)
        is_usual = low >= 0 and high <= 1
        return scale(samples, 0.0, 1.0) if is_usual else scale(samples, low, high)
    bounds = np.iinfo(samples.dtype)
    return scale(samples, float(bounds.min), float(bounds.max))


def _dtype(tags: Any) -> np.dtype[Any]:
    bits = set(tags.get(_BITS, (1,)))
    kinds = set(tags.get(_FORMAT, (1,)))
    kind = {1: "u", 2: "i", 3: "f", 4: "u"}.get(next(iter(kinds)))
    if len(bits) > 1 or len(kinds) > 1 or kind is None:
        raise UnsupportedError("TIFF image of samples that differ")
    size = next(iter(bits))
    if size not in ({16, 32, 64} if kind == "f" else {8, 16, 32, 64}):
        raise UnsupportedError(f"TIFF image of {size} bits a sample")
    return np.dtype(f"{'<' if tags.prefix == b'II' else '>'}{kind}{size // 8}")


def _assembled(tags: Any, data: bytes | memoryview) -> tuple[NDArray[Any], bool]:
    """Samples of all planes, shape (h, w, n), and whether all of them are there."""
    width, height = int(tags[_WIDTH]), int(tags[_HEIGHT])
    count = int(tags.get(_SAMPLES, 1))
    planes = count if tags.get(_PLANAR, 1) == _SEPARATE else 1
    each = count // planes
    dtype = _dtype(tags)
    is_tiled = _TILE_WIDTH in tags
    tile = (
        (int(tags[_TILE_LENGTH]), int(tags[_TILE_WIDTH]))
        if is_tiled
        else (min(int(tags.get(_ROWS_PER_STRIP, height)), height), width)
    )
    down, across = -(-height // max(1, tile[0])), -(-width // max(1, tile[1]))
    blocks = _blocks(tags, data)
    if count > _MOST_SAMPLES or tile[0] * tile[1] > max(width * height, _LARGEST_TILE):
        raise DecodeError("a TIFF image of impossible tiles or samples")
    if min(tile) < 1 or len(blocks) < planes * down * across:
        raise DecodeError("a TIFF image whose strips are missing")
    result = np.zeros((height, width, count), dtype.newbyteorder("="))
    is_whole = True
    for number in range(planes * down * across):
        plane, place = divmod(number, down * across)
        y, x = (place // across) * tile[0], (place % across) * tile[1]
        rows = tile[0] if is_tiled else min(tile[0], height - y)
        shape = (rows, tile[1], each)
        size = int(np.prod(shape)) * dtype.itemsize
        held = _inflated(tags, blocks[number], size)
        is_whole &= len(held) == size
        block = _predicted(tags, held.ljust(size, b"\0"), dtype, shape)
        kept = block[: height - y, : width - x]
        result[y : y + rows, x : x + tile[1], plane * each : (plane + 1) * each] = kept
    return result, is_whole


def _blocks(tags: Any, data: bytes | memoryview) -> list[memoryview]:
    """Bytes of the strips or tiles; to the end of the file where their lengths are not told."""
    view = memoryview(data)
    offsets = tags.get(_TILES) or tags.get(_STRIPS) or ()
    is_plain = tags.get(_COMPRESSION, 1) == 1
    counts = () if is_plain else (tags.get(_TILE_COUNTS) or tags.get(_COUNTS) or ())
    ends = [offset + count for offset, count in zip(offsets, counts, strict=False)]
    ends += [len(data)] * (len(offsets) - len(ends))
    return [view[offset:end] for offset, end in zip(offsets, ends, strict=True)]


def _inflated(tags: Any, block: memoryview, size: int) -> bytes:
    compression = tags.get(_COMPRESSION, 1)
    if compression == 1:
        return bytes(block[:size])
    if compression not in _DEFLATED:
        raise UnsupportedError(f"TIFF image of a rare layout, compressed ({compression})")
    try:
        return zlib.decompressobj().decompress(bytes(block), size)
    except zlib.error:
        return b""


def _predicted(
    tags: Any, held: bytes, dtype: np.dtype[Any], shape: tuple[int, int, int]
) -> NDArray[Any]:
    predictor = tags.get(_PREDICTOR, 1) if tags.get(_COMPRESSION, 1) != 1 else 1
    native = dtype.newbyteorder("=")
    if predictor == 3:
        # Bytes of one weight together, the highest first, as differences along the row.
        rows, columns, each = shape
        weights = np.frombuffer(held, np.uint8).reshape(rows, -1)
        summed = np.cumsum(weights.reshape(rows, -1, each), axis=1, dtype=np.uint8)
        ordered = summed.reshape(rows, dtype.itemsize, columns * each).transpose(0, 2, 1)
        values = np.ascontiguousarray(ordered).view(dtype.newbyteorder(">"))
        return np.asarray(values.reshape(shape), native)
    block: NDArray[Any] = np.frombuffer(held, dtype).reshape(shape).astype(native)
    if predictor == 2:
        unsigned = block.view(f"u{dtype.itemsize}")
        block = np.cumsum(unsigned, axis=1, dtype=unsigned.dtype).view(native)
    return block


def _with_shared_colours(tags: Any, data: bytes | memoryview) -> tuple[NDArray[Any], bool]:
    """Y, Cb and Cr of each pixel out of blocks that share Cb and Cr."""
    across, down = shared_colours(tags)
    width, height = int(tags[_WIDTH]), int(tags[_HEIGHT])
    is_known = {across, down} <= {1, 2, 4} and set(tags.get(_BITS, (8,))) == {8}
    if not is_known or _TILE_WIDTH in tags or tags.get(_PLANAR, 1) == _SEPARATE:
        raise UnsupportedError("TIFF image of a layout that is not read")
    wide, size = -(-width // across), across * down + 2
    step = min(int(tags.get(_ROWS_PER_STRIP, height)), height)
    rows: list[NDArray[np.uint8]] = []
    is_whole = True
    blocks = _blocks(tags, data)
    if step < 1 or len(blocks) < -(-height // step):
        raise DecodeError("a TIFF image whose strips are missing")
    for number in range(-(-height // step)):
        lines = min(step, height - number * step)
        high = -(-lines // down)
        needed = high * wide * size
        held = _inflated(tags, blocks[number], needed)
        is_whole &= len(held) == needed
        units = np.frombuffer(held.ljust(needed, b"\0"), np.uint8).reshape(high, wide, size)
        luma = units[..., :-2].reshape(high, wide, down, across).transpose(0, 2, 1, 3)
        planes = [luma.reshape(high * down, wide * across)]
        planes += [units[..., n].repeat(down, axis=0).repeat(across, axis=1) for n in (-2, -1)]
        rows.append(np.stack(planes, axis=-1)[:lines, :width])
    return np.concatenate(rows), is_whole
