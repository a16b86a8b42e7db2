"""Hugging Face's ``imagefolder``: files with a ``metadata.jsonl`` for each split.

The columns are ``file_name``, ``label``, ``kind``, ``source`` and ``split``; ``load_dataset`` of
``datasets`` shows them beside the picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from medsift.core.errors import UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation import tables
from medsift.evaluation.formats.files import inside, placed, safe
from medsift.evaluation.labelled import Example, find_examples

FILES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
_ALONE = "train"
"""Split of what has none, as ``datasets`` calls it."""


def write(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder."""
    of_folder: dict[str, list[Example]] = {}
    for example in examples:
        # Splits that would be called alike share a folder; their rows tell them apart.
        of_folder.setdefault(safe(example.split or _ALONE), []).append(example)
    for split, chosen in sorted(of_folder.items()):
        top = folder / split
        top.mkdir(parents=True, exist_ok=True)
        with (top / FILES[0]).open("w", encoding="utf-8") as file:
            for example, name in placed(chosen, top):
                row = {"file_name": name, "label": example.label, "kind": example.kind}
                row |= {"source": example.source, "split": example.split}
                file.write(json.dumps(row) + "\n")


def read(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Read a folder with metadata, or one of kinds alone.

    Raises
    ------
    UsageError
        It is none, or a row does not tell its label.
    """
    lists = sorted(file for name in FILES for file in path.rglob(name))
    if not lists:
        return find_examples(path, more)
    found = []
    for file in lists:
        for example in tables.read_examples(file, more):
            inside(file.parent, str(example.path.relative_to(file.parent)))
            found.append(example)
    if not found:
        raise UsageError(f"{path} lists no pictures")
    return found


def looks_like(path: Path) -> bool:
    """Whether a folder has metadata at its top or in a split."""
    return any(
        (path / PurePosixPath(below) / name).is_file()
        for name in FILES
        for below in (".", *(e.name for e in path.iterdir() if e.is_dir()))
    )
