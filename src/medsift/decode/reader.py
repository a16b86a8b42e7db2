"""An image file becomes pictures: opened, bounded, decoded frame by frame."""

from __future__ import annotations

import hashlib
import importlib
import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image, ImageChops, ImageFile

from medsift.core.errors import DecodeError, InputError, UnsupportedError
from medsift.core.limits import Limits
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.decode.colour import to_rgb
from medsift.decode.guard import check_bytes, check_pixels, contained
from medsift.decode.repair import jpeg_with_end, png_essentials
from medsift.decode.signatures import image_format

# Format to plug-in. What is not here is not read: Pillow can also start Ghostscript for
# EPS, and knows formats that it can only name. Plug-ins are called by name instead of
# through Image.open, which would import and try all of them, and holds to a limit on pixels
# that is global to the process.
_PLUGINS: dict[str, tuple[str, str]] = {
    "avif": ("PIL.AvifImagePlugin", "AVIF"),
    "blp": ("PIL.BlpImagePlugin", "BLP"),
    "bmp": ("PIL.BmpImagePlugin", "BMP"),
    "cur": ("PIL.CurImagePlugin", "CUR"),
    "dcx": ("PIL.DcxImagePlugin", "DCX"),
    "dds": ("PIL.DdsImagePlugin", "DDS"),
    "fits": ("PIL.FitsImagePlugin", "FITS"),
    "fli": ("PIL.FliImagePlugin", "FLI"),
    "ftex": ("PIL.FtexImagePlugin", "FTEX"),
    "gbr": ("PIL.GbrImagePlugin", "GBR"),
    "gif": ("PIL.GifImagePlugin", "GIF"),
    "icns": ("PIL.IcnsImagePlugin", "ICNS"),
    "ico": ("PIL.IcoImagePlugin", "ICO"),
    "jpeg": ("PIL.JpegImagePlugin", "JPEG"),
    "jpeg2000": ("PIL.Jpeg2KImagePlugin", "JPEG2000"),
    "mcidas": ("PIL.McIdasImagePlugin", "MCIDAS"),
    "msp": ("PIL.MspImagePlugin", "MSP"),
    "pcd": ("PIL.PcdImagePlugin", "PCD"),
    "pcx": ("PIL.PcxImagePlugin", "PCX"),
    "pixar": ("PIL.PixarImagePlugin", "PIXAR"),
    "png": ("PIL.PngImagePlugin", "PNG"),
    "ppm": ("PIL.PpmImagePlugin", "PPM"),
    "psd": ("PIL.PsdImagePlugin", "PSD"),
    "qoi": ("PIL.QoiImagePlugin", "QOI"),
    "sgi": ("PIL.SgiImagePlugin", "SGI"),
    "sun": ("PIL.SunImagePlugin", "SUN"),
    "tga": ("PIL.TgaImagePlugin", "TGA"),
    "tiff": ("PIL.TiffImagePlugin", "TIFF"),
    "webp": ("PIL.WebPImagePlugin", "WEBP"),
    "xbm": ("PIL.XbmImagePlugin", "XBM"),
    "xpm": ("PIL.XpmImagePlugin", "XPM"),
    "xvthumb": ("PIL.XVThumbImagePlugin", "XVTHUMB"),
}
# In these, what follows the first picture is more pictures; in others it is layers, sizes
# or previews of the same one.
_MULTI_FRAME = frozenset({"avif", "dcx", "fli", "gif", "heif", "jpeg", "png", "tiff", "webp"})
_SEQUENTIAL = frozenset({"fli", "gif", "png", "webp"})

_ORIENTATION = 0x0112
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
        self._kind = _kind_of(data, where)
        self._what = f"{self._kind.upper()} image"
        self._sha256 = hashlib.sha256(data).hexdigest()
        with contained(self._what):
            self._image = _open(self._kind, data)
            self._mode = self._image.mode
            check_pixels(*self._image.size, limits)
            self.frame_count = self._count()

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
        with contained(self._what):
            image = self._image
            if self.frame_count > 1 and index != image.tell():
                image.seek(index)
            width, height = image.size
            check_pixels(width, height, self._limits)
            mode = self._mode if self._kind in _SEQUENTIAL else image.mode
            found = (image.format or self._kind).lower()
            image, damage = self._loaded(image)
            pixels = to_rgb(_upright(_with_true_inks(image)))
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

    def _count(self) -> int:
        if self._kind not in _MULTI_FRAME:
            return 1
        return max(1, int(getattr(self._image, "n_frames", 1)))

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
            image = _open(self._kind, jpeg_with_end(self._data))
            self._shrink(image)
            image.load()
        else:
            # Without tiles there is nothing left to load: the image keeps the rows that it has.
            image.tile = []
            image.load()
        if image.getbbox(alpha_only=False) is None:
            raise error
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
        JPEG is decoded at the smallest scale whose shorter side is at least this; 0 for full
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


def _kind_of(data: bytes, where: Provenance) -> str:
    kind = image_format(data[:4096], where.member or where.url or where.source)
    if not kind:
        raise UnsupportedError("not an image of a known format")
    if kind not in _PLUGINS and kind != "heif":
        raise UnsupportedError(f"images of format {kind} are not read")
    return kind


def _open(kind: str, data: bytes) -> ImageFile.ImageFile:
    stream = io.BytesIO(data)
    if kind == "heif":
        from pi_heif import HeifImageFile

        opened: ImageFile.ImageFile = HeifImageFile(stream, "")
        return opened
    module, name = _PLUGINS[kind]
    importlib.import_module(module)
    factory, _ = Image.OPEN[name]
    try:
        return factory(stream, "")
    except (ValueError, SyntaxError):
        # Too much text, or a wrong checksum of it, says nothing against the picture.
        essentials = png_essentials(data) if kind == "png" else None
        if essentials is None:
            raise
        return factory(io.BytesIO(essentials), "")


def _with_true_inks(image: ImageFile.ImageFile) -> Image.Image:
    # Pillow takes all four-colour JPEG files for Adobe's, which hold the inks inverted.
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
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
