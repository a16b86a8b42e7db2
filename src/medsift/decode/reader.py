"""An image file becomes pictures: opened, bounded, decoded frame by frame."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from PIL import Image, ImageChops, ImageFile

from medsift.core.errors import DecodeError, InputError, UnsupportedError
from medsift.core.limits import Limits
from medsift.core.picture import Finding, Picture, Pixels, Problem, Provenance
from medsift.decode.colour import rgb_image
from medsift.decode.guard import check_bytes, check_pixels, contained
from medsift.decode.jp2 import in_order
from medsift.decode.multipicture import first_alone, frames_of
from medsift.decode.parts import parts_of
from medsift.decode.plugins import kind_of, open_image
from medsift.decode.repair import jpeg_2000_with_end, jpeg_with_end
from medsift.decode.samples import by_own_means, with_true_samples
from medsift.decode.shrink import shrink
from medsift.decode.tiff_pages import TiffPages, is_stack
from medsift.decode.unsupported import why_unsupported

# In these, what follows the first picture is more pictures; in others it is layers, sizes
# or previews of the same one.
_MULTI_FRAME = frozenset({"avif", "dcx", "fli", "gif", "heif", "jpeg", "png", "tiff", "webp"})
_SEQUENTIAL = frozenset({"fli", "gif", "png", "webp"})

_ORIENTATION = 0x0112
_MOST_LOST = 0.9
_TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTED_BY = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")


def evenly(count: int, most: int) -> list[int]:
    """Choose at most so many of ``range(count)``, evenly, with the first and the last."""
    if count <= most:
        return list(range(count))
    return [int(i) for i in np.unique(np.round(np.linspace(0, count - 1, max(1, most))))]


class ImageReader:
    """One image file, opened; its frames are decoded one at a time.

    Parameters
    ----------
    data : bytes
        All of the file.
    where : Provenance
        Of the file; frames get their number and locator added.
    limits : Limits
        ``file_bytes`` and ``pixels`` are checked before anything is decoded.
    target : int
        Side in pixels that is enough, see :class:`medsift.core.picture.Picture`; 0 for all.

    Raises
    ------
    UnsupportedError
        The bytes are of no format that is read here.
    LimitError
        Too many bytes or pixels.
    DecodeError
        The header is damaged.
    """

    def __init__(self, data: bytes, where: Provenance, limits: Limits, target: int = 0) -> None:
        check_bytes(len(data), limits)
        self._data = data
        self._where = where
        self._limits = limits
        self._target = target
        self._kind = kind_of(data, where)
        self._what = f"{self._kind.upper()} image"
        self._sha256 = hashlib.sha256(data).hexdigest()
        with self._contained():
            self._image = self._opened()
            self._mode = self._image.mode
            check_pixels(*self._image.size, limits)
            self._parts = parts_of(self._kind, data)
            self._numbers = self._frames()
            self.frame_count = len(self._numbers)

    def indices(self, all_frames: bool = False) -> list[int]:
        """Numbers of the frames to look at, from 0: all, or evenly thinned to the limit."""
        most = self.frame_count if all_frames else self._limits.frames
        return evenly(self.frame_count, most)

    @property
    def is_sequential(self) -> bool:
        """Whether a frame builds on the one before, so that none can follow a damaged one."""
        return self._kind in _SEQUENTIAL

    def where(self, index: int) -> Provenance:
        """Provenance of a frame; that of the file where there is only one."""
        if self.frame_count == 1:
            return self._where
        locator = ", ".join(filter(None, [self._where.locator, f"frame {index}"]))
        return replace(self._where, frame=index, locator=locator)

    def picture(self, index: int, note: str = "") -> Picture:
        """Decode one frame.

        Raises
        ------
        LimitError, DecodeError, UnsupportedError
        """
        with self._contained():
            image = self._image
            number = self._numbers[index]
            if self._parts:
                image = open_image(self._kind, self._parts[index]())
            elif self.frame_count > 1 or number:
                image = self._at(number)
            width, height = image.size
            check_pixels(width, height, self._limits)
            mode = self._mode if self._kind in _SEQUENTIAL else image.mode
            found = (image.format or self._kind).lower()
            true, damage = self._true(image)
            upright = _upright(_with_true_inks(_without_empty_alpha(true)))
            pixels = np.asarray(shrink(rgb_image(upright), self._target), dtype=np.uint8)
            if damage and _is_lost(pixels):
                raise DecodeError(f"truncated {self._what} with next to nothing left")
        return Picture(
            where=self.where(index),
            pixels=pixels,
            width=width,
            height=height,
            format=found,
            color_mode=mode,
            sha256=self._sha256,
            data=self._data,
            note=damage or note,
        )

    @contextmanager
    def _contained(self) -> Iterator[None]:
        """Tell what is damaged from what is of a kind that nobody here reads."""
        try:
            with contained(self._what):
                yield
        except DecodeError as error:
            kind = why_unsupported(self._kind, self._data, getattr(self, "_image", None))
            if not kind:
                raise
            raise UnsupportedError(f"{self._what} of an unsupported kind: {kind}") from error

    def _at(self, number: int) -> ImageFile.ImageFile | TiffPages:
        """The image, at one of its frames."""
        image = self._image
        try:
            if number != image.tell():
                image.seek(number)
        except (OSError, SyntaxError, ValueError, TypeError, KeyError):
            if self._kind != "tiff":
                raise
            pages = self._tiff_pages()
            if pages is None or number >= pages.n_frames:
                raise
            pages.seek(number)
            return pages
        return image

    def _opened(self) -> ImageFile.ImageFile | TiffPages:
        if self._kind == "tiff" and is_stack(self._data):
            return TiffPages(self._data, self._limits)
        try:
            return open_image(self._kind, self._data)
        except MemoryError:
            raise
        except Exception:
            pages = self._tiff_pages() if self._kind == "tiff" else None
            if pages is None:
                raise
            return pages

    def _tiff_pages(self) -> TiffPages | None:
        """What Pillow refuses; None where it is refused here, too, for Pillow's words tell more."""
        try:
            return TiffPages(self._data, self._limits)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  a damaged directory
            return None

    def _frames(self) -> list[int]:
        if self._parts:
            return list(range(len(self._parts)))
        if self._kind not in _MULTI_FRAME:
            return [0]
        found = frames_of(self._kind, self._image, self._data)
        if found == [0] and self._kind == "jpeg":
            self._image = first_alone(self._data)
        return found

    def _true(self, image: ImageFile.ImageFile | TiffPages) -> tuple[Image.Image, str]:
        """Pixels with the meaning that the file gives them."""
        if isinstance(image, TiffPages):
            return image.decoded()
        own = by_own_means(image, self._data, self._limits)
        if own is not None:
            return own
        loaded, damage = self._loaded(image)
        return in_order(with_true_samples(loaded, self._data), self._kind, self._data), damage

    def _loaded(self, image: ImageFile.ImageFile) -> tuple[ImageFile.ImageFile, str]:
        self._shrink(image)
        try:
            image.load()
        except OSError as error:
            return self._salvaged(image, error), "truncated"
        check_pixels(*image.size, self._limits)
        return image, ""

    def _shrink(self, image: ImageFile.ImageFile) -> None:
        # Not with several frames: Pillow would carry the scale over to the next.
        if self._kind == "jpeg" and self._target and self.frame_count == 1:
            # The scale is the largest of 1/8, 1/4, 1/2 that keeps both sides this long.
            image.draft(None, (self._target, self._target))

    def _salvaged(self, image: ImageFile.ImageFile, error: OSError) -> ImageFile.ImageFile:
        """Keep what came out of a damaged file before its decoder gave up."""
        if self.frame_count > 1:
            raise error
        if self._kind == "jpeg":
            image = open_image(self._kind, jpeg_with_end(self._data))
            self._shrink(image)
            image.load()
        elif self._kind == "jpeg2000":
            image = open_image(self._kind, jpeg_2000_with_end(self._data) or self._data)
            image.load()
        else:
            # Without tiles there is nothing left to load: the image keeps the rows that it has.
            image.tile = []
            image.load()
        return image


