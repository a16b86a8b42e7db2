"""COCO: ``labels.json`` with images, categories and annotations, and the files below ``data/``.

A category is a kind, or a label where there is no kind, its supercategory the label; the box of an
annotation is the whole picture. The category's ``kind`` tells a kind that is called like a label
from none. Source and split stand in the image's ``source`` and ``split``. (Lin et al. 2014,
"Microsoft COCO"; fields as on cocodataset.org/#format-data.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medsift.core.errors import UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation.formats.files import inside, label_in, placed, size_of
from medsift.evaluation.labelled import Example
from medsift.evaluation.naming import kind_of

FILE = "labels.json"


def write(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder."""
    categories: dict[tuple[str, str], int] = {}
    images, annotations = [], []
    for number, (example, name) in enumerate(placed(examples, folder / "data"), 1):
        width, height = size_of(folder / "data" / name)
        image: dict[str, object] = {"id": number, "file_name": name}
        image |= {"width": width, "height": height}
        image |= {"source": example.source, "split": example.split}
        images.append(image)
        key = (example.kind, example.label)
        category = categories.setdefault(key, len(categories) + 1)
        box = [0, 0, width, height]
        facts = {"bbox": box, "area": width * height, "iscrowd": 0, "segmentation": []}
        annotations.append({"id": number, "image_id": number, "category_id": category, **facts})
    named = [
        {"id": number, "name": kind or label, "supercategory": label, "kind": kind}
        for (kind, label), number in categories.items()
    ]
    content = {
        "info": {"description": "written by medsift"},
        "licenses": [],
        "categories": named,
        "images": images,
        "annotations": annotations,
    }
    (folder / FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Read ``labels.json`` or its folder, also as other programs write it.

    Raises
    ------
    UsageError
        It is none, or an image has annotations of several kinds.
    """
    file = path / FILE if path.is_dir() else path
    top = file.parent / "data" if (file.parent / "data").is_dir() else file.parent
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        kinds = {row["id"]: _named(row, more) for row in content["categories"]}
        of_image: dict[Any, set[tuple[Label, str]]] = {}
        for row in content["annotations"]:
            of_image.setdefault(row["image_id"], set()).add(kinds[row["category_id"]])
        found = []
        for image in content["images"]:
            said = of_image.get(image["id"], set())
            if len(said) > 1:
                raise UsageError(f"{file}: {image['file_name']} is of several kinds")
            for label, kind in said:
                place = inside(top, str(image["file_name"]))
                source, split = image.get("source"), image.get("split")
                found.append(Example(place, label, kind, source or "", split or ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} is no COCO file: {error!r}") from error
    return found


def _named(row: Mapping[str, Any], more: Mapping[str, Label]) -> tuple[Label, str]:
    name, label = str(row["name"]), label_in(row.get("supercategory"))
    if label is not None:
        return label, str(row.get("kind", "" if name == label else name))
    alone = label_in(name)
    if alone is not None:
        return alone, ""
    known = kind_of(name, more)
    if known is None:
        raise UsageError(f"is {name!r} medical or not? Tell it with --kind NAME=LABEL")
    return known[1], known[0]
