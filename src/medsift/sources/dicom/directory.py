"""DICOMDIR: the table of contents of a disc, and the files that it names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.core.errors import InputError
from medsift.core.limits import MIB
from medsift.decode.guard import contained

if TYPE_CHECKING:
    from pydicom import Dataset

_WHAT = "DICOM directory"
_STORAGE = b"1.2.840.10008.1.3.10"  # Media Storage Directory Storage, PS3.4 annex B.5
_HEAD = 1024
_MOST_BYTES = 64 * MIB
_PREAMBLE = 128


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


def _file_ids(path: Path) -> list[tuple[str, ...]]:
    from pydicom import dcmread

    with contained(_WHAT, tell_details=False):
        if path.stat().st_size > _MOST_BYTES:
            return []
        dataset = dcmread(path)
        records = dataset.get("DirectoryRecordSequence") or []
        return list(dict.fromkeys(filter(None, map(_file_id, records))))


def _file_id(record: Dataset) -> tuple[str, ...]:
    try:
        with contained(_WHAT, tell_details=False):
            value = record.get("ReferencedFileID") or ()
            return (value,) if isinstance(value, str) else tuple(map(str, value))
    except InputError:
        return ()  # one damaged record costs itself


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
