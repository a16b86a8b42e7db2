"""Which of the pictures in a file are pictures of their own, and which previews of another one.

Cameras put more behind the first picture of a JPEG file: previews, and maps that tell how much
brighter a display of high dynamic range may show it. Pyramids of TIFF hold smaller copies.
"""

from __future__ import annotations

import io
from typing import Any

from PIL import ImageFile, JpegImagePlugin

from medsift.decode.tiff import directories

_SUBFILE = 254
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType, TIFF 6.0
_MOST_PAGES = 10_000
# Panorama, disparity, many angles: CIPA DC-007, table 4.
_TAKEN_TOGETHER = "Multi-Frame Image"
_UNDEFINED = "Undefined"
_HEAD = 64 * 1024
# Adobe's and Google's gain maps, Apple's, and those of ISO 21496-1.
_GAIN_MAPS = (b"hdrgm:", b"hdrgainmap", b"HDRGainMap", b"urn:iso:std:iso:ts:21496:-1")


def frames_of(kind: str, image: Any, data: bytes) -> list[int]:
    """Numbers of the frames that are pictures of their own, in the counting of Pillow.

    Parameters
    ----------
    kind : str
        Format, as :func:`medsift.decode.plugins.kind_of` tells it.
    image : PIL.ImageFile.ImageFile or TiffPages
    data : bytes
        Of the file.
    """
    count = _count(kind, image, data)
    if count > 1 and kind == "jpeg":
        return _of_camera(image, data)
    if count > 1 and kind == "tiff":
        return _whole_pages(data, count)
    return list(range(count))


def first_alone(data: bytes) -> ImageFile.ImageFile:
    """The first picture of a JPEG file, without what a camera put behind it."""
    return JpegImagePlugin.JpegImageFile(io.BytesIO(data), "")


def _of_camera(image: Any, data: bytes) -> list[int]:
    offsets = image._MpoImageFile__mpoffsets  # noqa: SLF001  it gives them nowhere else
    chosen = [0]
    for number, entry in enumerate(image.mpinfo[0xB002][1:], start=1):
        kind, start = entry["Attribute"]["MPType"], offsets[number]
        head = data[start : start + _HEAD]
        if not head.startswith(b"\xff\xd8"):
            continue
        if kind.startswith(_TAKEN_TOGETHER):
            chosen.append(number)
        elif kind == _UNDEFINED and not any(sign in head for sign in _GAIN_MAPS):
            chosen += [number] if _size(data, start) == image.size else []
    return chosen


def _size(data: bytes, start: int) -> tuple[int, int] | None:
    try:
        return JpegImagePlugin.JpegImageFile(io.BytesIO(data[start:]), "").size
    except (OSError, SyntaxError, ValueError, IndexError):
        return None


def _whole_pages(data: bytes, count: int) -> list[int]:
    """Pages that are no smaller copies or masks of others; those of a damaged file all count."""
    if count > _MOST_PAGES:
        return list(range(count))
    try:
        kinds = [int(tags.get(_SUBFILE, 0)) for tags in directories(data)]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  whoever decodes it says what is wrong
        kinds = []
    kinds += [0] * (count - len(kinds))
    whole = [number for number in range(count) if not kinds[number] & (_REDUCED | _MASK)]
    return whole or list(range(count))


def _count(kind: str, image: Any, data: bytes) -> int:
    """How many frames there are; one that Pillow cannot read hides those of others from it."""
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError):
        if kind != "tiff":
            raise
        found = len(directories(data))
        image.seek(0)
        return max(1, found)
