"""Label Studio: ``tasks.json``, ``config.xml`` and the files below ``data/``.

Each task has its picture in ``data.image``, by the address of Label Studio's local files, and one
annotation with the choices ``label`` and ``kind``. Source and split stand in the task's data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import quoteattr

from medsift.core.errors import UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation.formats.files import inside, label_in, placed
from medsift.evaluation.labelled import LABELS, Example
from medsift.evaluation.naming import kind_of

FILE = "tasks.json"
CONFIG = "config.xml"
_LOCAL = "/data/local-files/"


def write(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder."""
    tasks = []
    for number, (example, name) in enumerate(placed(examples, folder / "data"), 1):
        choices = {"label": example.label, "kind": example.kind}
        result = [
            {
                "id": f"{number}-{field}",
                "from_name": field,
                "to_name": "image",
                "type": "choices",
                "value": {"choices": [value]},
            }
            for field, value in choices.items()
            if value
        ]
        address = f"{_LOCAL}?d={quote('data/' + name)}"
        data = {"image": address, "source": example.source, "split": example.split}
        tasks.append({"id": number, "data": data, "annotations": [{"result": result}]})
    (folder / FILE).write_text(json.dumps(tasks, indent=1), encoding="utf-8")
    kinds = sorted({example.kind for example in examples if example.kind})
    (folder / CONFIG).write_text(_config(kinds), encoding="utf-8")


def read(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Read an export of tasks, or its folder; tasks without an annotation are passed over.

    Raises
    ------
    UsageError
        It is none, a picture is not a local file, or a choice does not tell its label.
    """
    file = path / FILE if path.is_dir() else path
    try:
        tasks = json.loads(file.read_text(encoding="utf-8"))
        found = []
        for task in tasks:
            said = _choices(task)
            if said:
                found.append(_example(task["data"], said, file.parent, more))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UsageError(f"{file} is no export of Label Studio: {error!r}") from error
    return found


def _choices(task: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for annotation in task.get("annotations") or ():
        if annotation.get("was_cancelled"):
            continue
        for row in annotation["result"]:
            if row.get("type") == "choices":
                found[str(row["from_name"])] = str(row["value"]["choices"][0])
    return found


def _example(
    data: Mapping[str, Any], said: Mapping[str, str], top: Path, more: Mapping[str, Label]
) -> Example:
    place = _place(str(data["image"]), top)
    source, split = str(data.get("source") or ""), str(data.get("split") or "")
    label = label_in(said.get("label"))
    if label is not None:
        return Example(place, label, said.get("kind", ""), source, split)
    for value in said.values():
        alone = label_in(value)
        known = ("", alone) if alone is not None else kind_of(value, more)
        if known is not None:
            return Example(place, known[1], known[0], source, split)
    raise UsageError(
        f"do {list(said.values())} mean medical or not? Tell it with --kind NAME=LABEL"
    )


def _place(address: str, top: Path) -> Path:
    parts = urlsplit(address)
    if parts.scheme in ("http", "https", "s3", "gs"):
        raise UsageError(f"{address} is no local file; export the pictures with the tasks")
    name = parse_qs(parts.query).get("d", [""])[0] if parts.path == _LOCAL else ""
    return inside(top, name or unquote(parts.path).lstrip("/"))


def _config(kinds: Sequence[str]) -> str:
    def choices(name: str, values: Sequence[str]) -> str:
        inner = "".join(f"\n    <Choice value={quoteattr(value)}/>" for value in values)
        return f'  <Choices name="{name}" toName="image" choice="single">{inner}\n  </Choices>\n'

    body = choices("label", LABELS) + (choices("kind", kinds) if kinds else "")
    return f'<View>\n  <Image name="image" value="$image"/>\n{body}</View>\n'
