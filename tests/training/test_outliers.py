"""A finished model gets its out-of-distribution score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsift.classify import Classifier
from medsift.classify.card import Member, ModelCard, ModelClass, read_card, write_card
from medsift.classify.preprocess import Preprocess
from medsift.evaluation.labelled import find_examples

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

pytestmark = pytest.mark.train


def draw(folder: Path, name: str) -> Path:
    for label, kind in (("medical", "ct"), ("non_medical", "photo")):
        place = folder / label / kind / f"{name}-{kind}"
        place.mkdir(parents=True)
        for number in range(20):
            rng = np.random.default_rng(number)
            base = (90, 90, 90) if label == "medical" else (30, 160, 60)
            noise = rng.integers(0, 40, (40, 40, 3)) + np.array(base)
            Image.fromarray(noise.astype(np.uint8)).save(place / f"{number}.png")
    return folder


def test_the_score_is_stored_beside_the_networks_and_used(tmp_path: Path) -> None:
    from medsift.training.backbones import Weights, build
    from medsift.training.data import build_store
    from medsift.training.export import export_onnx
    from medsift.training.outliers import add_ood_score

    spec = Preprocess(32)
    model = tmp_path / "model"
    model.mkdir()
    torch.manual_seed(0)
    network = build("efficientnet_lite0", 2, Weights(pretrained=False))
    export_onnx(network, spec, model / "a.onnx")
    classes = (ModelClass("ct", "medical"), ModelClass("photo", "non_medical"))
    write_card(ModelCard("t", "1", classes, (Member("a.onnx", spec),)), model)
    stores = [
        build_store(find_examples(draw(tmp_path / name, name)), tmp_path / "cache")[0]
        for name in ("train", "val")
    ]

    card = add_ood_score(model, stores[0], stores[1], quantile=0.9)

    assert card == read_card(model)
    assert card.ood is not None
    assert card.ood.held_out == 40
    outside = [
        Classifier(model, threshold=0.0).predict(np.asarray(stores[1][i])).reason for i in range(40)
    ]
    # One in ten; sums of floats in batches of another size may move the one at the border.
    assert 3 <= outside.count("out_of_distribution") <= 5