def findings(
    data: bytes, where: Provenance, limits: Limits, target: int = 0, all_frames: bool = False
) -> Iterator[Finding]:
    """Decode an image file; a frame that cannot be decoded yields a :class:`Problem`.

    Raises
    ------
    InputError
        The file as a whole cannot be read.
    """
    reader = ImageReader(data, where, limits, target)
    chosen = reader.indices(all_frames)
    note = "frames_thinned" if len(chosen) < reader.frame_count else ""
    if reader.frame_count == 1:
        yield reader.picture(0)
        return
    for index in chosen:
        found = _picture_or_problem(reader, index, note)
        yield found
        if isinstance(found, Problem) and reader.is_sequential:
            return


def _picture_or_problem(reader: ImageReader, index: int, note: str) -> Finding:
    try:
        return reader.picture(index, note)
    except InputError as error:
        return Problem(reader.where(index), "failed", error.code, error.record_text)


def frames(
    data: bytes, where: Provenance, limits: Limits, target: int = 0, all_frames: bool = False
) -> Iterator[Picture]:
    """Decode an image file.

    Parameters
    ----------
    data : bytes
        All of the file.
    where : Provenance
        Of the file. Where there are several frames, each gets its number and a locator.
    limits : Limits
        Bytes and pixels are checked before anything is decoded; more than ``frames`` frames
        are thinned evenly, and noted as ``frames_thinned``.
    target : int
        Side in pixels that is enough: JPEG is decoded at the smallest scale whose shorter side
        is at least this, and what is still larger is shrunk to not less than twice. 0 for full
        size. ``width`` and ``height`` of the pictures are those of the file all the same.
    all_frames : bool
        Do not thin.

    Yields
    ------
    Picture
        Of a damaged file what could be decoded, noted as ``truncated``.

    Raises
    ------
    InputError
        The file as a whole cannot be read, or, after all others, a frame could not.
    """
    failed: Problem | None = None
    for found in findings(data, where, limits, target, all_frames):
        if isinstance(found, Picture):
            yield found
        else:
            failed = failed or found
    if failed is not None:
        raise DecodeError(f"{failed.where.locator}: {failed.error}")


def _is_lost(pixels: Pixels) -> bool:
    """Whether nearly all rows are the filling of a decoder that ran out of bytes."""
    # The first or the last: some formats start from below.
    shares = ((pixels == pixels[end]).all(axis=(1, 2)).mean() for end in (0, -1))
    return bool(max(shares) > _MOST_LOST)


def _without_empty_alpha(image: Image.Image) -> Image.Image:
    # Many programs leave the fourth byte of these formats at zero and mean nothing by it.
    if image.mode != "RGBA" or image.format not in {"TGA", "BMP", "DDS"}:
        return image
    return image.convert("RGB") if image.getchannel("A").getextrema() == (0, 0) else image


def _with_true_inks(image: Image.Image) -> Image.Image:
    # Pillow takes all four-colour JPEG files for Adobe's, which hold the inks inverted.
    if image.mode == "CMYK" and image.format in {"JPEG", "MPO"} and "adobe" not in image.info:
        return ImageChops.invert(image)
    return image


def _upright(image: Image.Image) -> Image.Image:
    if not any(key in image.info for key in _ORIENTED_BY):
        return image
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, AttributeError):
        return image  # damaged metadata is no reason to lose the picture
    method = _TRANSPOSED.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)
