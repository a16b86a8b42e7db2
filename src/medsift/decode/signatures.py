"""The raster image formats, told by their signatures.

Signatures follow the format specifications, and Pillow's plug-ins where a format has no
public one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import TypeAlias

Check: TypeAlias = Callable[[bytes], bool]

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"8BPS", "psd"),
    (b"DDS ", "dds"),
    (b"icns", "icns"),
    (b"qoif", "qoi"),
    (b"BLP1", "blp"),
    (b"BLP2", "blp"),
    (b"FTEX", "ftex"),
    (b"SIMPLE  =", "fits"),
    (b"\x59\xa6\x6a\x95", "sun"),
    (b"\xb1\x68\xde\x3a", "dcx"),
    (b"DanM", "msp"),
    (b"LinS", "msp"),
    (b"/* XPM */", "xpm"),
    (b"P7 332", "xvthumb"),
    (b"\x00\x00\x00\x00\x00\x00\x00\x04", "mcidas"),
    (b"\x80\xe8\x00\x00", "pixar"),
    # Known, so that the record can say what it is, but read by no library of the core.
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"),
    (b"\x76\x2f\x31\x01", "exr"),
    (b"#?RADIANCE\n", "hdr"),
    (b"#?RGBE\n", "hdr"),
    (b"II\xbc\x01", "jxr"),
    (b"BPG\xfb", "bpg"),
    (b"gimp xcf ", "xcf"),
    (b"FLIF", "flif"),
    (b"\x8aMNG\r\n\x1a\n", "mng"),
)

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
    | {b"mif2", b"mif3", b"vvic", b"vvis", b"evbi", b"j2ki", b"jpeg", b"jpgs", b"avci"}
)
_DIB_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_PNM = re.compile(rb"P[1-6]\s+(?:#[^\n]*\n\s*)*\d")
_PNM_OTHER = re.compile(rb"(?:P[fF]|P7|P0CMYK|PyCMYK|PyRGBA|PyP)\s")
_XBM = re.compile(rb"\s*(?:/\*.*?\*/\s*)?#define[ \t]+\S+_width[ \t]+\d+", re.DOTALL)


def image_format(head: bytes, name: str = "") -> str:
    """Name of the raster format that starts with these bytes.

    Parameters
    ----------
    head : bytes
        The first bytes of the file; 4 KiB are enough.
    name : str
        Of the file; only Targa, which has no signature, needs it.

    Returns
    -------
    str
        Lower case, as in the ``format`` field of records; empty for anything else.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "jpegls" if head[3:4] == b"\xf7" else "jpeg"
    for prefix, found in _PREFIXES:
        if head.startswith(prefix):
            return found
    if head[4:8] == b"ftyp":
        return _isobmff(head)
    for check, found in _CHECKS:
        if check(head):
            return found
    if name.lower().endswith((".tga", ".icb", ".vda", ".vst")) and _is_targa(head):
        return "tga"
    return ""


def _isobmff(head: bytes) -> str:
    # The brands of ISO/IEC 23008-12 (HEIF): major brand, minor version, compatible brands.
    size = min(int.from_bytes(head[:4], "big"), len(head), 512)
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]
    major = brands[0]
    if major in _AVIF_BRANDS:
        return "avif"
    if major in _HEIF_BRANDS:
        return "avif" if _AVIF_BRANDS.intersection(brands) else "heif"
    return "heif" if major == b"isom" and b"heic" in brands else ""


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_bmp(head: bytes) -> bool:
    if len(head) < 18 or head[:2] not in {b"BM", b"BA"}:
        return False
    return int.from_bytes(head[14:18], "little") in _DIB_HEADERS


def _is_icon(head: bytes) -> bool:
    return _has_icon_entry(head, 1)


def _is_cursor(head: bytes) -> bool:
    return _has_icon_entry(head, 2)


def _has_icon_entry(head: bytes, kind: int) -> bool:
    if len(head) < 22:
        return False
    reserved, found, count = struct.unpack_from("<HHH", head)
    offset: int = struct.unpack_from("<I", head, 18)[0]
    # The first picture may not lie within the directory.
    return bool(reserved == 0 and found == kind and 0 < count < 1024 and offset >= 6 + 16)


def _is_sgi(head: bytes) -> bool:
    return head[:2] == b"\x01\xda" and head[2:3] in {b"\0", b"\1"} and head[3:4] in {b"\1", b"\2"}


def _is_pcx(head: bytes) -> bool:
    if len(head) < 128 or head[0] != 10 or head[1] not in {0, 2, 3, 4, 5} or head[2] > 1:
        return False
    x0, y0, x1, y1 = struct.unpack_from("<4H", head, 4)
    return head[3] in {1, 2, 4, 8} and head[64] == 0 and x0 <= x1 and y0 <= y1


def _is_fli(head: bytes) -> bool:
    return len(head) >= 16 and head[4:6] in {b"\x11\xaf", b"\x12\xaf"} and head[14:16] <= b"\3\0"


def _is_gbr(head: bytes) -> bool:
    if len(head) < 20:
        return False
    size, version = struct.unpack_from(">II", head)
    return size >= 20 and (version == 1 or (version == 2 and head[20:24] == b"GIMP"))


def _is_pnm(head: bytes) -> bool:
    return bool(_PNM.match(head) or _PNM_OTHER.match(head))


def _is_photo_cd(head: bytes) -> bool:
    return head[2048:2052] == b"PCD_"


def _is_xbm(head: bytes) -> bool:
    return bool(_XBM.match(head))


def _is_targa(head: bytes) -> bool:
    if len(head) < 18 or head[1] > 1:
        return False
    width, height = struct.unpack_from("<HH", head, 12)
    depths = {8, 15, 16, 24, 32}
    return head[2] in {1, 2, 3, 9, 10, 11} and head[16] in depths and width > 0 and height > 0


_CHECKS: tuple[tuple[Check, str], ...] = (
    (_is_webp, "webp"),
    (_is_bmp, "bmp"),
    (_is_icon, "ico"),
    (_is_cursor, "cur"),
    (_is_pnm, "ppm"),
    (_is_sgi, "sgi"),
    (_is_pcx, "pcx"),
    (_is_fli, "fli"),
    (_is_photo_cd, "pcd"),
    (_is_xbm, "xbm"),
    (_is_gbr, "gbr"),
)
