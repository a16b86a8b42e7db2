"""How fast a network learns depends on where its first weights come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("timm")

import torch

from medsift.core.errors import ModelError
from medsift.training import recipes
from medsift.training import train as training
from medsift.training.backbones import Weights, build, fold_batch_norm
from medsift.training.recipes import MemberRecipe, Optimisation, Recipe
from medsift.training.settings import TrainSettings
from tests.training.test_train import MEMBER, NOISE, draw

pytestmark = pytest.mark.train

RECIPE = Recipe(
    "start",
    "for tests",
    (replace(MEMBER, optimisation=Optimisation(epochs=4, rate=3e-4, head_rate=3e-3)),),
)


NAME = f"1-{MEMBER.backbone.replace('_', '-')}.checkpoint.pt"


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, Path]:
    return draw(tmp_path / "train", 1, 2), draw(tmp_path / "val", 1, 2)


def started(
    data: tuple[Path, Path], weights: Weights, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> tuple[MemberRecipe, torch.nn.Module]:
    """The recipe and the network that the loop would have begun with."""
    begun: list[tuple[MemberRecipe, torch.nn.Module]] = []

    def fit(network: torch.nn.Module, member: MemberRecipe, *_: object) -> torch.nn.Module:
        begun.append((member, network))
        return network

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setitem(recipes.RECIPES, RECIPE.name, RECIPE)
    output = data[0].parent / "model"
    settings = TrainSettings(
        data[0], output, validation=data[1], recipe=RECIPE.name, weights=weights, member=1, **more
    )
    training.train(settings)
    ((member, network),) = begun
    return member, network


def test_from_a_checkpoint_all_layers_learn_at_once_and_at_a_third_of_the_rates(
    data: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fold_batch_norm(build(MEMBER.backbone, 2, NOISE))
    torch.save({"best": before.state_dict()}, tmp_path / "c.checkpoint.pt")
    member, network = started(data, Weights(tmp_path / "c.checkpoint.pt"), monkeypatch)
    found = member.optimisation
    assert (found.rate, found.head_rate) == pytest.approx((1e-4, 1e-3))
    assert (found.epochs, found.head_epochs) == (4, 0.0)
    assert torch.equal(network.classifier.weight, before.classifier.weight)
    member, _ = started(data, Weights(tmp_path / "c.checkpoint.pt"), monkeypatch, epochs=2)
    assert (member.optimisation.epochs, member.optimisation.head_epochs) == (2, 0.0)


def test_from_weights_of_another_task_the_recipe_stays_as_it_is(
    data: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = build(MEMBER.backbone, 1000, NOISE)
    torch.save(plain.state_dict(), tmp_path / "imagenet.pth")
    for weights in (Weights(tmp_path / "imagenet.pth"), NOISE):
        member, network = started(data, weights, monkeypatch)
        assert member.optimisation == RECIPE.members[0].optimisation
        assert network.classifier.weight.shape[0] == 2


def test_a_short_run_does_not_spend_itself_on_the_last_layer(
    data: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Optimisation(epochs=10, head_epochs=2)
    recipe = replace(RECIPE, members=(replace(MEMBER, optimisation=slow),))
    monkeypatch.setattr("tests.training.test_start.RECIPE", recipe)
    for epochs, head in ((1, 0.5), (3, 1.5), (8, 2), (None, 2)):
        member, _ = started(data, NOISE, monkeypatch, epochs=epochs)
        assert member.optimisation.head_epochs == head


def test_weights_can_be_the_means_of_runs(
    data: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {}
    for name, value in (("start", 2.0), ("earlier", 5.0), ("first", -1.0)):
        weights = fold_batch_norm(build(MEMBER.backbone, 2, NOISE)).state_dict()
        paths[name] = tmp_path / name / "run" / NAME
        paths[name].parent.mkdir(parents=True)
        torch.save(
            {"best": {k: torch.full_like(t, value) for k, t in weights.items()}}, paths[name]
        )
    before = Weights(paths["start"])
    _, network = started(data, before, monkeypatch)
    assert all((parameter == 2).all() for parameter in network.parameters())
    _, network = started(data, before, monkeypatch, average_with=(tmp_path / "earlier",))
    assert all((parameter == 3.5).all() for parameter in network.parameters())
    both = (tmp_path / "earlier", tmp_path / "first")
    _, network = started(data, before, monkeypatch, average_with=both)
    assert all((parameter == 2).all() for parameter in network.parameters())


def test_means_are_refused_where_the_earlier_run_is_of_something_else(
    data: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=r"no checkpoint"):
        started(data, NOISE, monkeypatch, average_with=(tmp_path / "nothing",))
    (tmp_path / "other" / "run").mkdir(parents=True)
    torch.save({"best": {"a": torch.zeros(2)}}, tmp_path / "other" / "run" / NAME)
    with pytest.raises(ModelError, match="another network"):
        started(data, NOISE, monkeypatch, average_with=(tmp_path / "other",))
