"""Labelled pictures, as people have them.

- folders ``<label>/<kind>/<source>/<image>``, the last two levels optional;
- folders of kinds alone, ``xray/``, ``photo/``, whose names tell the label;
- either of them below folders of splits, ``train/``, ``val/``, ``test/``;
- a table, see :mod:`medsift.evaluation.tables`;
- a zip of either, such as the export of the app's review desk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from medsift.core.errors import UsageError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.taxonomy import Label
from medsift.evaluation.naming import LABELS, SPLITS, kind_of

__all__ = ["LABELS", "Example", "find_examples", "opened_examples", "unlabelled"]

_WRAPPER = "labelled"
"""Folder that the review desk puts all else in."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled image file.

    Attributes
    ----------
    path : Path
    label : {"medical", "non_medical"}
    kind : str
        Name of the folder below the label; empty where there is none.
    source : str
        The data set that the image came from: the folder below the kind; empty where there is
        none.
    split : str
        Part of the data set, such as train or test; empty where there is none.
    """

    path: Path
    label: Label
    kind: str = ""
    source: str = ""
    split: str = ""

    @property
    def group(self) -> str:
        """What must not be cut through: the source, or the kind where there is no source."""
        return self.source or f"{self.label}/{self.kind}"


def find_examples(
    data: str | os.PathLike[str], more: Mapping[str, Label] | None = None
) -> list[Example]:
    """Find labelled pictures, sorted by path; those of a table in its order.

    Parameters
    ----------
    data : path
        A folder or a table.
    more : mapping, optional
        Labels of kinds that the taxonomy does not have.

    Raises
    ------
    UsageError
        There is no such thing, or it holds no labelled files.
    """
    from medsift.evaluation import tables

    folder, more = Path(data), more or {}
    if folder.is_file() and folder.suffix.lower() in tables.SUFFIXES:
        return tables.read_examples(folder, more)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    examples = list(_found(folder, more))
    if not examples:
        raise UsageError(_nothing(folder, more))
    return examples


@contextmanager
def opened_examples(
    data: str | os.PathLike[str], more: Mapping[str, Label] | None = None
) -> Iterator[list[Example]]:
    """Find labelled pictures, also in a zip, which is unpacked for so long.

    Raises
    ------
    UsageError
        As :func:`find_examples`; or the zip is damaged, too large, or leads out of its folder.
    """
    path = Path(data)
    if path.suffix.lower() != ".zip" or not path.is_file():
        yield find_examples(path, more)
        return
    with tempfile.TemporaryDirectory(prefix="medsift-labelled-") as folder:
        _unpack(path, Path(folder))
        yield find_examples(folder, more)


def unlabelled(folder: Path, more: Mapping[str, Label] | None = None) -> list[str]:
    """Names in a folder that are passed over: neither labels, nor kinds, nor splits."""
    if not folder.is_dir():
        return []
    top = _unwrapped(folder)
    if _has_labels(top):
        return [e for e in _names(top) if e not in LABELS]
    parts = [name for name in _names(top) if name.lower() in SPLITS and (top / name).is_dir()]
    if parts:
        below = [f"{p}/{name}" for p in parts for name in unlabelled(top / p, more)]
        return below + [name for name in _names(top) if name not in parts]
    return [
        name
        for name in _names(top)
        if not ((top / name).is_dir() and kind_of(name, more or {}) is not None)
    ]


def _found(folder: Path, more: Mapping[str, Label]) -> Iterator[Example]:
    folder = _unwrapped(folder)
    if _has_labels(folder):
        for label in LABELS:
            yield from _below(folder / label, label)
        return
    names = [name for name in _names(folder) if (folder / name).is_dir()]
    splits = [name for name in names if name.lower() in SPLITS]
    for name in splits:
        for example in _found(folder / name, more):
            yield replace(example, split=name)
    for name in names:
        known = kind_of(name, more)
        if known is not None and name not in splits:
            yield from _of_kind(folder / name, *known)


def _unwrapped(folder: Path) -> Path:
    inner = folder / _WRAPPER
    return inner if inner.is_dir() and not _has_labels(folder) else folder


def _has_labels(folder: Path) -> bool:
    return any((folder / label).is_dir() for label in LABELS)


def _names(folder: Path) -> list[str]:
    return sorted(e.name for e in folder.iterdir() if not e.name.startswith("."))


def _nothing(folder: Path, more: Mapping[str, Label]) -> str:
    text = f"{folder} holds no files below medical/ or non_medical/"
    others = [name for name in unlabelled(folder, more) if (folder / name).is_dir()]
    if others and not _has_labels(_unwrapped(folder)):
        shown = ", ".join(others[:8])
        text += f", nor below a kind that is known; tell what {shown} is with --kind NAME=LABEL"
    return text


def _below(top: Path, label: Label) -> Iterator[Example]:
    for path, levels in _files(top):
        yield Example(
            path=path,
            label=label,
            kind=levels[0] if levels else "",
            source=levels[1] if len(levels) > 1 else "",
        )


def _of_kind(top: Path, kind: str, label: Label) -> Iterator[Example]:
    for path, levels in _files(top):
        yield Example(path, label, kind, levels[0] if levels else "")


def _files(top: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Files below a folder, sorted, each with the folders that lead to it; hidden ones left out."""
    for path in sorted(top.rglob("*")):
        relative = path.relative_to(top)
        if not any(part.startswith(".") for part in relative.parts) and path.is_file():
            yield path, relative.parts[:-1]


def _unpack(path: Path, folder: Path) -> None:
    left = DEFAULT_LIMITS.inflated_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                target = folder / member.filename
                if member.is_dir():
                    continue
                if not target.resolve().is_relative_to(folder.resolve()):
                    raise UsageError(f"{path} leads out of its folder: {member.filename}")
                left -= member.file_size
                if left < 0:
                    raise UsageError(f"{path} is too large unpacked")
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
