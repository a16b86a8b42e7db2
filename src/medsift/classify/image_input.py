"""Pictures as callers have them, a path, bytes, a PIL image or an array, as RGB pixels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import DecodeError, LimitError, NotFoundError, UnreadableError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Pixels, Provenance
from medsift.decode.colour import to_rgb
from medsift.decode.reader import frames

ImageLike: TypeAlias = "str | os.PathLike[str] | bytes | Image.Image | NDArray[np.uint8]"


def pixels_and_size(image: ImageLike, target: int) -> tuple[Pixels, tuple[int, int]]:
    """Decode the first frame of a picture.

    Parameters
    ----------
    image : path, bytes, PIL image, or ndarray of uint8
    target : int
        Shorter side in pixels below which large files are not reduced.

    Returns
    -------
    pixels : ndarray of uint8, shape (h, w, 3)
    size : tuple of int
        Width and height as they were before a reduction.

    Raises
    ------
    InputError
        The picture cannot be read or decoded.
    """
    if isinstance(image, np.ndarray):
        return _with_size(_pixels_of_array(image))
    if isinstance(image, Image.Image):
        return _with_size(to_rgb(image))
    if isinstance(image, bytes):
        data, source = image, "<bytes>"
    else:
        data, source = _read(Path(image)), os.fspath(image)
    where = Provenance(source=source, source_type="image", extraction="file")
    for picture in frames(data, where, DEFAULT_LIMITS, target):
        return picture.pixels, (picture.width, picture.height)
    raise DecodeError(f"{source} holds no picture")


def _with_size(pixels: Pixels) -> tuple[Pixels, tuple[int, int]]:
    return pixels, (pixels.shape[1], pixels.shape[0])


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > DEFAULT_LIMITS.file_bytes:
            raise LimitError(f"{path} is larger than {DEFAULT_LIMITS.file_bytes} bytes")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from error


def _pixels_of_array(array: NDArray[np.uint8]) -> Pixels:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or 0 in array.shape:
        raise DecodeError(
            f"arrays must be uint8 (h, w), (h, w, 3) or (h, w, 4), not {array.dtype} {array.shape}"
        )
    if array.ndim == 3 and array.shape[2] not in (3, 4):
        raise DecodeError(f"arrays must have 3 or 4 channels, not {array.shape[2]}")
    if array.ndim == 3 and array.shape[2] == 3:
        return array
    return to_rgb(Image.fromarray(array))
