"""Training that starts from a model as it ships."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnx")

import torch

from medsift.classify import store
from medsift.classify.card import read_card
from medsift.classify.network import Network
from medsift.classify.preprocess import prepare
from medsift.core.errors import ModelError
from medsift.training.backbones import Weights, build, fold_batch_norm
from medsift.training.members import first_network
from medsift.training.shipped import is_model, load_shipped
from tests.training.test_train import CLASSES, MEMBER, NOISE

pytestmark = pytest.mark.train


def test_the_network_of_fast_comes_back_from_its_eight_bits() -> None:
    card = read_card(store.BUNDLED / "fast")
    network = fold_batch_norm(build("tf_efficientnet_lite0", len(card.classes), NOISE))
    file = load_shipped(network, "fast", card.classes)
    ramp = np.linspace(0, 255, 160, dtype=np.uint8)
    picture = np.stack([np.tile(ramp, (160, 1)), np.tile(ramp[:, None], (1, 160))] * 2, -1)[..., :3]
    batch = prepare(np.ascontiguousarray(picture), card.members[0].preprocess)[None]
    with torch.no_grad():
        again = network.eval()(torch.from_numpy(batch)).numpy()
    shipped = Network(store.BUNDLED / "fast" / file).logits(batch)
    # Rounded activations are all that is left between the two.
    assert np.abs(again - shipped).mean() < 0.3 * shipped.std()
    assert again.argmax() == shipped.argmax()


def test_classes_that_both_know_keep_what_was_learned_and_others_start_from_noise() -> None:
    card = read_card(store.BUNDLED / "fast")
    whole = fold_batch_norm(build("tf_efficientnet_lite0", len(card.classes), NOISE))
    load_shipped(whole, "fast", card.classes)
    classes = (card.classes[3], replace(card.classes[0], name="something new"))
    network = fold_batch_norm(build("tf_efficientnet_lite0", 2, NOISE))
    before = network.classifier.weight[1].clone()
    load_shipped(network, "fast", classes)
    assert torch.equal(network.classifier.weight[0], whole.classifier.weight[3])
    assert torch.equal(network.classifier.weight[1], before)


def test_a_member_starts_from_the_bundled_network_of_its_build() -> None:
    classes = read_card(store.BUNDLED / "fast").classes
    one = first_network(MEMBER, classes, Weights(model="fast"))
    other = first_network(MEMBER, classes, Weights(model="fast"))
    assert torch.equal(one.conv_stem.weight, other.conv_stem.weight)
    assert torch.equal(one.classifier.weight, other.classifier.weight)


def test_a_network_of_another_build_is_refused() -> None:
    network = fold_batch_norm(build("resnet18", 2, NOISE))
    with pytest.raises(ModelError, match="built as the recipe's"):
        load_shipped(network, "fast", CLASSES)


def test_names_and_folders_of_models_are_told_from_files(tmp_path: Path) -> None:
    assert is_model("fast")
    assert is_model(str(store.BUNDLED / "default"))
    (tmp_path / "weights.pt").write_bytes(b"")
    assert not is_model(str(tmp_path / "weights.pt"))
    assert not is_model(str(tmp_path))
