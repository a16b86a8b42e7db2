"""The record: one row for each picture found, and one for each input that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

from medsift.core.picture import Bbox

FieldType: TypeAlias = Literal["str", "int", "float", "bbox", "box"]
"""``bbox`` are four floats, ``box`` four ints."""

PixelBox: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels from the upper left corner; x1 and y1 are one past the last."""


@dataclass(frozen=True, slots=True)
class Record:
    """What medsift says of one picture, or of one input that gave none.

    The same names in CSV, JSONL, Parquet, REST and Python. A value that is not known is None
    for numbers and ``""`` for text. ``kinds`` maps kinds to probabilities; files hold it as
    JSON text.
    """

    source: str
    source_type: str = ""
    locator: str = ""
    page: int | None = None
    index: int | None = None
    frame: int | None = None
    member: str = ""
    url: str = ""
    bbox: Bbox | None = None
    extraction: str = ""
    sha256: str = ""
    phash: str = ""
    width: int | None = None
    height: int | None = None
    format: str = ""
    color_mode: str = ""
    label: str = ""
    p_medical: float | None = None
    confidence: float | None = None
    likelihood: str = ""
    kind: str = ""
    p_kind: float | None = None
    dicom_modality: str = ""
    reason: str = ""
    model: str = ""
    status: str = "ok"
    error: str = ""
    ms: float | None = None
    dicom_tags: str = ""
    group: str = ""
    panels: int | None = None
    panel: int | None = None
    panel_bbox: PixelBox | None = None
    figure: str = ""
    caption: str = ""
    caption_label: str = ""
    saved_as: str = ""
    text_boxes: int | None = None
    text_share: float | None = None
    text: str = ""
    decision: str = ""
    decision_reason: str = ""
    known: str = ""
    moved_from: str = ""
    kinds: Mapping[str, float] | None = field(default=None, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Field names to values, in order; boxes as lists, ready for JSON."""
        row = {name: getattr(self, name) for name in FIELDS}
        row["kinds"] = None if self.kinds is None else dict(self.kinds)
        if self.bbox is not None:
            row["bbox"] = list(self.bbox)
        if self.panel_bbox is not None:
            row["panel_bbox"] = list(self.panel_bbox)
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Record:
        """Rebuild a record from :meth:`to_dict`; unknown names are ignored."""
        values = {name: row[name] for name in FIELDS if name in row}
        if values.get("bbox") is not None:
            x0, y0, x1, y1 = (float(v) for v in values["bbox"])
            values["bbox"] = (x0, y0, x1, y1)
        if values.get("panel_bbox") is not None:
            left, top, right, bottom = (int(v) for v in values["panel_bbox"])
            values["panel_bbox"] = (left, top, right, bottom)
        if "kinds" in values:
            values["kinds"] = _kinds_of(values["kinds"])
        return cls(**values)


def _kinds_of(value: Any) -> dict[str, float] | None:
    """From a mapping, or from the JSON text that files hold; None where there is nothing."""
    found = json.loads(value) if isinstance(value, str) and value else value
    return {str(k): float(p) for k, p in found.items()} if found else None


_INTEGERS = frozenset(
    {"page", "index", "frame", "width", "height", "panels", "panel", "text_boxes"}
)
_FLOATS = frozenset({"p_medical", "confidence", "p_kind", "ms", "text_share"})


def _field_type(name: str) -> FieldType:
    if name == "bbox":
        return "bbox"
    if name == "panel_bbox":
        return "box"
    if name in _INTEGERS:
        return "int"
    return "float" if name in _FLOATS else "str"


FIELDS: dict[str, FieldType] = {f.name: _field_type(f.name) for f in fields(Record)}
"""Names of the record's fields, in order, each with its type: the schema of every output."""
