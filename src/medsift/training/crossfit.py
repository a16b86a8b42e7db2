"""Train over folds: honest figures and the weights that ship, from the same runs.

Each of K networks learns from all groups but those of one fold, from one start. What each says
of the fold that it never saw, put together, is an answer for every picture by a network that
knows nothing of the picture's origin: calibration, thresholds and figures come from these.

What ships is the mean of the K networks' weights. Networks that start from one point and end in
one basin average well (Wortsman et al. 2022, "Model soups"; Rame et al. 2022, "Diverse Weight
Averaging for Out-of-Distribution Generalization"), and the mean has learned from everything. A
last phase at lower rates on all groups follows. Runs with other seeds or settings may join the
mean, within a fold, too, so that its answers are those of a mean that has not seen it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medsift._version import __version__
from medsift.classify.card import MemberSpec, ModelCard, write_card
from medsift.core.errors import ModelError
from medsift.evaluation.folds import assign_folds, groups_of
from medsift.training.checkpoint import (
    average_in,
    checkpoint_weights,
    load_checkpoint,
    mean_weights,
)
from medsift.training.data import PixelStore
from medsift.training.export import export_onnx, onnx_logits
from medsift.training.finish import Others, finish_over_folds
from medsift.training.loop import fit
from medsift.training.members import Task, name_of, validation_pool
from medsift.training.recipes import MemberRecipe, Recipe
from medsift.training.settings import TrainSettings
from medsift.training.storage import Place, Stored, softening, stored

_GENTLER = 3
_CHECKED = 2000
_WATCHED = 1000


def train_over_folds(
    recipe: Recipe,
    task: Task,
    store: PixelStore,
    others: Others,
    facts: Mapping[str, Any],
) -> None:
    """Train the networks of all folds, then those that ship, and write the model folder.

    What a run before has finished is taken as it is. Where the settings name one member or one
    fold, only its networks are trained, so that several runs can share the work; a last one
    without puts them together.

    Parameters
    ----------
    recipe : Recipe
    task : Task
    store : PixelStore
        All pictures.
    others : Others
    facts : mapping
        For ``training`` of the card.
    """
    settings = task.settings
    groups = groups_of(store.examples, task.groups)
    assignment = assign_folds(store.examples, groups, settings.folds)
    for fold in range(settings.folds):
        for number, member in enumerate(recipe.members):
            if settings.fold in (None, fold) and settings.member in (None, number + 1):
                _train_fold(member, number, fold, task, store, assignment)
        if settings.member is None and settings.fold in (None, fold):
            _as_model(recipe, task, fold)
    if settings.member is None and settings.fold is None:
        trained = [
            _shipped(member, number, task, store, assignment, recipe.quantise)
            for number, member in enumerate(recipe.members)
        ]
        finish_over_folds(settings.output, task.classes, trained, (store, groups), facts, others)


def fold_folder(output: Path, fold: int) -> Path:
    """Where a run keeps the networks that know nothing of a fold: a model folder of its own."""
    return output / "run" / f"fold-{fold}"


def _train_fold(
    member: MemberRecipe,
    number: int,
    fold: int,
    task: Task,
    store: PixelStore,
    assignment: NDArray[np.int64],
) -> None:
    """Train a network without a fold, and keep what it says of the fold.

    Where the run is averaged with others, the mean of their networks of this fold answers: none
    of them has seen it.
    """
    name = name_of(member, number)
    judged = fold_folder(task.settings.output, fold) / _judge(name, task.settings)
    answers = judged.with_suffix(".npy")
    if answers.is_file():
        return
    held_out = store.subset(np.flatnonzero(assignment == fold).tolist())
    own, *others = _kept_files(name, fold, task.settings)
    if own.is_file():
        network = task.first(member, number)
        load_checkpoint(network, _kept(own))
    else:
        learning = store.subset(np.flatnonzero(assignment != fold).tolist())
        network = _fitted(member, number, fold, task, (learning, held_out))
        halves = {
            n: t.half() if t.is_floating_point() else t for n, t in network.state_dict().items()
        }
        torch.save({"best": halves}, own)
    if others:
        average_in(network, others)
    export_onnx(network, member.preprocess, judged.with_suffix(".onnx"))
    logits = onnx_logits(judged.with_suffix(".onnx"), held_out, member.preprocess)
    partial = answers.with_suffix(".partial.npy")
    np.save(partial, logits)
    partial.replace(answers)
    # With the optimiser's state, it is ten times as large as the weights.
    task.loop(own.parent, name, number, None).checkpoint.unlink(missing_ok=True)


def _fitted(
    member: MemberRecipe,
    number: int,
    fold: int,
    task: Task,
    stores: tuple[PixelStore, PixelStore],
) -> nn.Module:
    settings, name = task.settings, name_of(member, number)
    teacher = settings.teacher
    taught = None if teacher is None else str(fold_folder(Path(teacher), fold))
    loop = replace(
        task.loop(fold_folder(settings.output, fold), name, number, task.teacher(member, taught)),
        # A choice among epochs by the fold would make its answers flatter.
        choose_epoch=False,
    )
    learning, held_out = stores
    pools = (task.pool(member, learning), validation_pool(_evenly(held_out, _WATCHED)))
    return fit(task.first(member, number), member, task.classes, pools, loop)


def _judge(name: str, settings: TrainSettings) -> str:
    """Name of the file of the network that judges a fold."""
    return f"{name}-mean.onnx" if settings.average_with else f"{name}.onnx"


def _kept_files(name: str, fold: int, settings: TrainSettings) -> list[Path]:
    """Weights of the networks without a fold: this run's, then those that it is averaged with."""
    runs = (settings.output, *settings.average_with)
    return [fold_folder(run, fold) / f"{name}.pt" for run in runs]


