"""Samples as they are, of colour models and lengths that pydicom does not read.

ARGB, HSV and CMYK were retired from DICOM (PS3.3-2001, C.7.6.3.1.2), and old files have them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.picture import Pixels

HALVED = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
"""Models with two samples a pixel: neighbours share their colour."""

_SAMPLES = {"ARGB": 4, "CMYK": 4, "HSV": 3, "YBR_PARTIAL_422": 3}


def is_ours(options: dict[str, Any]) -> bool:
    """Whether samples of this kind are read here."""
    name = options["photometric_interpretation"]
    if _SAMPLES.get(name) == options["samples_per_pixel"]:
        return options["bits_allocated"] in {8, 16}
    return bool(options["bits_allocated"] == 1 and options["samples_per_pixel"] == 1)


def one_frame(
    data: bytes | memoryview, frame: int, options: dict[str, Any], is_little: bool, stored: int
) -> Any:
    """Samples of a frame.

    Parameters
    ----------
    data : bytes-like
        Of all frames.
    frame : int
        From 0.
    options : dict
        As pydicom's decoders take them; one that :func:`is_ours`.
    is_little : bool
        Byte order.
    stored : int
        Bits of a sample that count.

    Returns
    -------
    ndarray of uint8, shape (h, w) or (h, w, 3)
        Bits as they are; colours in RGB.
    """
    rows, columns = int(options["rows"]), int(options["columns"])
    if options["bits_allocated"] == 1:
        return _bits(data, frame, rows, columns)
    name = options["photometric_interpretation"]
    count = rows * columns * (2 if name in HALVED else _SAMPLES[name])
    size = options["bits_allocated"] // 8
    held = data[frame * count * size : (frame + 1) * count * size]
    samples = np.frombuffer(held, f"{'<' if is_little else '>'}u{size}")
    if size == 2:
        samples = (samples >> max(0, stored - 8)).astype(np.uint8)
    elif not is_little and options["pixel_vr"] == "OW":
        samples = samples.view(np.uint16).byteswap().view(np.uint8)
    if name in HALVED:
        return _of_partial(samples.reshape(rows, columns // 2, 4))
    shape = (rows, columns, _SAMPLES[name])
    if options.get("planar_configuration"):
        samples = samples.reshape(shape[2], rows, columns).transpose(1, 2, 0)
    return _rgb(np.ascontiguousarray(samples.reshape(shape)), name)


def _bits(data: bytes | memoryview, frame: int, rows: int, columns: int) -> NDArray[np.uint8]:
    """Bits of a frame, the lowest of a byte first; frames follow each other within bytes."""
    start, count = frame * rows * columns, rows * columns
    held = np.frombuffer(data[start // 8 : -(-(start + count) // 8)], np.uint8)
    bits = np.unpackbits(held, bitorder="little")[start % 8 :][:count]
    return np.asarray(bits.reshape(rows, columns), np.uint8)


def _of_partial(pairs: NDArray[np.uint8]) -> Pixels:
    """From Y, Y, Cb, Cr of two pixels, with the headroom of ITU-R BT.601."""
    luma = pairs[..., :2].reshape(pairs.shape[0], -1).astype(np.float32)
    blue, red = (pairs[..., n].repeat(2, axis=1).astype(np.float32) - 128 for n in (2, 3))
    luma = (luma - 16) * (255 / 219)
    blue, red = blue * (255 / 224), red * (255 / 224)
    rgb = (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
    levels: Pixels = np.clip(np.rint(np.stack(rgb, axis=-1)), 0, 255).astype(np.uint8)
    return levels


def _rgb(samples: NDArray[np.uint8], name: str) -> Pixels:
    if name == "ARGB":
        return np.ascontiguousarray(samples[..., 1:])
    height, width = samples.shape[:2]
    return np.asarray(Image.frombytes(name, (width, height), samples.tobytes()).convert("RGB"))
