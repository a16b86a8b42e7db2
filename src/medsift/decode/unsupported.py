"""Image files that are sound, but of a kind that no decoder here reads: they are not damaged."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from medsift.decode.tiff import directories

_COMPRESSION = 259
# Compressions of TIFF that Pillow has no name for, as the registry of libtiff lists them.
_UNKNOWN_TO_PILLOW = {
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34661: "JBIG",
    34715: "JBIG2",
    34887: "LERC",
    34892: "lossy JPEG of DNG",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
# Those that the libtiff at hand may have been built without.
_OPTIONAL = {34925: "lzma", 50000: "zstd", 50001: "webp"}
_PSD_HEADER = 26


def why_unsupported(kind: str, data: bytes, image: Any = None) -> str:
    """What a file is that could not be decoded; empty where it is of a kind that is read.

    Parameters
    ----------
    kind : str
        Format, as :func:`medsift.decode.plugins.kind_of` tells it.
    data : bytes
        Of the file.
    image : PIL.Image.Image, optional
        As far as it was opened.
    """
    look = _LOOKS.get(kind)
    return look(data, image) if look is not None else ""


def _portable_map(data: bytes, _image: Any) -> str:
    return {b"P7": "PAM", b"PF": "PFM of colours"}.get(data[:2], "")


def _photoshop(data: bytes, _image: Any) -> str:
    from PIL.PsdImagePlugin import MODES

    if len(data) < _PSD_HEADER:
        return ""
    bits = int.from_bytes(data[22:24], "big")
    mode = int.from_bytes(data[24:26], "big")
    if data[4:6] == b"\0\2":
        return "a large document"
    return "" if (mode, bits) in MODES else f"mode {mode} of {bits} bits"


def _jpeg(data: bytes, _image: Any) -> str:
    """By the frame header, ITU-T T.81 annex B.2.2: libjpeg reads 8 bits, and no lossless ones."""
    at = 2
    while len(data) >= at + 5 and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xF7:
            return "JPEG-LS"
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            if marker in {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}:
                return "lossless or hierarchical coding"
            bits = data[at + 4]
            return f"{bits} bits a sample" if bits in {12, 16} else ""
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return ""


def _tiff(data: bytes, image: Any) -> str:
    tags = getattr(image, "tag_v2", None)
    try:
        found = (tags if tags is not None else directories(data)[0]).get(_COMPRESSION, 1)
    except Exception:  # noqa: BLE001  a damaged directory; whoever asked knows more of that
        return ""
    if found in _UNKNOWN_TO_PILLOW:
        return f"compressed as {_UNKNOWN_TO_PILLOW[found]}"
    name = _OPTIONAL.get(found, "")
    return "" if not name or _is_built_with(name) else f"compressed as {name}"


@functools.cache
def _is_built_with(compression: str) -> bool:
    try:
        Image.new("RGB", (8, 8)).save(io.BytesIO(), "TIFF", compression=compression)
    except (OSError, ValueError, KeyError, RuntimeError):
        return False
    return True


_LOOKS: dict[str, Callable[[bytes, Any], str]] = {
    "ppm": _portable_map,
    "psd": _photoshop,
    "jpeg": _jpeg,
    "tiff": _tiff,
}
