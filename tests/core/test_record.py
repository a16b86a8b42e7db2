from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.record import FIELDS, Record

# As in the public interface: renaming or leaving out one of them breaks scripts.
PROMISED = {
    "source": "str",
    "source_type": "str",
    "locator": "str",
    "page": "int",
    "index": "int",
    "frame": "int",
    "member": "str",
    "url": "str",
    "bbox": "bbox",
    "extraction": "str",
    "sha256": "str",
    "phash": "str",
    "width": "int",
    "height": "int",
    "format": "str",
    "color_mode": "str",
    "label": "str",
    "p_medical": "float",
    "confidence": "float",
    "likelihood": "str",
    "kind": "str",
    "p_kind": "float",
    "dicom_modality": "str",
    "reason": "str",
    "model": "str",
    "status": "str",
    "error": "str",
    "ms": "float",
    "dicom_tags": "str",
    "group": "str",
    "panels": "int",
    "panel": "int",
    "panel_bbox": "box",
    "figure": "str",
    "caption": "str",
    "caption_label": "str",
    "saved_as": "str",
    "decision": "str",
    "decision_reason": "str",
    "kinds": "str",
}

_values: dict[str, st.SearchStrategy[object]] = {
    "str": st.text(),
    "int": st.none() | st.integers(),
    "float": st.none() | st.floats(allow_nan=False),
    "box": st.none() | st.tuples(*[st.integers()] * 4),
    "bbox": st.none() | st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 4),
}
_records = st.builds(
    Record,
    **{name: _values[kind] for name, kind in FIELDS.items() if name != "kinds"},
    kinds=st.none() | st.dictionaries(st.text(), st.floats(0, 1), min_size=1),
)


def test_the_promised_fields_are_there_in_order() -> None:
    promised = list(PROMISED)
    assert [name for name in FIELDS if name in PROMISED] == promised
    assert {name: FIELDS[name] for name in promised} == PROMISED


def test_what_is_not_known_is_empty_text_or_none() -> None:
    record = Record(source="a.png")
    for name, kind in FIELDS.items():
        if name not in {"source", "status"}:
            is_text = kind == "str" and name != "kinds"  # text in files alone
            assert getattr(record, name) == ("" if is_text else None), name
    assert record.status == "ok"


@given(_records)
def test_a_record_survives_its_dictionary(record: Record) -> None:
    assert Record.from_dict(record.to_dict()) == record


@given(_records)
def test_a_record_survives_json(record: Record) -> None:
    assert Record.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_a_dictionary_holds_every_field_in_order_and_the_box_as_a_list() -> None:
    row = Record(source="a.pdf", bbox=(1.0, 2.0, 3.0, 4.0)).to_dict()
    assert list(row) == list(FIELDS)
    assert row["bbox"] == [1.0, 2.0, 3.0, 4.0]


def test_names_from_a_later_version_are_ignored() -> None:
    assert Record.from_dict({"source": "a.png", "mood": "fine"}) == Record(source="a.png")


def test_a_box_of_whole_numbers_becomes_floats() -> None:
    box = Record.from_dict({"source": "a.pdf", "bbox": [1, 2, 3, 4]}).bbox
    assert box == (1.0, 2.0, 3.0, 4.0)
    assert all(isinstance(value, float) for value in box)


@pytest.mark.parametrize("box", [[1, 2, 3], [1, 2, 3, 4, 5], ["x", 2, 3, 4]])
def test_a_box_that_is_not_four_numbers_is_an_error(box: list[object]) -> None:
    with pytest.raises(ValueError, match=r"unpack|convert"):
        Record.from_dict({"source": "a.pdf", "bbox": box})


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Record(source="a.png").label = "medical"  # type: ignore[misc]
