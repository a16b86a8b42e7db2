"""FiftyOne's image classification data set: ``labels.json`` and the files below ``data/``.

A class is a kind, or a label where there is no kind; label, source and split are attributes
(FiftyOneImageClassificationDataset, with attributes included).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medsift.core.errors import UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation.formats.files import copy, inside, label_in, safe, unique
from medsift.evaluation.labelled import Example
from medsift.evaluation.naming import kind_of

FILE = "labels.json"


def write(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder."""
    classes = sorted({example.kind or example.label for example in examples})
    number = {name: i for i, name in enumerate(classes)}
    labels: dict[str, object] = {}
    taken: set[str] = set()
    for example in examples:
        # The key is the file's name without its suffix, so that this alone must be unique.
        stem = unique(safe(example.path.stem), taken)
        copy(example.path, folder / "data" / f"{stem}{example.path.suffix}")
        attributes = {"medsift_label": example.label, "medsift_kind": example.kind}
        attributes |= {"source": example.source, "split": example.split}
        labels[stem] = {
            "label": number[example.kind or example.label],
            "attributes": attributes,
        }
    content = {"classes": classes, "labels": labels}
    (folder / FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Read ``labels.json`` or its folder.

    Raises
    ------
    UsageError
        It is none, or does not tell the label of a class.
    """
    file = path / FILE if path.is_dir() else path
    top = file.parent / "data"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        files = {f.relative_to(top).with_suffix("").as_posix(): f for f in sorted(top.rglob("*"))}
        found = []
        for key, row in content["labels"].items():
            if row is None:
                continue
            inside(top, key)
            if key not in files:
                raise UsageError(f"{file} names {key}, which is not below {top}")
            found.append(_example(files[key], row, content.get("classes"), more))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UsageError(f"{file} is no file of FiftyOne: {error!r}") from error
    return found


def _example(place: Path, row: Any, classes: Any, more: Mapping[str, Label]) -> Example:
    facts = row if isinstance(row, dict) else {"label": row}
    name = facts["label"]
    name = str(classes[name]) if isinstance(name, int) else str(name)
    attributes = facts.get("attributes") or {}
    source, split = str(attributes.get("source", "")), str(attributes.get("split", ""))
    label = label_in(attributes.get("medsift_label"))
    if label is not None:
        return Example(place, label, str(attributes.get("medsift_kind", name)), source, split)
    alone = label_in(name)
    known = (name, alone) if alone is not None else kind_of(name, more)
    if known is None:
        raise UsageError(f"is {name!r} medical or not? Tell it with --kind NAME=LABEL")
    return Example(place, known[1], "" if alone is not None else known[0], source, split)
