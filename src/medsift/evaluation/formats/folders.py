"""Labelled folders, ``<label>/<kind>/<source>/<image>``, with splits below folders of theirs.

What this layout cannot hold: a source of a picture without a kind, splits of other names than
:data:`medsift.evaluation.naming.SPLITS`, no split where other pictures have one (it becomes
``train``), and characters that no folder may have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from medsift.core.taxonomy import Label
from medsift.evaluation.formats.files import laid_out
from medsift.evaluation.labelled import Example, find_examples


def write(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder."""
    alone = "train" if any(example.split for example in examples) else ""
    places = [(e.split or alone, e.label, e.kind, e.source if e.kind else "") for e in examples]
    for _ in laid_out(examples, places, folder):
        pass


def read(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Read folders or a table, see :func:`medsift.evaluation.labelled.find_examples`."""
    return find_examples(path, more)
