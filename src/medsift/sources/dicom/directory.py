"""DICOMDIR: the table of contents of a disc, and the files that it names."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from medsift.core.errors import DecodeError, LimitError, UnreadableError
from medsift.core.limits import DEFAULT_LIMITS, MIB

_WHAT = "DICOM directory"
_STORAGE = b"1.2.840.10008.1.3.10"  # Media Storage Directory Storage, PS3.4 annex B.5
_HEAD = 1024
_MOST_BYTES = 64 * MIB
_PREAMBLE = 128
_META_AT = _PREAMBLE + 4

_TRANSFER_SYNTAX, _RECORDS, _FILE_ID = 0x00020010, 0x00041220, 0x00041500
_DELIMITERS, _ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE, 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_IMPLICIT = b"1.2.840.10008.1.2"
# Value representations whose length takes four bytes, PS3.5 section 7.1.2.
_LONG = frozenset([b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                   b"UT", b"UV"])  # fmt: skip


def is_directory(path: Path) -> bool:
    """Whether a file is a DICOMDIR, by its content."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    return head[_PREAMBLE : _PREAMBLE + 4] == b"DICM" and _STORAGE in head


def referenced(path: Path) -> Iterator[Path]:
    """Yield the files that a DICOMDIR names, in its order, whether they exist or not.

    Only files below its own folder: a name that leads elsewhere is left out. Discs that were
    copied often have their names in lower case; those are found as well.

    Raises
    ------
    InputError
        The DICOMDIR is damaged, or too long.
    """
    folder = _Folder(path.parent)
    for parts in _file_ids(path):
        found = folder.find(parts)
        if found is not None:
            yield found


def _file_ids(path: Path) -> Iterator[tuple[str, ...]]:
    """Names in a DICOMDIR, each once."""
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise LimitError(f"a {_WHAT} of more than {_MOST_BYTES // MIB} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot read {path.name}: {error.strerror or error}") from error
    seen: set[bytes] = set()
    for value in _values(data):
        if value in seen:
            continue
        seen.add(value)
        if len(seen) > DEFAULT_LIMITS.members:
            raise LimitError(f"a {_WHAT} of more than {DEFAULT_LIMITS.members} files")
        parts = tuple(part.strip(" \0") for part in value.decode("latin-1").split("\\"))
        if any(parts):
            yield parts


def _values(data: bytes) -> Iterator[bytes]:
    """Values of ReferencedFileID of the directory records.

    Element by element, and nothing kept: as objects, a few megabytes of records take gigabytes.
    What is inside of sequences of a record, such as icons, is passed over.

    Raises
    ------
    DecodeError
        The structure ends within an element.
    """
    at, syntax = _META_AT, b""
    while at + 8 <= len(data) and data[at : at + 2] == b"\x02\0":
        tag, start, length = _element(data, at, explicit=True)
        if tag == _TRANSFER_SYNTAX:
            syntax = data[start : start + length].rstrip(b" \0")
        at = start + length
    explicit, inner = syntax != _IMPLICIT, 0
    while at + 8 <= len(data):
        tag, start, length = _element(data, at, explicit)
        at = start
        if tag == _SEQUENCE_END:
            inner = max(0, inner - 1)
        elif tag in {_ITEM, _ITEM_END, _RECORDS}:
            continue  # into it
        elif length == _UNDEFINED:
            inner += 1
        elif start + length > len(data):
            raise DecodeError(f"damaged {_WHAT}")
        else:
            if tag == _FILE_ID and not inner:
                yield data[start : start + length]
            at += length


def _element(data: bytes, at: int, explicit: bool) -> tuple[int, int, int]:
    """Tag of the element at an offset, where its value starts, and how long that is."""
    group, number = struct.unpack_from("<HH", data, at)
    tag = group << 16 | number
    if group == _DELIMITERS or not explicit:
        return tag, at + 8, int.from_bytes(data[at + 4 : at + 8], "little")
    if data[at + 4 : at + 6] in _LONG:
        if at + 12 > len(data):
            raise DecodeError(f"damaged {_WHAT}")
        return tag, at + 12, int.from_bytes(data[at + 8 : at + 12], "little")
    return tag, at + 8, int.from_bytes(data[at + 6 : at + 8], "little")


class _Folder:
    """Finds names below a folder, in whatever case they are written there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listed: dict[Path, dict[str, str]] = {}

    def find(self, parts: tuple[str, ...]) -> Path | None:
        path = self._root
        for part in parts:
            if part in {"", ".", ".."} or set(part) & {"/", "\\", "\0", ":"}:
                return None
            path /= self._names(path).get(part.lower(), part)
        return path

    def _names(self, folder: Path) -> dict[str, str]:
        if folder not in self._listed:
            try:
                names = sorted((path.name for path in folder.iterdir()), reverse=True)
            except OSError:
                names = []
            self._listed[folder] = {name.lower(): name for name in names}
        return self._listed[folder]
