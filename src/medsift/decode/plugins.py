"""Which plug-in of Pillow reads which format, and how it is started."""

from __future__ import annotations

import importlib
import io
from contextlib import suppress

from PIL import Image, ImageFile

from medsift.core.errors import UnsupportedError
from medsift.core.picture import Provenance
from medsift.decode.repair import png_essentials, tiff_with_tiles
from medsift.decode.signatures import image_format

# Format to plug-in. What is not here is not read: Pillow can also start Ghostscript for
# EPS, and knows formats that it can only name. Plug-ins are called by name instead of
# through Image.open, which would import and try all of them, and holds to a limit on pixels
# that is global to the process.
PLUGINS: dict[str, tuple[str, str]] = {
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


def kind_of(data: bytes, where: Provenance) -> str:
    """Tell the format of an image file.

    Raises
    ------
    UnsupportedError
        It is of none that is read here.
    """
    kind = image_format(data[:4096], where.member or where.url or where.source)
    if not kind:
        raise UnsupportedError("not an image of a known format")
    if kind not in PLUGINS and kind != "heif":
        raise UnsupportedError(f"images of format {kind} are not read")
    return kind


def open_image(kind: str, data: bytes) -> ImageFile.ImageFile:
    """Read the header of an image file; may raise whatever the plug-in does."""
    stream = io.BytesIO(tiff_with_tiles(data) if kind == "tiff" else data)
    if kind == "heif":
        from pi_heif import HeifImageFile

        opened: ImageFile.ImageFile = HeifImageFile(stream, "")
        return opened
    module, name = PLUGINS[kind]
    importlib.import_module(module)
    factory, _ = Image.OPEN[name]
    try:
        return factory(stream, "")
    except (ValueError, SyntaxError):
        # Too much text, or a wrong checksum of it, says nothing against the picture.
        if kind != "png":
            raise
        # A transparency of the wrong length is ignored by browsers, too.
        for essentials in (png_essentials(data), png_essentials(data, b"tRNS")):
            with suppress(ValueError, SyntaxError):
                if essentials is not None:
                    return factory(io.BytesIO(essentials), "")
        raise
