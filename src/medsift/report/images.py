"""Pictures for people: originals saved by verdict, and thumbnails for the report."""

from __future__ import annotations

import errno
import filecmp
import io
import os
import re
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from medsift.core.errors import OutputError
from medsift.core.picture import Picture, Pixels
from medsift.core.record import Record
from medsift.report.file_names import file_name
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
_MOST_OF_A_NAME = 100_000


class ImageSaver:
    """Saves pictures as ``FOLDER/<label>/<sha256>.<ext>``, or by names of a pattern, each once.

    The original bytes are saved where they are an image file of their own, and the pixels as
    PNG where they are not: give those at full size. Several processes may save into one
    folder: a file appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Made when the first picture comes.
    names : str
        Pattern of names, see :mod:`medsift.report.file_names`; empty for the digest. Where
        different pictures come by one name, the later ones get a number behind it.
    labels : tuple of str
        Only pictures of these are saved; all where it is empty.
    """

    def __init__(self, folder: Path, names: str = "", labels: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._names = names
        self._labels = labels or LABELS
        self._source = ""
        self._of_source: dict[tuple[str, str], str] = {}

    def saved(self, picture: Picture, record: Record) -> Record:
        """Save a picture, and note in its record where.

        Copies within a source share one file, as they share their digest.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        if record.label not in self._labels:
            return record
        if not self._names:
            path = self.save(picture, record.label)
            return replace(record, saved_as=self._relative(path)) if path else record
        if record.source != self._source:
            self._source, self._of_source = record.source, {}
        key = (record.label, picture.sha256)
        if key not in self._of_source:
            path = self._save_named(picture, record)
            if path is None:
                return record
            self._of_source[key] = self._relative(path)
        return replace(record, saved_as=self._of_source[key])

    def _save_named(self, picture: Picture, record: Record) -> Path | None:
        if record.label not in LABELS:
            return None
        name = file_name(self._names, record)
        extension = "png" if picture.data is None else extension_of(picture.format)
        folder = self._folder / record.label
        path = folder / f"{name}.{extension}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _write_beside(path, picture)
        except OSError as error:
            raise OutputError(f"cannot save {path}: {error.strerror or error}") from error

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

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


def _write_beside(path: Path, picture: Picture) -> Path:
    """Write a file under its name, or the first numbered one that nothing else stands under.

    A file with the very same content, of this scan or of one that was interrupted, is taken for
    this picture.
    """
    draft = path.with_name(f".{os.getpid()}.{next(_drafts)}.tmp")
    try:
        with draft.open("wb") as stream:
            _write(stream, picture)
        for number in range(1, _MOST_OF_A_NAME):
            end = f"-{number}" if number > 1 else ""
            wanted = path.with_name(f"{path.stem}{end}{path.suffix}")
            if _take_name(draft, wanted) or filecmp.cmp(draft, wanted, shallow=False):
                return wanted
        raise FileExistsError(errno.EEXIST, "too many pictures of this name")
    finally:
        draft.unlink(missing_ok=True)


def _take_name(draft: Path, wanted: Path) -> bool:
    """Give a file a name that nobody has yet; whether that went well."""
    try:
        os.link(draft, wanted)
        return True
    except FileExistsError:
        return False
    except OSError:
        # A file system without hard links. Whoever opens the name first has it.
        try:
            with wanted.open("xb") as stream, draft.open("rb") as source:
                shutil.copyfileobj(source, stream)
            return True
        except FileExistsError:
            return False


def _write(stream: BinaryIO, picture: Picture) -> None:
    if picture.data is not None:
        stream.write(picture.data)
        return
    # Level 1 of 9: far quicker than the default for files a little larger.
    Image.fromarray(picture.pixels).save(stream, format="PNG", compress_level=1)
