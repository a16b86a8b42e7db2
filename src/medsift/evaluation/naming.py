"""What people call kinds, labels and splits, and what medsift calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from medsift.core.crosswalk import CROSSWALK
from medsift.core.taxonomy import KINDS, Label

LABELS: tuple[Label, ...] = get_args(Label)

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "dev", "test", "testing"})
"""Names of folders and values of columns that are splits of a data set."""

_LABEL_NAMES: dict[str, Label] = {
    "medical": "medical",
    "non_medical": "non_medical",
    "nonmedical": "non_medical",
    "not_medical": "non_medical",
    "other": "non_medical",
}
_ALIASES = {
    "x_ray": "xray",
    "xrays": "xray",
    "x_rays": "xray",
    "radiograph": "xray",
    "radiography": "xray",
    "chest_xray": "xray",
    "chest_x_ray": "xray",
    "cxr": "xray",
    "mammogram": "mammography",
    "cat_scan": "ct",
    "ct_scan": "ct",
    "mr": "mri",
    "mri_scan": "mri",
    "us": "ultrasound",
    "sonography": "ultrasound",
    "pet": "nuclear",
    "spect": "nuclear",
    "retina": "fundus",
    "dermoscopy": "dermatology",
    "skin": "dermatology",
    "pathology": "histopathology",
    "histology": "histopathology",
    "ecg": "biosignal",
    "ekg": "biosignal",
    "eeg": "biosignal",
    "photograph": "photo",
    "photos": "photo",
    "graph": "chart",
    "plot": "chart",
    "flow_chart": "diagram",
    "icon": "logo",
    "drawing": "illustration",
    "aerial": "satellite",
    "sem": "electron_microscopy",
    "western_blot": "gel_blot",
    "gel": "gel_blot",
    "fluorescence": "lab_fluorescence",
}


def normal(name: str) -> str:
    """A name in lower case with underscores for all that is no letter or digit."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def label_of(text: str) -> Label | None:
    """The label that a name stands for, or None."""
    return _LABEL_NAMES.get(normal(text))


def known_kind(text: str) -> tuple[str, Label] | None:
    """The kind of the taxonomy that a name stands for, and its label; None where there is none.

    Besides its own name these are names that people use, and the unambiguous ones of other lists
    of picture classes, see :mod:`medsift.core.crosswalk`.
    """
    name = normal(text)
    name = name if name in KINDS else _ALIASES.get(name) or _elsewhere().get(name, "")
    for candidate in (name, name.removesuffix("s")):
        if candidate in KINDS:
            return candidate, KINDS[candidate].label
    plural = normal(text).removesuffix("s")
    return (plural, KINDS[plural].label) if plural in KINDS else None


def kind_of(text: str, more: Mapping[str, Label]) -> tuple[str, Label] | None:
    """The kind and label that a name stands for: one of ``more``, else of the taxonomy."""
    for name, label in more.items():
        if text == name or normal(text) == normal(name):
            return name, label
    return known_kind(text)


def _elsewhere() -> dict[str, str]:
    """Names of other lists that stand for one kind alone."""
    found: dict[str, set[str]] = {}
    for row in CROSSWALK:
        for name in (*row.docling, *(n.split(" / ")[-1] for n in row.biomedica)):
            found.setdefault(normal(name), set()).add(row.kind.name)
    return {name: next(iter(kinds)) for name, kinds in found.items() if len(kinds) == 1}
