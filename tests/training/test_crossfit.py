"""Training over folds: honest answers for every picture, and one network from all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnx")

import torch

import medsift
from medsift.classify.card import read_card
from medsift.classify.second_spec import SecondSpec
from medsift.core.errors import ModelError, UsageError
from medsift.training import crossfit, loop, members, recipes, storage
from medsift.training.answers import ALONE, ANSWERS, Answers, calibrated
from medsift.training.checkpoint import checkpoint_weights, mean_weights
from medsift.training.crossfit import fold_folder
from medsift.training.export import export_onnx
from medsift.training.recipes import Recipe
from medsift.training.settings import TrainSettings
from medsift.training.train import train
from tests.training.test_train import MEMBER, NOISE, draw

pytestmark = pytest.mark.train

NAME = "1-tf-efficientnet-lite0"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainSettings:
    monkeypatch.setitem(
        recipes.RECIPES, "tiny", Recipe("tiny", "for tests", (replace(MEMBER, last_epochs=1),))
    )
    data = draw(tmp_path / "data", sources=4, pictures=3)
    return TrainSettings(
        data, tmp_path / "model", recipe="tiny", weights=NOISE, workers=0, folds=2, resume=True
    )


def test_every_picture_is_judged_by_a_network_that_did_not_see_its_group(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[set[str], set[str]]] = []
    fit = loop.fit

    def watched(network: Any, member: Any, classes: Any, pools: Any, settings: Any) -> Any:
        seen.append(tuple({e.source for e in p.store.examples} for p in pools))  # type: ignore[arg-type]
        assert not settings.choose_epoch
        return fit(network, member, classes, pools, settings)

    monkeypatch.setattr(crossfit, "fit", watched)
    folder = train(settings)
    (one, held_one), (other, held_other), (everything, _) = seen
    assert not one & held_one
    assert not other & held_other
    assert held_one | held_other == one | other == everything
    answers = Answers.read(folder / "run" / ANSWERS)
    assert len(answers.keys) == 24
    assert set(answers.groups) == everything
    assert np.allclose(answers.probabilities.sum(1), 1, atol=1e-5)

    card = read_card(folder)
    assert card.metrics["accuracy"]["n"] == 24
    assert card.metrics["over_folds"] == 2
    assert card.training["folds"] == 2
    assert "what to\nexpect of it" in (folder / "README.md").read_text()
    # The folds are models, too, and the whole is one that works.
    for model in (folder, fold_folder(folder, 0), fold_folder(folder, 1)):
        picture = next(settings.data.rglob("*.png"))
        assert 0 <= medsift.Classifier(model).predict(picture).p_medical <= 1


def test_folds_trained_apart_are_put_together(settings: TrainSettings) -> None:
    for fold in (1, 0):
        train(replace(settings, fold=fold))
        assert not (settings.output / "model.json").exists()
        assert not list(settings.output.rglob("*.checkpoint.pt"))
    first = [path.stat().st_mtime_ns for path in sorted(settings.output.rglob("*.npy"))]
    train(settings)
    assert [p.stat().st_mtime_ns for p in sorted(settings.output.rglob("*.npy"))] == first
    assert (settings.output / "model.json").exists()


def test_what_ships_starts_from_the_mean_of_the_folds(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = replace(MEMBER, last_epochs=0)
    monkeypatch.setitem(recipes.RECIPES, "tiny", Recipe("tiny", "for tests", (still,)))
    shipped: list[torch.nn.Module] = []
    stored = storage.stored

    def watched(network: torch.nn.Module, *rest: Any) -> Any:
        shipped.append(network)
        return stored(network, *rest)

    monkeypatch.setattr(crossfit, "stored", watched)
    train(settings)
    parts = [checkpoint_weights(fold_folder(settings.output, f) / f"{NAME}.pt") for f in range(2)]
    wanted = mean_weights([part for part in parts if part is not None])
    (network,) = shipped
    # Kept in half precision, averaged in full.
    assert {t.dtype for t in parts[0].values()} == {torch.float16}  # type: ignore[union-attr]
    assert torch.equal(network.classifier.weight, wanted["classifier.weight"])
    assert not torch.equal(network.classifier.weight, parts[0]["classifier.weight"].float())  # type: ignore[index]


def test_a_fold_is_judged_by_the_mean_of_the_runs_that_did_not_see_it(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = replace(MEMBER, last_epochs=0)
    monkeypatch.setitem(recipes.RECIPES, "tiny", Recipe("tiny", "for tests", (still,)))
    other = train(replace(settings, output=settings.output.parent / "other", seed=2))
    alone = train(settings)
    before = {path: path.read_bytes() for path in sorted(alone.rglob("fold-*/*"))}
    judges: list[dict[str, torch.Tensor]] = []
    export = export_onnx

    def watched(network: torch.nn.Module, *rest: Any) -> None:
        judges.append({n: t.clone() for n, t in network.state_dict().items()})
        export(network, *rest)

    monkeypatch.setattr(crossfit, "export_onnx", watched)
    shipped: list[dict[str, torch.Tensor]] = []
    stored = storage.stored

    def kept(network: torch.nn.Module, *rest: Any) -> Any:
        shipped.append(network.state_dict())
        return stored(network, *rest)

    monkeypatch.setattr(crossfit, "stored", kept)
    train(replace(settings, average_with=(other,)))
    parts = [
        [checkpoint_weights(fold_folder(run, fold) / f"{NAME}.pt") or {} for run in (alone, other)]
        for fold in range(2)
    ]
    for judge, both in zip(judges, parts, strict=True):
        wanted = mean_weights(both)
        assert all(torch.allclose(judge[name], wanted[name]) for name in wanted)
    wanted = mean_weights([*parts[0], *parts[1]])
    assert all(torch.allclose(shipped[0][name], wanted[name]) for name in wanted)
    assert read_card(alone).training["weights"] == "means over 2 folds of 2 runs"
    assert "what ships is the mean\nof all 4." in (alone / "README.md").read_text()
    # Nothing was trained again, and what the run said alone is still there.
    assert {p: p.read_bytes() for p in before if p.name != "model.json"} == {
        p: content for p, content in before.items() if p.name != "model.json"
    }


def test_a_teacher_of_a_fold_knows_nothing_of_it_either(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(settings)
    asked: list[str] = []
    teacher = members.Task.teacher

    def watched(task: Any, member: Any, model: str | None) -> Any:
        asked.append(str(model))
        return teacher(task, member, model)

    monkeypatch.setattr(members.Task, "teacher", watched)
    train(replace(settings, output=settings.output.parent / "pupil", teacher=str(settings.output)))
    folds = [str(fold_folder(settings.output, fold)) for fold in range(2)]
    assert asked == [*folds, str(settings.output)]


def test_a_gate_is_judged_by_what_it_said_over_the_same_folds(settings: TrainSettings) -> None:
    gate = train(replace(settings, output=settings.output.parent / "gate", seed=2))
    train(settings)
    alone = Answers.read(settings.output / "run" / ANSWERS)
    train(replace(settings, gate=str(gate), gate_share=0.25))
    card = read_card(settings.output)
    assert card.gate is not None
    assert (card.gate.model, card.gate.share) == ("../gate", 0.25)
    both = Answers.read(settings.output / "run" / ANSWERS)
    assert both.keys == alone.keys
    assert not np.allclose(both.probabilities, alone.probabilities, atol=1e-4)
    assert "count 0.25 in the mean." in (settings.output / "README.md").read_text()
    # What the networks said by themselves is kept, for other shares and bounds.
    medical = np.array([c.label == "medical" for c in card.classes])
    networks = Answers.read(settings.output / "run" / ALONE)
    told = Answers.read(gate / "run" / ANSWERS).like(networks)
    mean = networks.mixed(told, 0.25)
    passed = told.of(medical) >= card.gate.below
    expected = calibrated(mean.probabilities, medical, card.calibration)[passed]
    assert np.allclose(both.probabilities[passed], expected, atol=1e-4)


def test_a_second_reader_is_calibrated_on_what_is_in_doubt_over_the_same_folds(
    settings: TrainSettings,
) -> None:
    second = train(replace(settings, output=settings.output / "closer", seed=2))
    train(settings)
    alone = Answers.read(settings.output / "run" / ANSWERS)
    medical = np.array([c.label == "medical" for c in read_card(settings.output).classes])
    low, high = (float(np.quantile(alone.of(medical), q)) for q in (0.25, 0.75))
    train(replace(settings, second=SecondSpec(str(second), low, high, 0.25)))
    spec = read_card(settings.output).second
    assert spec is not None
    assert (spec.model, spec.low, spec.high, spec.share) == ("closer", low, high, 0.25)
    both = Answers.read(settings.output / "run" / ANSWERS)
    said = alone.of(medical)
    doubted = (said >= low) & (said <= high)
    assert 8 <= doubted.sum() < len(said)
    assert np.allclose(both.probabilities[~doubted], alone.probabilities[~doubted], atol=1e-6)
    mean = alone.mixed(Answers.read(second / "run" / ANSWERS).like(alone), 0.25)
    expected = calibrated(mean.probabilities, medical, spec.calibration)[doubted]
    assert np.allclose(both.probabilities[doubted], expected, atol=1e-4)
    assert "count 0.25 in the mean" in (settings.output / "README.md").read_text()
    # The whole works as a model.
    picture = next(settings.data.rglob("*.png"))
    assert 0 <= medsift.Classifier(settings.output).predict(picture).p_medical <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folds": 1}, "at least 2"),
        ({"fold": 2}, "count from 0"),
        ({"validation": Path("x")}, "not --val"),
        ({"gate": "fast", "gate_share": 0.3, "folds": 0}, "only over folds"),
        ({"recipe": "efficientnet-b0-pair"}, "over folds"),
        ({"gate": "fast", "gate_below": 0.7}, "between 0 and 0.5"),
        ({"second": SecondSpec("fast", 0.1, 0.9, 0.5), "folds": 0}, "calibrated over folds"),
    ],
)
def test_what_does_not_go_with_folds_is_refused(
    settings: TrainSettings, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        train(replace(settings, **change))


def test_calibration_moves_the_sum_and_keeps_the_shares_of_either_side() -> None:
    rows = np.array([[0.2, 0.2, 0.5, 0.1], [0.7, 0.1, 0.1, 0.1]])
    medical = np.array([True, True, False, False])
    moved = calibrated(rows, medical, (2.0, 0.5))
    odds = 2 * np.log(0.4 / 0.6) + 0.5
    assert moved[0, :2].sum() == pytest.approx(1 / (1 + np.exp(-odds)))
    assert moved[0, 2] / moved[0, 3] == pytest.approx(5)
    assert np.allclose(moved.sum(1), 1)


def test_answers_are_told_by_their_pictures() -> None:
    medical = np.array([True, False])
    own = Answers(("a", "b"), ("g", "h"), np.array([[0.6, 0.4], [0.3, 0.7]]))
    gate = Answers(("b", "a"), ("h", "g"), np.array([[0.001, 0.999], [0.2, 0.8]])).like(own)
    assert gate.of(medical).tolist() == [0.2, 0.001]
    assert own.mixed(gate, 0.25).of(medical).tolist() == pytest.approx([0.5, 0.22525])
    assert own.where(np.array([True, False]), gate).of(medical).tolist() == [0.6, 0.001]
    with pytest.raises(ModelError, match="no answer over folds on 'b'"):
        Answers(("a",), ("g",), np.array([[0.5, 0.5]])).like(own)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", other=np.zeros(2))
    for name in ("a.npz", "missing.npz"):
        with pytest.raises(ModelError, match="no answers"):
            Answers.read(tmp_path / name)
