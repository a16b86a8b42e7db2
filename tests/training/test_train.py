"""From labelled folders to a model folder that the runtime can use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnx")

import onnx
import torch

import medsift
from medsift.classify.card import ModelClass, read_card
from medsift.classify.network import Network
from medsift.classify.preprocess import Preprocess
from medsift.cli import main
from medsift.core.errors import ModelError, UsageError
from medsift.evaluation.labelled import find_examples
from medsift.training import recipes
from medsift.training.backbones import Weights, build, fold_batch_norm, stages
from medsift.training.data import build_store, classes_of, targets_of
from medsift.training.export import (
    ParityError,
    compress_weights,
    export_onnx,
    quantise,
    require_parity,
)
from medsift.training.loop import LoopSettings, Pool, fit, logits_of
from medsift.training.losses import (
    kind_and_label_loss,
    medical_log_odds,
    medical_mask,
    mix_batch,
    soft_targets,
)
from medsift.training.recipes import MemberRecipe, Optimisation, Recipe
from medsift.training.sampling import origin_weights
from medsift.training.settings import TrainSettings
from medsift.training.train import train

pytestmark = pytest.mark.train

SIZE = 32
NOISE = Weights(pretrained=False)
PAD = b"\x22\x03Pad"
"""The name of the operator, as ONNX files hold it."""
MEMBER = MemberRecipe(
    "tf_efficientnet_lite0",
    Preprocess(SIZE),
    Optimisation(epochs=1, batch=4, head_epochs=0, frozen_stages=1, average=0.5),
)
CLASSES = (ModelClass("ct", "medical"), ModelClass("photo", "non_medical"))


def draw(folder: Path, sources: int = 2, pictures: int = 4) -> Path:
    """Grey discs are medical, coloured stripes are not."""
    rng = np.random.default_rng(0)
    for label, kind in (("medical", "ct"), ("non_medical", "photo")):
        for source in range(sources):
            place = folder / label / kind / f"{folder.name}-{kind}-{source}"
            place.mkdir(parents=True)
            for number in range(pictures):
                image = Image.new("RGB", (48, 40))
                pen = ImageDraw.Draw(image)
                x = int(rng.integers(2, 12))
                if label == "medical":
                    pen.ellipse((x, x, x + 24, x + 24), fill=(170, 170, 170))
                else:
                    pen.rectangle((x, 0, x + 9, 40), fill=(250, 60, 20))
                    pen.rectangle((x + 20, 0, x + 25, 40), fill=(20, 200, 60))
                image.save(place / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("labelled") / "train")


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("labelled") / "val", sources=1)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> str:
    """A recipe small enough for a test."""
    monkeypatch.setitem(recipes.RECIPES, "tiny", Recipe("tiny", "for tests", (MEMBER,)))
    return "tiny"


def pool(folder: Path, cache: Path) -> Pool:
    store, _ = build_store(find_examples(folder), cache)
    targets = targets_of(store.examples, classes_of(store.examples))
    return Pool(store, targets, origin_weights(store.examples))


def test_training_makes_a_model_folder_that_the_runtime_uses(
    data: Path, held_out: Path, tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "model"
    words = ["train", str(data), "-o", str(output), "--val", str(held_out), "--recipe", tiny]
    assert main([*words, "--from-scratch", "--workers", "0"]) == 0
    assert capsys.readouterr().out.strip() == str(output)

    card = read_card(output)
    assert [c.name for c in card.classes] == ["ct", "photo"]
    assert card.training["kinds"]["ct"] == {"pictures": 8, "sources": 2}
    assert card.metrics["accuracy"]["n"] == 8
    assert "must not be" in (output / "README.md").read_text()
    assert json.loads((output / "run/classes.json").read_text())[0]["name"] == "ct"
    log = [json.loads(line) for line in (output / "run/log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in log] == [1]

    prediction = medsift.Classifier(output).predict(next(held_out.rglob("*.png")))
    assert 0 <= prediction.p_medical <= 1
    assert prediction.kind in {"ct", "photo"}


def test_sources_of_validation_may_not_be_trained_on(data: Path, tiny: str, tmp_path: Path) -> None:
    settings = TrainSettings(data, tmp_path / "m", validation=data, recipe=tiny, weights=NOISE)
    with pytest.raises(UsageError, match="share sources"):
        train(settings)


def test_one_label_alone_is_refused(tiny: str, tmp_path: Path) -> None:
    (tmp_path / "data/medical").mkdir(parents=True)
    for i in range(4):
        Image.new("RGB", (8, 8)).save(tmp_path / f"data/medical/{i}.png")
    settings = TrainSettings(tmp_path / "data", tmp_path / "m", recipe=tiny, weights=NOISE)
    with pytest.raises(UsageError, match="both labels"):
        train(settings)


def test_a_resumed_run_ends_where_an_uninterrupted_one_ends(
    data: Path, held_out: Path, tmp_path: Path
) -> None:
    pools = (pool(data, tmp_path), pool(held_out, tmp_path))
    member = replace(MEMBER, optimisation=replace(MEMBER.optimisation, epochs=2))

    def run(name: str, interrupt: bool) -> torch.nn.Module:
        network = fresh()
        settings = LoopSettings(tmp_path / name, "net", seed=3, workers=0)
        if interrupt:
            stop_after_first = _Interrupting(pools[1])
            with pytest.raises(KeyboardInterrupt):
                fit(network, member, CLASSES, (pools[0], stop_after_first), settings)
            assert settings.checkpoint.is_file()
            network = fresh()
            settings = replace(settings, resume=True)
        return fit(network, member, CLASSES, pools, settings)

    straight, resumed = run("straight", False), run("resumed", True)
    rows = (tmp_path / "resumed/log.jsonl").read_text().splitlines()
    assert [json.loads(row)["epoch"] for row in rows] == [1, 2]
    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


class _Interrupting(Pool):
    """Validates once, then behaves as if somebody pressed Ctrl-C."""

    def __init__(self, inner: Pool) -> None:
        super().__init__(inner.store, inner.targets, inner.weights)
        object.__setattr__(self, "_inner", inner)
        object.__setattr__(self, "_asked", 0)

    def __getattribute__(self, name: str) -> object:
        if name == "store":
            asked = object.__getattribute__(self, "_asked") + 1
            object.__setattr__(self, "_asked", asked)
            # An epoch of validation asks twice: for the pictures and for their labels.
            if asked > 2:
                raise KeyboardInterrupt
        return object.__getattribute__(self, name)


def fresh() -> torch.nn.Module:
    torch.manual_seed(0)
    return fold_batch_norm(build(MEMBER.backbone, 2, NOISE, dropout=0.0))


def test_frozen_stages_stay_as_they_are(data: Path, held_out: Path, tmp_path: Path) -> None:
    network = fresh()
    stem, first, second, *_, head = [[p.clone() for p in stage] for stage in stages(network)]
    pools = (pool(data, tmp_path), pool(held_out, tmp_path))
    settings = LoopSettings(tmp_path / "run", "net", workers=0)
    trained = stages(fit(network, MEMBER, CLASSES, pools, settings))
    for before, after in ((stem, trained[0]), (first, trained[1])):
        assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    for before, after in ((second, trained[2]), (head, trained[-1])):
        assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_folding_does_not_change_what_a_network_computes() -> None:
    torch.manual_seed(0)
    network = build("tf_efficientnet_lite0", 3, NOISE).eval()
    pixels = torch.randn(2, 3, SIZE, SIZE)
    with torch.no_grad():
        before = network(pixels)
        after = fold_batch_norm(network)(pixels)
    assert torch.allclose(before, after, atol=1e-4)
    assert not [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]


@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "resnet18"])
@pytest.mark.parametrize("size", [32, 36])
def test_the_exported_network_gives_the_same_logits(
    backbone: str, size: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = build(backbone, 3, NOISE).eval()
    export_onnx(network, Preprocess(size), tmp_path / "net.onnx")
    pixels = torch.randn(5, 3, size, size)
    with torch.no_grad():
        wanted = network(pixels).numpy()
    assert np.allclose(Network(tmp_path / "net.onnx").logits(pixels.numpy()), wanted, atol=1e-3)


def test_an_eight_bit_network_is_a_quarter_of_the_size_and_nearly_agrees(
    data: Path, tmp_path: Path
) -> None:
    store = pool(data, tmp_path).store
    network = fresh().eval()
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export_onnx(network, Preprocess(SIZE), full)
    quantise(full, small, store, Preprocess(SIZE))
    assert small.stat().st_size < 0.35 * full.stat().st_size
    wanted = logits_of(network, store, Preprocess(SIZE))
    batch = np.zeros((1, 3, SIZE, SIZE), dtype=np.float32)
    assert Network(small).logits(batch).shape == (1, wanted.shape[1])
    assert PAD not in small.read_bytes()


def test_the_first_two_convolutions_and_the_last_stay_in_floats(data: Path, tmp_path: Path) -> None:
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export_onnx(fresh().eval(), Preprocess(SIZE), full)
    quantise(full, small, pool(data, tmp_path).store, Preprocess(SIZE))
    graph = onnx.load(small).graph
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    weights = [n.input[1] for n in graph.node if n.op_type == "Conv"]
    whole = [made_by.get(name) == "DequantizeLinear" for name in weights]
    assert len(whole) > 40
    assert [i for i, integers in enumerate(whole) if not integers] == [0, 1, len(whole) - 1]


def test_weights_in_eight_bits_change_the_logits_little(tmp_path: Path) -> None:
    network = fresh().eval()
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    export_onnx(network, Preprocess(SIZE), full)
    compress_weights(full, small)
    assert small.stat().st_size < 0.35 * full.stat().st_size
    batch = np.random.default_rng(0).normal(size=(4, 3, SIZE, SIZE)).astype(np.float32)
    wanted, got = Network(full).logits(batch), Network(small).logits(batch)
    assert np.abs(wanted - got).max() < 0.1 * max(1.0, float(np.abs(wanted).max()))


def test_a_network_that_lost_more_than_a_fifth_of_a_point_is_refused() -> None:
    truth = np.arange(1000) < 500
    reference = np.where(truth, 0.8, 0.2)
    for wrong, refused in ((2, False), (3, True)):
        candidate = reference.copy()
        candidate[:wrong] = 0.4
        if refused:
            with pytest.raises(ParityError, match=r"99\.70%"):
                require_parity(reference, candidate, truth, "net")
        else:
            require_parity(reference, candidate, truth, "net")


def test_a_network_that_turns_a_confident_label_around_is_refused() -> None:
    truth = np.arange(1000) < 500
    reference = np.where(truth, 0.95, 0.05)
    candidate = reference.copy()
    candidate[0] = 0.45
    with pytest.raises(ParityError, match="1 confident"):
        require_parity(reference, candidate, truth, "net")


def test_weights_of_a_file_are_used_and_others_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build("tf_efficientnet_lite0", 5, NOISE)
    torch.save(network.state_dict(), tmp_path / "good.pt")
    again = build("tf_efficientnet_lite0", 3, Weights(tmp_path / "good.pt"))
    assert torch.equal(again.conv_stem.weight, network.conv_stem.weight)

    torch.save({"other": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(ModelError, match="does not fit"):
        build("tf_efficientnet_lite0", 3, Weights(tmp_path / "other.pt"))
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(ModelError, match="not a file of weights"):
        build("tf_efficientnet_lite0", 3, Weights(tmp_path / "text.pt"))


def test_smoothing_stays_on_the_same_side() -> None:
    classes = (*CLASSES, ModelClass("mri", "medical"))
    targets = soft_targets(classes, 0.1)
    assert torch.allclose(targets.sum(1), torch.ones(3))
    assert targets[0].tolist() == pytest.approx([0.95, 0.0, 0.05])


def test_the_odds_of_medical_are_those_of_the_summed_probabilities() -> None:
    classes = (*CLASSES, ModelClass("mri", "medical"))
    logits = torch.tensor([[0.3, -1.0, 2.0]])
    p = logits.softmax(1)[:, medical_mask(classes)].sum()
    assert float(medical_log_odds(logits, medical_mask(classes))) == pytest.approx(
        float(torch.log(p / (1 - p))), abs=1e-5
    )


def test_a_wrong_side_costs_more_than_a_wrong_kind() -> None:
    classes = (*CLASSES, ModelClass("mri", "medical"))
    target = soft_targets(classes, 0.0)[:1]
    medical = medical_mask(classes)
    kind = kind_and_label_loss(torch.tensor([[0.0, -5.0, 5.0]]), target, medical, 1.0)
    side = kind_and_label_loss(torch.tensor([[0.0, 5.0, -5.0]]), target, medical, 1.0)
    assert side > kind


def test_mixed_targets_remain_probabilities() -> None:
    generator = torch.Generator().manual_seed(0)
    pixels, targets = torch.rand(6, 3, 16, 16), torch.eye(6)
    for _ in range(20):
        mixed, shares = mix_batch(pixels, targets, generator)
        assert mixed.shape == pixels.shape
        assert torch.allclose(shares.sum(1), torch.ones(6), atol=1e-6)
