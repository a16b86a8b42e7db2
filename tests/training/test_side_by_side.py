"""Networks of one model trained apart, a teacher, and weights of a run before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnx")

import onnxruntime
import torch

from medsift.classify.card import ModelClass, read_card
from medsift.classify.preprocess import Preprocess
from medsift.core.errors import ModelError, UsageError
from medsift.training import recipes
from medsift.training.backbones import Weights, build, fold_batch_norm
from medsift.training.checkpoint import checkpoint_weights, load_checkpoint
from medsift.training.export import export_onnx
from medsift.training.recipes import Recipe
from medsift.training.settings import TrainSettings
from medsift.training.teacher import Teacher, resized
from medsift.training.train import train
from tests.training.test_train import CLASSES, MEMBER, NOISE, SIZE, draw

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("labelled")
    return draw(root / "train"), draw(root / "val", sources=1)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> str:
    recipe = Recipe("pair", "for tests", (MEMBER, MEMBER))
    monkeypatch.setitem(recipes.RECIPES, "pair", recipe)
    return "pair"


def settings_for(folders: tuple[Path, Path], output: Path, recipe: str) -> TrainSettings:
    return TrainSettings(
        folders[0], output, validation=folders[1], recipe=recipe, weights=NOISE, workers=0
    )


def test_members_trained_apart_are_put_together(
    folders: tuple[Path, Path], pair: str, tmp_path: Path
) -> None:
    settings = settings_for(folders, tmp_path / "model", pair)
    for number in (2, 1):
        train(replace(settings, member=number))
        assert not (settings.output / "model.json").exists()
    train(replace(settings, resume=True))
    card = read_card(settings.output)
    assert [m.file[:2] for m in card.members] == ["1-", "2-"]
    log = [json.loads(row) for row in (settings.output / "run/log.jsonl").read_text().splitlines()]
    # Nothing was trained twice.
    assert [row["member"].split("-", 1)[0] for row in log] == ["2", "1"]


def test_a_member_that_the_recipe_does_not_have_is_refused(
    folders: tuple[Path, Path], pair: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="only 2 networks"):
        train(replace(settings_for(folders, tmp_path / "m", pair), member=3))


def test_a_pupil_learns_from_a_teacher_of_the_same_classes(
    folders: tuple[Path, Path], pair: str, tmp_path: Path
) -> None:
    settings = settings_for(folders, tmp_path / "teacher", pair)
    train(settings)
    pupil = replace(settings, output=tmp_path / "pupil", teacher=str(settings.output), size=32)
    assert (train(pupil) / "model.json").is_file()

    teacher = Teacher(str(settings.output), CLASSES, Preprocess(SIZE))
    rows = teacher.probabilities(torch.randn(3, 3, SIZE, SIZE))
    assert rows.shape == (3, 2)
    assert torch.allclose(rows.sum(1), torch.ones(3), atol=1e-5)
    with pytest.raises(UsageError, match="other classes"):
        Teacher(str(settings.output), (ModelClass("mri", "medical"),), Preprocess(SIZE))
    with pytest.raises(UsageError, match="another way"):
        Teacher(str(settings.output), CLASSES, Preprocess(SIZE, mean=(0.0, 0.0, 0.0)))


def test_resizing_a_batch_averages_instead_of_dropping_pixels() -> None:
    stripes = torch.zeros(1, 3, 64, 64)
    stripes[..., ::2] = 1
    small = resized(stripes, 16)
    assert small.shape == (1, 3, 16, 16)
    assert float((small - 0.5).abs().max()) < 0.15


def test_the_class_map_says_where_and_its_mean_is_the_logits(tmp_path: Path) -> None:
    torch.manual_seed(0)
    export_onnx(
        build("tf_efficientnet_lite0", 3, NOISE).eval(), Preprocess(64), tmp_path / "n.onnx"
    )
    session = onnxruntime.InferenceSession(str(tmp_path / "n.onnx"))
    pixels = np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32)
    names = ["logits", "features", "class_map"]
    logits, features, class_map = session.run(names, {"pixels": pixels})
    assert features.shape == (2, 1280)
    assert class_map.shape == (2, 3, 2, 2)
    assert np.allclose(class_map.mean((2, 3)), logits, atol=1e-4)


def test_a_run_starts_from_the_checkpoint_of_another(
    folders: tuple[Path, Path], pair: str, tmp_path: Path
) -> None:
    settings = settings_for(folders, tmp_path / "first", pair)
    train(replace(settings, member=1))
    (checkpoint,) = (settings.output / "run").glob("1-*.checkpoint.pt")
    best = checkpoint_weights(checkpoint)
    assert best is not None
    network = fold_batch_norm(build(MEMBER.backbone, 2, NOISE))
    load_checkpoint(network, best)
    assert torch.equal(network.classifier.weight, best["classifier.weight"])
    again = replace(settings, output=tmp_path / "again", member=1, weights=Weights(checkpoint))
    train(again)

    other = fold_batch_norm(build(MEMBER.backbone, 3, NOISE))
    with pytest.raises(ModelError, match="does not fit"):
        load_checkpoint(other, best)
    torch.save({"a": torch.zeros(1)}, tmp_path / "plain.pt")
    assert checkpoint_weights(tmp_path / "plain.pt") is None
    (tmp_path / "text.pt").write_text("no weights")
    assert checkpoint_weights(tmp_path / "text.pt") is None


def test_a_teacher_changes_what_is_learned(
    folders: tuple[Path, Path], pair: str, tmp_path: Path
) -> None:
    settings = settings_for(folders, tmp_path / "teacher", pair)
    train(settings)
    (start,) = (settings.output / "run").glob("1-*.checkpoint.pt")
    losses = []
    for name, teacher in (("led", str(settings.output)), ("alone", None), ("again", None)):
        output = tmp_path / name
        own = replace(settings, output=output, teacher=teacher, member=1, weights=Weights(start))
        train(own)
        log = (output / "run/log.jsonl").read_text().splitlines()
        losses.append(json.loads(log[0])["loss"])
    # From the same weights and with the same seed, only the teacher makes a difference.
    assert losses[1] == losses[2]
    assert losses[0] != losses[1]
