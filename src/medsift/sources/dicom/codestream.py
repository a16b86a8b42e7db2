"""What a coded frame says of itself: its size and its colours. The header of the file may err."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from medsift.sources.dicom import coding

if TYPE_CHECKING:
    from pydicom import Dataset

_J2K = b"\xff\x4f\xff\x51"
_STYLE_OF_CODING = b"\xff\x52"
_NAMED = ([82, 71, 66], [114, 103, 98])  # components that are called R, G and B
_OF_JPEG = frozenset({
    coding.BASELINE, coding.EXTENDED, coding.LOSSLESS, coding.LOSSLESS_FIRST_ORDER,
    coding.LS_LOSSLESS, coding.LS_LOSSY,
})  # fmt: skip
_OF_JPEG_2000 = frozenset({coding.J2K, coding.J2K_LOSSLESS, coding.HTJ2K})
_NOT_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
_IN_FULL = frozenset({"YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_PARTIAL_422"})
_BY_SEGMENTS = {1: (1, 8), 2: (1, 16), 3: (3, 8), 4: (1, 32), 6: (3, 16)}
_TRANSFORMED = frozenset({"YBR_RCT", "YBR_ICT"})


@dataclass(frozen=True, slots=True)
class Codestream:
    """What the header of a frame says.

    Attributes
    ----------
    rows, columns : int
    samples : int
        A pixel.
    colours : str
        Photometric interpretation of the samples that are coded; empty where only the file tells.
    bits : int
        That are allocated for a sample; 0 where only the file tells.
    """

    rows: int
    columns: int
    samples: int
    colours: str = ""
    bits: int = 0


def codestream_of(frame: bytes, syntax: str, dataset: Dataset) -> Codestream | None:
    """Read the header of a frame.

    Parameters
    ----------
    frame : bytes
    syntax : str
        How it is coded, see :mod:`medsift.sources.dicom.coding`.
    dataset : Dataset
        It is of.

    Returns
    -------
    Codestream or None
        None where it does not tell, or makes no sense.
    """
    found = None
    if syntax in _OF_JPEG:
        found = _of_jpeg(frame)
    elif syntax in _OF_JPEG_2000:
        found = _of_jpeg_2000(frame)
    elif syntax == coding.RLE:
        found = _of_run_lengths(frame, dataset)
    if found is None or not (found.rows and found.columns and found.samples in {1, 3}):
        return None
    return found


def believe(found: Codestream, dataset: Dataset) -> None:
    """Let what a codestream says of itself stand in the header: decoders need both to agree."""
    dataset.Rows, dataset.Columns = found.rows, found.columns
    if found.bits:
        dataset.BitsAllocated = dataset.BitsStored = found.bits
        dataset.HighBit = found.bits - 1
    if int(dataset.SamplesPerPixel) != found.samples:
        dataset.SamplesPerPixel = found.samples
        dataset.PhotometricInterpretation = (
            "MONOCHROME2" if found.samples == 1 else found.colours or "RGB"
        )
    if found.samples == 3:
        declared = str(dataset.PhotometricInterpretation)
        dataset.PhotometricInterpretation = _colours(declared, found.colours)
        # Decoders give samples by pixel, however they stand in the file.
        dataset.PlanarConfiguration = 0


def _colours(declared: str, told: str) -> str:
    if told == "YBR_FULL_422" and declared in _IN_FULL:
        return declared
    if told == "YBR_RCT" and declared in _TRANSFORMED | {"RGB"}:
        return declared
    return told or declared


def _of_jpeg(frame: bytes) -> Codestream | None:
    """By the frame header, ITU-T T.81 annex B.2.2, and the segment of Adobe."""
    is_plain = False
    at = 2
    while len(frame) >= at + 10 and frame[at] == 0xFF:
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        if marker == 0xFF:
            at += 1
            continue
        body = frame[at + 4 : at + 2 + length]
        if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            is_plain = body[11] == 0
        if (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES) or marker == 0xF7:
            return _frame_header(body, is_plain or marker not in {0xC0, 0xC1, 0xC2})
        at += 2 + length
    return None


def _frame_header(body: bytes, is_plain: bool) -> Codestream | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return None
    parts = [body[6 + 3 * n : 9 + 3 * n] for n in range(body[5])]
    colours = ""
    if [part[0] for part in parts] in _NAMED:
        colours = "RGB"
    elif not is_plain and len(parts) == 3 and any(part[1] != parts[0][1] for part in parts):
        # Nobody halves green and blue.
        colours = "YBR_FULL_422"
    rows, columns = (int.from_bytes(body[n : n + 2], "big") for n in (1, 3))
    return Codestream(rows, columns, len(parts), colours)


def _of_run_lengths(frame: bytes, dataset: Dataset) -> Codestream | None:
    """By the number of segments, one for each byte of a pixel, PS3.5 annex G.2."""
    count = int.from_bytes(frame[:4], "little")
    told = int(dataset.SamplesPerPixel) * (int(dataset.BitsAllocated) // 8)
    if count == told or count not in _BY_SEGMENTS:
        return None
    samples, bits = _BY_SEGMENTS[count]
    return Codestream(int(dataset.Rows), int(dataset.Columns), samples, bits=bits)


def _of_jpeg_2000(frame: bytes) -> Codestream | None:
    """By the size marker, ISO/IEC 15444-1 annex A.5.1, and the style of coding, A.6.1."""
    start = max(0, frame.find(_J2K, 0, 4096))
    size = frame[start : start + 42]
    if len(size) < 42 or not size.startswith(_J2K):
        return None
    right, low, left, top = (int.from_bytes(size[n : n + 4], "big") for n in (8, 12, 16, 20))
    count = int.from_bytes(size[40:42], "big")
    at = frame.find(_STYLE_OF_CODING, start + 38 + 3 * count, start + 4096)
    is_transformed = at >= 0 and frame[at + 8 : at + 9] == b"\1"
    return Codestream(low - top, right - left, count, "YBR_RCT" if is_transformed else "")
