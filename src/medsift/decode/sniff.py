"""What a file is, told by its first bytes and never by its name alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

from medsift.decode.signatures import image_format
from medsift.decode.sniff_dicom import is_dicom
from medsift.decode.sniff_text import TextType, text_type

FileType: TypeAlias = (
    TextType
    | Literal[
        "image",
        "pdf",
        "dicom",
        "zip",
        "gzip",
        "bzip2",
        "xz",
        "zstd",
        "7z",
        "tar",
        "rar",
        "warc",
        "ole",
        "nifti",
        "parquet",
        "metafile",
        "cms",
        "tnef",
        "empty",
        "unknown",
    ]
)
"""What a file can be.

``zip`` and ``ole`` are families: office files, EPUB and the like need a second look inside.
``metafile`` is Windows' WMF and EMF, ``cms`` signed data (``.p7m``), ``tnef``
Outlook's ``winmail.dat``.
"""

HEAD_BYTES = 4096
"""How many of the first bytes :func:`sniff` wants to see."""

_PDF_WITHIN = 1024  # ISO 32000-1, implementation note 13: junk before the header is common
_PDF = re.compile(rb"%PDF-\d")

_PREFIXES: tuple[tuple[bytes, FileType], ...] = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"WARC/", "warc"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"PAR1", "parquet"),
    (b"\xd7\xcd\xc6\x9a\x00\x00", "metafile"),
    (b"\x78\x9f\x3e\x22", "tnef"),
)


def sniff(head: bytes, name: str = "") -> FileType:
    """Tell the type of a file.

    Parameters
    ----------
    head : bytes
        The first :data:`HEAD_BYTES` bytes, or all where there are fewer.
    name : str
        Of the file; a hint only where the content cannot tell.

    Returns
    -------
    FileType
        ``unknown`` for binary content of no known type.
    """
    if not head:
        return "empty"
    head = head[:HEAD_BYTES]
    for prefix, found in _PREFIXES:
        if head.startswith(prefix):
            return found
    for check, found in _CHECKS:
        if check(head):
            return found
    # DICOM allows anything in its preamble, a TIFF header for example: hence before images.
    if image_format(head, name):
        return "image"
    text = text_type(head, name)
    if text in {"text", ""} and _is_pdf_after_junk(head, is_text=text == "text"):
        return "pdf"
    return text or "unknown"


def _is_pdf_after_junk(head: bytes, *, is_text: bool) -> bool:
    found = _PDF.search(head, 0, _PDF_WITHIN + 8)
    if found is None:
        return False
    # Prose and programs that only speak of PDF have no objects.
    return not is_text or b" obj" in head[found.start() :]


def _is_tar(head: bytes) -> bool:
    if head[257:262] == b"ustar":
        return True
    # Before POSIX there was no signature, but a checksum with its own field taken as blanks.
    if len(head) < 512 or head[0] == 0:
        return False
    field = head[148:156].strip(b" \0")
    if not field or field.strip(b"01234567"):
        return False
    total = sum(head[:148]) + 8 * 32 + sum(head[156:512])
    return int(field, 8) == total


def _is_bzip2(head: bytes) -> bool:
    magic = (b"1AY&SY", b"\x17rE8P\x90")  # a block, or the end of an empty stream
    return head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in magic


def _is_skippable_zstd(head: bytes) -> bool:
    return 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18"


# Data types with their bits, as dbh.h of Analyze 7.5 lists them.
_ANALYZE_BITS = {2: 8, 4: 16, 8: 32, 16: 32, 32: 64, 64: 64, 128: 24}


def _is_nifti(head: bytes) -> bool:
    if head[344:348] in {b"n+1\0", b"ni1\0"}:
        return head[:4] in {b"\x5c\x01\0\0", b"\0\0\x01\x5c"}
    if head[4:8] in {b"n+2\0", b"ni2\0"}:
        return head[:4] in {b"\x1c\x02\0\0", b"\0\0\x02\x1c"}
    return _is_analyze(head)


def _is_analyze(head: bytes) -> bool:
    """Analyze 7.5: the length of the header, an "r" for regular, and up to seven dimensions."""
    order: Literal["little", "big"] = "little" if head[:4] == b"\x5c\x01\0\0" else "big"
    if len(head) < 80 or int.from_bytes(head[:4], order) != 348:
        return False
    count, *sizes = (int.from_bytes(head[n : n + 2], order) for n in range(40, 48, 2))
    if head[38:39] == b"r":
        return 1 <= count <= 7
    # Programs leave it out; then the rest has to make sense.
    kind, bits = (int.from_bytes(head[n : n + 2], order) for n in (70, 72))
    sound = 2 <= count <= 7 and all(0 < size < 1 << 15 for size in sizes[: min(count, 3)])
    return head[38:39] == b"\0" and sound and _ANALYZE_BITS.get(kind) == bits


_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # RFC 5652, as its first bytes name it


def _is_cms(head: bytes) -> bool:
    return head[:1] == b"\x30" and _SIGNED_DATA in head[:20]


def _is_bare_wmf(head: bytes) -> bool:
    """A metafile without the header of a placeable one: kind, words of its header, version."""
    return (
        head[:1] in {b"\1", b"\2"} and head[1:4] == b"\0\x09\0" and head[4:6] in {b"\0\1", b"\0\3"}
    )


def _is_emf(head: bytes) -> bool:
    return head[:4] == b"\x01\0\0\0" and head[40:44] == b" EMF"


_CHECKS: tuple[tuple[Callable[[bytes], bool], FileType], ...] = (
    (is_dicom, "dicom"),
    (_is_tar, "tar"),
    (_is_bzip2, "bzip2"),
    (_is_skippable_zstd, "zstd"),
    (_is_nifti, "nifti"),
    (_is_emf, "metafile"),
    (_is_bare_wmf, "metafile"),
    (_is_cms, "cms"),
)
