"""How a frame is coded, told by its first bytes: a transfer syntax may say something else."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

_JPEG = b"\xff\xd8\xff"
_J2K = b"\xff\x4f\xff\x51"
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_JXL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")
_MOST_SEGMENTS = 15  # PS3.5 annex G.3
_HIGH_THROUGHPUT = 0x4000  # bit 14 of Rsiz, ISO/IEC 15444-15 annex A.2

BASELINE = "1.2.840.10008.1.2.4.50"
EXTENDED = "1.2.840.10008.1.2.4.51"
LOSSLESS = "1.2.840.10008.1.2.4.57"
LOSSLESS_FIRST_ORDER = "1.2.840.10008.1.2.4.70"
LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
LS_LOSSY = "1.2.840.10008.1.2.4.81"
J2K_LOSSLESS = "1.2.840.10008.1.2.4.90"
J2K = "1.2.840.10008.1.2.4.91"
HTJ2K = "1.2.840.10008.1.2.4.203"
XL = "1.2.840.10008.1.2.4.112"
RLE = "1.2.840.10008.1.2.5"

# Transfer syntaxes that differ in what the bytes of a frame do not tell: what is declared stands.
_FAMILIES = (
    frozenset({BASELINE, EXTENDED}),
    frozenset({LOSSLESS, LOSSLESS_FIRST_ORDER}),
    frozenset({LS_LOSSLESS, LS_LOSSY}),
    frozenset({J2K_LOSSLESS, J2K}),
    frozenset({"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", HTJ2K}),
    frozenset({"1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111", XL}),
)


@dataclass(frozen=True, slots=True)
class Coding:
    """How a frame is coded.

    Attributes
    ----------
    syntax : str
        UID of a transfer syntax.
    bits : int
        Of a sample; 0 where the first bytes do not tell.
    """

    syntax: str
    bits: int = 0


def coding_of(frame: bytes, declared: str) -> Coding | None:
    """Tell the coding of a frame; None where its bytes are of none that is known.

    Parameters
    ----------
    frame : bytes
    declared : str
        The transfer syntax of the file: it stands where it is of the same family.
    """
    found = _told(frame)
    if found is None:
        return None
    if any({found.syntax, declared} <= family for family in _FAMILIES):
        # Extended JPEG of 8 bits is read by all who read baseline.
        syntax = found.syntax if found.syntax in {BASELINE, EXTENDED} else declared
        return Coding(syntax, found.bits)
    return found


def begins_a_frame(head: bytes) -> bool:
    """Whether these bytes open a codestream."""
    return _told(head) is not None


def _told(frame: bytes) -> Coding | None:
    if frame.startswith(_JPEG):
        return _jpeg(frame)
    if frame.startswith(_J2K):
        return _jpeg_2000(frame)
    if frame.startswith(_JP2):
        at = frame.find(_J2K, 0, 4096)
        return _jpeg_2000(frame[at:]) if at >= 0 else Coding(J2K)
    if frame.startswith(_JXL):
        return Coding(XL)
    return Coding(RLE) if _is_run_length(frame) else None


def _jpeg(frame: bytes) -> Coding:
    """By the frame header, ITU-T T.81 annex B.2.2."""
    at = 2
    while len(frame) >= at + 5 and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xF7:
            return Coding(LS_LOSSLESS, frame[at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            bits = frame[at + 4]
            if marker in {0xC3, 0xC7, 0xCB, 0xCF}:
                return Coding(LOSSLESS, bits)
            return Coding(BASELINE if bits == 8 else EXTENDED, bits)
        at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return Coding(BASELINE)


def _jpeg_2000(codestream: bytes) -> Coding:
    """By the size marker, ISO/IEC 15444-1 annex A.5.1."""
    if len(codestream) < 43:
        return Coding(J2K)
    capabilities = int.from_bytes(codestream[6:8], "big")
    bits = (codestream[42] & 0x7F) + 1
    return Coding(HTJ2K if capabilities & _HIGH_THROUGHPUT else J2K, bits)


def _is_run_length(frame: bytes) -> bool:
    """By the header of segments, PS3.5 annex G.5."""
    if len(frame) < 64:
        return False
    count, *offsets = struct.unpack_from("<16I", frame)
    used, unused = offsets[:count], offsets[count:]
    if not 1 <= count <= _MOST_SEGMENTS or used[0] != 64 or any(unused):
        return False
    return all(a < b for a, b in pairwise(used))
