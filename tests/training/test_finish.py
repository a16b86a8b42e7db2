"""What is done with trained networks before they are a model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnx")

import torch

from medsift.classify.card import GateSpec, read_card, write_card
from medsift.core.errors import ModelError, UsageError
from medsift.training import recipes
from medsift.training.recipes import Recipe
from medsift.training.settings import TrainSettings
from medsift.training.train import train
from tests.classify.tiny_model import write_model
from tests.training.test_train import MEMBER, NOISE, draw

pytestmark = pytest.mark.train


def test_a_gate_has_a_part_in_the_figures_and_in_nothing_that_is_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, held_out = draw(tmp_path / "train"), draw(tmp_path / "val", sources=1)
    recipe = Recipe("tiny", "for tests", (MEMBER,))
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe)
    settings = TrainSettings(
        data, tmp_path / "plain", validation=held_out, recipe="tiny", weights=NOISE, workers=0
    )
    # The seed of the settings is all that counts.
    torch.seed()
    plain = read_card(train(settings))
    # A gate that lets nothing pass.
    (tmp_path / "plain").rename(tmp_path / "shut")
    shut = dataclasses.replace(plain, calibration=(1.0, -99.0))
    write_card(shut, tmp_path / "shut")
    gated = train(
        dataclasses.replace(settings, output=tmp_path / "gated", gate=str(tmp_path / "shut"))
    )

    card = read_card(gated)
    assert card.gate == GateSpec("../shut", 0.01)
    assert card.metrics["by_label"]["medical"]["right"] == 0
    assert card.metrics["by_label"]["non_medical"]["right"] == 4
    for fitted in ("calibration", "members"):
        assert getattr(card, fitted) == getattr(plain, fitted)
    assert card.metrics["ece_cross_fitted"] == plain.metrics["ece_cross_fitted"]
    text = (gated / "README.md").read_text()
    assert "a gate, the model `shut`" in text
    assert "medical below 0.01" in text
    assert "gate" not in (tmp_path / "shut/README.md").read_text()


def test_a_model_cannot_be_its_own_gate(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m")
    with pytest.raises(UsageError, match="its own gate"):
        train(TrainSettings(draw(tmp_path / "train"), model, weights=NOISE, gate=str(model)))


def test_a_gate_in_a_folder_is_not_taken_for_the_bundled_one_of_that_name(tmp_path: Path) -> None:
    gate = write_model(tmp_path / "m/fast")
    settings = TrainSettings(
        draw(tmp_path / "train"), tmp_path / "m", weights=NOISE, gate=str(gate)
    )
    with pytest.raises(ModelError, match=r"the gate \./fast of"):
        train(settings)


def test_a_gate_of_other_kinds_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe("tiny", "for tests", (MEMBER,))
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe)
    settings = TrainSettings(
        draw(tmp_path / "train"), tmp_path / "m", recipe="tiny", weights=NOISE, gate="fast"
    )
    with pytest.raises(ModelError, match=r"the gate fast of .* knows other kinds"):
        train(settings)
    assert not list((tmp_path / "m").rglob("*.pt"))
