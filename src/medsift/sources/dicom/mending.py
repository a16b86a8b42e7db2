"""Frames that end too early are closed, so that decoders give what is there."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

from medsift.decode.repair import jpeg_2000_with_end
from medsift.sources.dicom import coding

if TYPE_CHECKING:
    from pydicom import Dataset

_END_OF_IMAGE = b"\xff\xd9"
_JPEG = frozenset({coding.BASELINE, coding.EXTENDED, coding.LOSSLESS, coding.LOSSLESS_FIRST_ORDER})
_HEADER = 64  # PS3.5 annex G.5
_LONGEST_RUN = 128


def is_open(frame: bytes, syntax: str) -> bool:
    """Whether a frame of JPEG lacks its end, which most decoders pass over in silence."""
    return syntax in _JPEG and not frame.rstrip(b"\0").endswith(_END_OF_IMAGE)


def mended(frame: bytes, syntax: str, dataset: Dataset) -> bytes | None:
    """Close a frame that ends within its samples; None where there is nothing to close."""
    if syntax in _JPEG:
        return frame + _END_OF_IMAGE if is_open(frame, syntax) else None
    if syntax in {coding.J2K, coding.J2K_LOSSLESS}:
        return jpeg_2000_with_end(frame)
    if syntax == coding.RLE and len(frame) > _HEADER:
        return _run_lengths(frame, int(dataset.Rows) * int(dataset.Columns))
    return None


def _run_lengths(frame: bytes, samples: int) -> bytes | None:
    """Fill the segments of a frame with zeros up to their length."""
    count, *offsets = struct.unpack_from("<16I", frame)
    if not 1 <= count <= len(offsets):
        return None
    starts = [*offsets[:count], len(frame)]
    segments = [_filled(frame[a:b], samples) for a, b in pairwise(starts)]
    places, at = [], _HEADER
    for segment in segments:
        places.append(at)
        at += len(segment)
    header = struct.pack("<16I", count, *places, *([0] * (15 - count)))
    return header + b"".join(segments)


def _filled(segment: bytes, samples: int) -> bytes:
    at = done = 0
    while at + 1 < len(segment) and done < samples:
        length = segment[at]
        if length < 128:
            if at + 2 + length > len(segment):
                break
            at, done = at + 2 + length, done + length + 1
        else:
            at, done = at + (2 if length > 128 else 1), done + (257 - length) % 129
    missing = max(0, samples - done)
    runs, rest = divmod(missing, _LONGEST_RUN)
    tail = bytes([257 - _LONGEST_RUN, 0]) * runs
    if rest == 1:
        tail += b"\0\0"
    elif rest:
        tail += bytes([257 - rest, 0])
    whole = segment[:at] + tail
    return whole + bytes(len(whole) % 2)
