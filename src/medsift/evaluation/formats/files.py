"""Files of examples, copied below a folder under names that say what they are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from medsift.core.errors import OutputError, UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation.labelled import Example
from medsift.evaluation.naming import LABELS

_UNSAFE = re.compile(r"[^\w.+ -]+")


def placed(examples: Sequence[Example], top: Path) -> Iterator[tuple[Example, str]]:
    """Copy files below ``top``; give each example with its path there, with slashes."""
    folders = [(e.split, e.label, e.kind, e.source) for e in examples]
    yield from laid_out(examples, folders, top)


def laid_out(
    examples: Sequence[Example], folders: Sequence[Sequence[str]], top: Path
) -> Iterator[tuple[Example, str]]:
    """Copy each file into the folder that these names lead to; empty ones are left out."""
    places = [PurePosixPath(*(safe(part) for part in parts if part)) for parts in folders]
    # A file without a suffix could be called like a folder that another one needs.
    taken = {str(folder).lower() for place in places for folder in (place, *place.parents)}
    for example, place in zip(examples, places, strict=True):
        name = unique(str(place / safe(example.path.name)), taken)
        copy(example.path, top / name)
        yield example, name


def unique(name: str, taken: set[str]) -> str:
    """A name that is not taken yet: itself, or with a number before its suffix."""
    path, number, candidate = PurePosixPath(name), 1, name
    while candidate.lower() in taken:
        number += 1
        candidate = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    taken.add(candidate.lower())
    return candidate


def safe(text: str) -> str:
    """A text as the name of a file or folder."""
    return _UNSAFE.sub("-", text).strip(". ") or "-"


def copy(source: Path, target: Path) -> None:
    """Copy a file, and make the folders that it needs."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise OutputError(f"cannot copy {source}: {error.strerror}") from error


def size_of(path: Path) -> tuple[int, int]:
    """Width and height in pixels; 0 and 0 where the file is no picture."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            return int(width), int(height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0, 0


def inside(top: Path, name: str) -> Path:
    """Path of a file that a list names; it must not lead out of the list's folder.

    Raises
    ------
    UsageError
        It does.
    """
    path = top / name
    if not path.resolve().is_relative_to(top.resolve()):
        raise UsageError(f"{name} leads out of {top}")
    return path


def label_in(value: Any) -> Label | None:
    """The value as a label, where it is one."""
    return next((label for label in LABELS if label == value), None)
