"""Bytes become pixels, safely."""

from medsift.decode.blank import is_blank
from medsift.decode.colour import to_rgb
from medsift.decode.phash import hamming, phash
from medsift.decode.reader import findings, frames
from medsift.decode.sniff import HEAD_BYTES, FileType, sniff

__all__ = [
    "HEAD_BYTES",
    "FileType",
    "findings",
    "frames",
    "hamming",
    "is_blank",
    "phash",
    "sniff",
    "to_rgb",
]
