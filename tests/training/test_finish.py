"""What is done with trained networks before they are a model."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnx")

from medsift.classify.card import ModelCard, read_card
from medsift.training import finish as finishing
from medsift.training import recipes
from medsift.training.data import PixelStore
from medsift.training.outliers import add_ood_score
from medsift.training.recipes import Recipe
from medsift.training.train import TrainSettings, train
from tests.training.test_train import MEMBER, NOISE, draw

pytestmark = pytest.mark.train


def test_pictures_that_were_made_up_have_no_part_in_the_distances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, held_out = draw(tmp_path / "train"), draw(tmp_path / "val", sources=1)
    (data / "non_medical/photo/train-photo-1").rename(data / "non_medical/photo/synthetic-shapes")
    recipe = Recipe("tiny", "for tests", (MEMBER,), made_up=False)
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe)
    seen: list[set[str]] = []

    def watched(folder: Path, learned: PixelStore, *others: PixelStore, **more: Any) -> ModelCard:
        seen.append({e.source for e in learned.examples})
        return add_ood_score(folder, learned, *others, **more)

    monkeypatch.setattr(finishing, "add_ood_score", watched)
    settings = TrainSettings(
        data, tmp_path / "model", validation=held_out, recipe="tiny", weights=NOISE, workers=0
    )
    card = read_card(train(settings))

    assert seen == [{"train-ct-0", "train-ct-1", "train-photo-0"}]
    # They were trained on all the same, and validated on nothing that was made up.
    assert card.training["pictures"] == 16
    assert card.ood is not None
    assert dataclasses.asdict(card.ood)["held_out"] == 8
