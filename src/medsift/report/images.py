"""Pictures for people: originals saved by verdict, and thumbnails for the report."""

from __future__ import annotations

import io
import os
import re
from itertools import count
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from medsift.core.errors import OutputError
from medsift.core.picture import Picture, Pixels
from medsift.report.summary import LABELS

THUMBNAIL_SIDE = 128
"""Longer side of a report's thumbnail, in pixels."""

_EXTENSIONS = {
    "jpeg": "jpg",
    "mpo": "jpg",
    "jpeg2000": "jp2",
    "jpegxl": "jxl",
    "tiff": "tif",
    "heif": "heic",
    "dicom": "dcm",
}
_SAFE_EXTENSION = re.compile(r"[a-z0-9]{1,8}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_drafts = count()


class ImageSaver:
    """Saves pictures as ``FOLDER/<label>/<sha256>.<ext>``, each once.

    The original bytes are saved where they are an image file of their own, and the pixels as
    PNG where they are not: give those at full size. Several processes may save into one
    folder: a file appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Made when the first picture comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, picture: Picture, label: str) -> Path | None:
        """Save one picture.

        Parameters
        ----------
        picture : Picture
        label : str
            The verdict; pictures without one are not saved.

        Returns
        -------
        Path or None
            The file, or None where nothing was to be saved.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        # Both become part of a path, so nothing but a label and a digest may pass.
        if label not in LABELS or not _SHA256.fullmatch(picture.sha256):
            return None
        extension = "png" if picture.data is None else extension_of(picture.format)
        path = self._folder / label / f"{picture.sha256}.{extension}"
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_whole(path, picture)
        except OSError as error:
            raise OutputError(f"cannot save {path}: {error.strerror or error}") from error
        return path


def extension_of(image_format: str) -> str:
    """File name extension, without dot, for the ``format`` of a picture.

    Anything that is not a plain short word becomes ``bin``.
    """
    name = image_format.lower()
    name = _EXTENSIONS.get(name, name)
    return name if _SAFE_EXTENSION.fullmatch(name) else "bin"


def thumbnail(pixels: Pixels, side: int = THUMBNAIL_SIDE) -> bytes:
    """A small WebP of a picture.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    side : int
        Longer side of the result at most, in pixels.

    Returns
    -------
    bytes
        1.6 KB on average for a side of 128.
    """
    image = Image.fromarray(pixels)
    factor = side / max(image.size)
    if factor < 1:
        width, height = (max(1, round(side * factor)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    stream = io.BytesIO()
    image.save(stream, format="WEBP", quality=70, method=2)
    return stream.getvalue()


def _write_whole(path: Path, picture: Picture) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{next(_drafts)}.tmp")
    try:
        with draft.open("wb") as stream:
            _write(stream, picture)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write(stream: BinaryIO, picture: Picture) -> None:
    if picture.data is not None:
        stream.write(picture.data)
        return
    # Level 1 of 9: far quicker than the default for files a little larger.
    Image.fromarray(picture.pixels).save(stream, format="PNG", compress_level=1)