def _as_model(recipe: Recipe, task: Task, fold: int) -> None:
    """Make the networks of a fold a model, uncalibrated: to teach others, or to be looked at."""
    folder = fold_folder(task.settings.output, fold)
    members = tuple(
        MemberSpec(_judge(name_of(member, number), task.settings), member.preprocess)
        for number, member in enumerate(recipe.members)
    )
    write_card(ModelCard(folder.name, __version__, task.classes, members), folder)


def _shipped(
    member: MemberRecipe,
    number: int,
    task: Task,
    store: PixelStore,
    assignment: NDArray[np.int64],
    small: bool,
) -> Stored:
    """Train what ships from the mean of the folds, and pair it with what the folds' said."""
    settings, name = task.settings, name_of(member, number)
    folds = range(settings.folds)
    network = task.first(member, number)
    kept = [_kept(path) for fold in folds for path in _kept_files(name, fold, settings)]
    load_checkpoint(network, mean_weights(kept))
    checked = _evenly(store, _CHECKED)
    if member.last_epochs:
        gentle = replace(
            member,
            optimisation=member.optimisation.gentle(member.last_epochs, _GENTLER),
            training_size=member.last_size or member.training_size,
        )
        teacher = task.teacher(member, settings.teacher)
        loop = replace(
            task.loop(settings.output / "run", name, number, teacher), choose_epoch=False
        )
        pools = (task.pool(member, store), validation_pool(_evenly(store, _WATCHED)))
        network = fit(network, gentle, task.classes, pools, loop)
    place = Place(settings.output, name, settings.seed)
    made = stored(network, member, task.classes, (store, checked), place, small)
    logits = np.zeros((len(store), len(task.classes)), dtype=np.float32)
    for fold in folds:
        judged = fold_folder(settings.output, fold) / _judge(name, settings)
        logits[assignment == fold] = np.load(judged.with_suffix(".npy"))
    temperature = softening(logits, store, task.classes)
    return Stored(replace(made.member, temperature=temperature), logits)


def _evenly(store: PixelStore, most: int) -> PixelStore:
    chosen = np.linspace(0, len(store) - 1, min(most, len(store)), dtype=np.int64)
    return store.subset(chosen.tolist())


def _kept(path: Path) -> Mapping[str, Tensor]:
    weights = checkpoint_weights(path)
    if weights is None:
        raise ModelError(f"{path} is no checkpoint of medsift train")
    return weights
