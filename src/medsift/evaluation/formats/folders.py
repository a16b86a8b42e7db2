"""Labelled folders, ``<label>/<kind>/<source>/<image>``, with splits below folders of theirs.

What this layout cannot hold: a source of a picture without a kind, splits of other names than
:data:`medsift.evaluation.naming.SPLITS`, and characters that no folder may have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from medsift.core.taxonomy import Label
from medsift.evaluation.formats.files import copy, safe, unique
from medsift.evaluation.labelled import Example, find_examples


def write(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder."""
    taken: set[str] = set()
    splits = any(example.split for example in examples)
    for example in examples:
        parts = [example.label, example.kind, example.source if example.kind else ""]
        if splits:
            parts.insert(0, example.split or "train")
        place = PurePosixPath(*(safe(part) for part in parts if part))
        name = unique(str(place / safe(example.path.name)), taken)
        copy(example.path, folder / name)


def read(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Read folders or a table, see :func:`medsift.evaluation.labelled.find_examples`."""
    return find_examples(path, more)
