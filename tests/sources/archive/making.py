"""Archives for tests: honest ones and hostile ones."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive; names may come twice."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def tarred(*members: tuple[str, bytes], mode: str = "w") -> bytes:
    """A tape archive, compressed as the mode says."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def with_flags(archive: bytes, flags: int) -> bytes:
    """A zip archive whose members all have these general purpose flags."""
    changed = bytearray(archive)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = archive.find(signature)
        while start >= 0:
            struct.pack_into("<H", changed, start + offset, flags)
            start = archive.find(signature, start + 4)
    return bytes(changed)


def with_declared_size(archive: bytes, size: int) -> bytes:
    """A zip archive that declares the wrong size for its members."""
    changed = bytearray(archive)
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = archive.find(signature)
        while start >= 0:
            struct.pack_into("<I", changed, start + offset, size)
            start = archive.find(signature, start + 4)
    return bytes(changed)


def overlapping(content: bytes, times: int) -> bytes:
    """A zip archive whose many members are all the same bytes of it."""
    single = zipped(("a.png", content))
    start = single.find(b"PK\1\2")
    end = single.find(b"PK\5\6")
    entry = single[start:end]
    tail = bytearray(single[end:])
    struct.pack_into("<HHI", tail, 8, times, times, len(entry) * times)
    return single[:start] + entry * times + bytes(tail)
