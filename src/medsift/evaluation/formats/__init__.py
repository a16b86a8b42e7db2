"""Labelled pictures in the layouts of other programs, in and out.

Each module has ``read(path, more)`` and ``write(examples, folder)``. What a layout has no place of
its own for goes into fields that its readers pass over, so that nothing is lost on the way back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from medsift.core.errors import OutputError, UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation.labelled import Example

FORMATS = ("folders", "csv", "parquet", "coco", "fiftyone", "label-studio", "imagefolder")


class Layout(Protocol):
    """What a module of this package offers."""

    def read(self, path: Path, more: Mapping[str, Label]) -> list[Example]:
        """Read labelled pictures."""

    def write(self, examples: Sequence[Example], folder: Path) -> None:
        """Write labelled pictures into an empty folder."""


def layout(name: str) -> Layout:
    """The module of a layout, by its name among :data:`FORMATS`."""
    module = "tabular" if name in ("csv", "parquet") else name.replace("-", "_")
    return cast(Layout, import_module(f"medsift.evaluation.formats.{module}"))


def read(path: Path, more: Mapping[str, Label], name: str = "") -> list[Example]:
    """Read labelled pictures in a layout; it is told by the content where none is named.

    Raises
    ------
    UsageError
        There are none, or not in that layout.
    """
    return layout(name or told(path)).read(path, more)


def write(examples: Sequence[Example], folder: Path, name: str) -> None:
    """Write labelled pictures in a layout, into a folder that does not exist or is empty.

    Raises
    ------
    OutputError
        Something is there already, or it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is there already")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if name == "parquet":
            from medsift.evaluation.formats import tabular

            tabular.write_parquet(examples, folder)
        else:
            layout(name).write(examples, folder)
    except OSError as error:
        raise OutputError(f"cannot write {error.filename}: {error.strerror}") from error


def told(path: Path) -> str:
    """Which layout a path is in, by its content."""
    if not path.exists():
        raise UsageError(f"there is no {path}")
    if path.is_file():
        return _told_by(path) if path.suffix.lower() == ".json" else "folders"
    from medsift.evaluation.formats import imagefolder, label_studio, tabular

    if (path / label_studio.FILE).is_file():
        return "label-studio"
    if (path / "labels.json").is_file():
        return _told_by(path / "labels.json")
    if any((path / name).is_file() for name in tabular.FILES):
        return "csv"
    return "imagefolder" if imagefolder.looks_like(path) else "folders"


def _told_by(file: Path) -> str:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    if isinstance(content, list):
        return "label-studio"
    return "coco" if isinstance(content, dict) and "annotations" in content else "fiftyone"
