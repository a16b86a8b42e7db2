"""The model folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.classify import store
from medsift.classify.card import (
    GateSpec,
    HeadSpec,
    MemberSpec,
    ModelCard,
    ModelClass,
    read_card,
    write_card,
)
from medsift.classify.preprocess import Preprocess
from medsift.classify.store import CARD_FILE
from medsift.core.errors import ModelError

CARD = ModelCard(
    name="tiny",
    version="1",
    classes=(ModelClass("xray", "medical"), ModelClass("photo", "non_medical")),
    members=(
        MemberSpec("a.onnx", Preprocess(128), 1.5),
        MemberSpec("b.onnx", Preprocess(64, "crop")),
    ),
    calibration=(1.25, -0.5),
    metrics={"accuracy": 0.5},
)


def test_a_card_survives_its_folder(tmp_path: Path) -> None:
    write_card(CARD, tmp_path)
    assert read_card(tmp_path) == CARD


def test_a_card_with_facts_that_are_no_longer_used_is_read(tmp_path: Path) -> None:
    row = {**CARD.to_dict(), "ood": {"file": "ood.npz", "threshold": 40.5}}
    (tmp_path / CARD_FILE).write_text(json.dumps(row))
    assert read_card(tmp_path) == CARD


def test_a_card_may_name_a_gate(tmp_path: Path) -> None:
    card = replace(CARD, gate=GateSpec("fast", 0.02))
    write_card(card, tmp_path)
    assert read_card(tmp_path) == card


def test_a_card_that_names_none_is_read(tmp_path: Path) -> None:
    row = CARD.to_dict()
    del row["gate"]
    (tmp_path / CARD_FILE).write_text(json.dumps(row))
    assert read_card(tmp_path).gate is None


@pytest.mark.parametrize("folder", list(store.bundled()), ids=lambda folder: str(folder.name))
def test_what_people_read_of_a_bundled_model_names_its_version_and_its_gate(folder: Path) -> None:
    card, text = read_card(folder), (folder / "README.md").read_text()
    assert text.startswith(f"# {card.name} {card.version}\n")
    if card.gate is None:
        assert "gate" not in text
    else:
        assert f"a gate, the model `{card.gate.model}`" in text
        assert f"below {card.gate.below}," in text


@pytest.mark.parametrize("below", [-0.1, 0.0, 0.5, 1.0, float("nan")])
def test_a_gate_that_stops_nothing_or_what_may_be_medical_is_refused(
    tmp_path: Path, below: float
) -> None:
    row = CARD.to_dict() | {"gate": {"model": "fast", "below": below}}
    (tmp_path / CARD_FILE).write_text(json.dumps(row))
    with pytest.raises(ModelError, match=r"must lie between 0 and 0\.5"):
        read_card(tmp_path)


def test_a_folder_without_a_card_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model in"):
        read_card(tmp_path)


@pytest.mark.parametrize("damage", ["format", "classes", "members", "calibration"])
def test_a_card_that_lacks_a_part_is_refused(tmp_path: Path, damage: str) -> None:
    row = CARD.to_dict()
    del row[damage]
    (tmp_path / CARD_FILE).write_text(json.dumps(row))
    with pytest.raises(ModelError, match="incomplete or malformed"):
        read_card(tmp_path)


def test_a_card_of_another_format_is_refused_with_both_versions(tmp_path: Path) -> None:
    (tmp_path / CARD_FILE).write_text(json.dumps({**CARD.to_dict(), "format": 99}))
    with pytest.raises(ModelError, match="format 99; this medsift reads 1"):
        read_card(tmp_path)


def test_a_base_model_is_not_calibrated_where_nothing_is_said_of_that(tmp_path: Path) -> None:
    head = HeadSpec("head.npz", "base 1", CARD.classes)
    assert list(head.base_calibration) == [1, 0]
    write_card(replace(CARD, head=head), tmp_path)
    assert read_card(tmp_path).head == head


def test_a_crop_needs_more_pixels_than_the_network_takes() -> None:
    assert CARD.largest_side == 128
    cropping = ModelCard("c", "1", CARD.classes, (MemberSpec("a.onnx", Preprocess(224, "crop")),))
    assert cropping.largest_side == 256


def test_only_kinds_of_the_taxonomy_have_a_dicom_modality() -> None:
    assert ModelClass("mri", "medical").dicom_modality == "MR"
    assert ModelClass("photo", "non_medical").dicom_modality == ""
    assert ModelClass("medical", "medical").dicom_modality == ""
