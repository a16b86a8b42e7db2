"""Zip archives, and the file types that are one inside."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, cast

from medsift.core.errors import DecodeError, EncryptedError, InputError, LimitError
from medsift.core.limits import KIB, MIB
from medsift.core.picture import Finding
from medsift.decode.guard import contained
from medsift.sources.archive.salvage import salvaged
from medsift.sources.base import Blob, Context
from medsift.sources.container import CHUNK, Container, Member

_DIRECTORY_BYTES = 64 * MIB  # room for a million members; in memory it takes ten times as much
_END = re.compile(rb"PK\x05\x06")
_ENCRYPTED = 0x1
_UTF8 = 0x800
# These inflate all that they are given at once, however much comes out: so they get little.
_GREEDY = frozenset({zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
_SIP = 4 * KIB
WEB_ARCHIVE = re.compile(r"archive/[^/]+\.warc(?:\.gz)?", re.IGNORECASE)
"""Names of the WARC files in a WACZ package."""
_MIMETYPE_BYTES = 100


def read(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield what is in the members of a zip archive, in the order of its directory.

    A damaged archive is searched for members from its start, and ends in a problem.

    Raises
    ------
    DecodeError
        Damaged; what was found before counts.
    LimitError
        Nested too deeply, or a budget is used up.
    """
    container = Container(blob, context, "archive")
    try:
        with opened(blob) as archive:
            yield from container.findings(members(archive))
            return
    except DecodeError as error:
        fault = error
    with blob.open() as stream:
        yield from container.findings(salvaged(stream))
    raise fault


@contextmanager
def opened(blob: Blob) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive.

    Raises
    ------
    DecodeError
        Damaged.
    LimitError
        Its directory is too long.
    """
    with blob.open() as stream:
        with contained("zip archive"):
            _check_directory(stream)
            archive = zipfile.ZipFile(stream)
        with archive:
            yield archive


def members(archive: zipfile.ZipFile) -> Iterator[Member]:
    """Yield the members in the order of the directory."""
    for info in archive.infolist():
        yield member(archive, info)


def member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    """One member, not yet read."""
    chunk = _SIP if info.compress_type in _GREEDY else CHUNK
    return Member(_name(info), partial(_open, archive, info), info.file_size, chunk)


def kind(blob: Blob) -> str:
    """Which of the file types that are zip archives it is.

    Returns
    -------
    str
        ``ooxml``, ``opendocument``, ``epub``, ``wacz``, or ``zip`` for any other and for
        damaged ones.
    """
    try:
        with opened(blob) as archive:
            return _kind_of(archive)
    except InputError:
        return "zip"


def _kind_of(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    mimetype = b""
    if "mimetype" in names:
        info = archive.getinfo("mimetype")
        with contained("zip archive"), _open(archive, info) as stream:
            mimetype = stream.read(_MIMETYPE_BYTES).strip()
    if mimetype == b"application/epub+zip" or "META-INF/container.xml" in names:
        return "epub"
    if mimetype.startswith(b"application/vnd.oasis.opendocument."):
        return "opendocument"
    if mimetype.startswith(b"application/vnd.sun.xml."):
        return "opendocument"
    if "[Content_Types].xml" in names and "_rels/.rels" in names:
        return "ooxml"
    if "datapackage.json" in names and _has_web_archive(archive):
        return "wacz"
    return "zip"


def _has_web_archive(archive: zipfile.ZipFile) -> bool:
    """WACZ 1.1, section 5.1: WARC files in ``archive/``, which random access wants stored."""
    return any(
        WEB_ARCHIVE.fullmatch(info.filename) and info.compress_type not in _GREEDY
        for info in archive.infolist()
    )


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    if info.flag_bits & _ENCRYPTED:
        raise EncryptedError("the member is encrypted")
    return cast("BinaryIO", archive.open(info))


def _name(info: zipfile.ZipInfo) -> str:
    """Name of a member: many programs write UTF-8 and do not say so."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _check_directory(stream: BinaryIO) -> None:
    """Refuse a directory that would fill the memory before one member is read."""
    size = stream.seek(0, 2)
    tail_size = min(size, 64 * KIB + 22)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    ends = [found.start() for found in _END.finditer(tail)]
    length = 0
    if ends:
        length = int.from_bytes(tail[ends[-1] + 12 : ends[-1] + 16], "little")
        if length == 0xFFFFFFFF:  # the sizes are in the record of zip64, just before
            record = tail.rfind(b"PK\x06\x06", 0, ends[-1])
            length = int.from_bytes(tail[record + 40 : record + 48], "little") if record >= 0 else 0
    stream.seek(0)
    if min(length, size) > _DIRECTORY_BYTES:
        raise LimitError(f"its directory is longer than {_DIRECTORY_BYTES // MIB} MiB")
