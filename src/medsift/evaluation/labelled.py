"""Labelled folders: ``DATA/<label>/<kind>/<source>/<image>``, the last two levels optional."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from medsift.core.errors import UsageError
from medsift.core.taxonomy import Label

LABELS: tuple[Label, ...] = get_args(Label)


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
    """

    path: Path
    label: Label
    kind: str = ""
    source: str = ""

    @property
    def group(self) -> str:
        """What must not be cut through: the source, or the kind where there is no source."""
        return self.source or f"{self.label}/{self.kind}"


def find_examples(folder: Path) -> list[Example]:
    """Find the labelled images below a folder, sorted by path.

    Parameters
    ----------
    folder : Path
        Has a folder ``medical`` or ``non_medical``, or both.

    Raises
    ------
    UsageError
        There is no such folder, or it holds no labelled files.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    examples = [example for label in LABELS for example in _below(folder / label, label)]
    if not examples:
        raise UsageError(f"{folder} holds no files below medical/ or non_medical/")
    return examples


def _below(top: Path, label: Label) -> Iterator[Example]:
    for path in sorted(top.rglob("*")):
        relative = path.relative_to(top)
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        levels = relative.parts[:-1]
        yield Example(
            path=path,
            label=label,
            kind=levels[0] if levels else "",
            source=levels[1] if len(levels) > 1 else "",
        )
