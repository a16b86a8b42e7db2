"""Train over folds: honest figures and the weights that ship, from the same runs.

Each of K networks learns from all groups but those of one fold, from one start. What each says
of the fold that it never saw, put together, is an answer for every picture by a network that
knows nothing of the picture's origin: calibration, thresholds and figures come from these.

What ships is the mean of the K networks' weights. Networks that start from one point and end in
one basin average well (Wortsman et al. 2022, "Model soups"; Rame et al. 2022, "Diverse Weight
Averaging for Out-of-Distribution Generalization"), and the mean has learned from everything. A
last phase at lower rates on all groups follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsift._version import __version__
from medsift.classify.card import MemberSpec, ModelCard, write_card
from medsift.evaluation.folds import assign_folds, groups_of
from medsift.training.checkpoint import checkpoint_weights, load_checkpoint
from medsift.training.data import PixelStore
from medsift.training.export import export_onnx, onnx_logits
from medsift.training.finish import Others, finish_over_folds
from medsift.training.loop import fit
from medsift.training.members import Task, name_of, validation_pool
from medsift.training.recipes import MemberRecipe, Recipe
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


def mean_weights(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Average the weights of networks that are built alike, in 32 bits."""
    return {name: torch.stack([part[name].float() for part in parts]).mean(0) for name in parts[0]}


def _train_fold(
    member: MemberRecipe,
    number: int,
    fold: int,
    task: Task,
    store: PixelStore,
    assignment: NDArray[np.int64],
) -> None:
    folder, name = fold_folder(task.settings.output, fold), name_of(member, number)
    answers = folder / f"{name}.npy"
    if answers.is_file():
        return
    learning = store.subset(np.flatnonzero(assignment != fold).tolist())
    held_out = store.subset(np.flatnonzero(assignment == fold).tolist())
    teacher = task.settings.teacher
    taught = None if teacher is None else str(fold_folder(Path(teacher), fold))
    loop = replace(
        task.loop(folder, name, number, task.teacher(member, taught)),
        # A choice among epochs by the fold would make its answers flatter.
        choose_epoch=False,
    )
    pools = (task.pool(member, learning), validation_pool(_evenly(held_out, _WATCHED)))
    network = fit(task.first(member, number), member, task.classes, pools, loop)
    kept = {n: t.half() if t.is_floating_point() else t for n, t in network.state_dict().items()}
    torch.save({"best": kept}, folder / f"{name}.pt")
    export_onnx(network, member.preprocess, folder / f"{name}.onnx")
    logits = onnx_logits(folder / f"{name}.onnx", held_out, member.preprocess)
    partial = answers.with_suffix(".partial.npy")
    np.save(partial, logits)
    partial.replace(answers)
    # With the optimiser's state, it is ten times as large as the weights.
    loop.checkpoint.unlink(missing_ok=True)


def _as_model(recipe: Recipe, task: Task, fold: int) -> None:
    """Make the networks of a fold a model, uncalibrated: to teach others, or to be looked at."""
    folder = fold_folder(task.settings.output, fold)
    members = tuple(
        MemberSpec(f"{name_of(member, number)}.onnx", member.preprocess)
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
    folders = [fold_folder(settings.output, fold) for fold in range(settings.folds)]
    network = task.first(member, number)
    load_checkpoint(network, mean_weights([_kept(folder / f"{name}.pt") for folder in folders]))
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
    for fold, folder in enumerate(folders):
        logits[assignment == fold] = np.load(folder / f"{name}.npy")
    temperature = softening(logits, store, task.classes)
    return Stored(replace(made.member, temperature=temperature), logits)


def _evenly(store: PixelStore, most: int) -> PixelStore:
    chosen = np.linspace(0, len(store) - 1, min(most, len(store)), dtype=np.int64)
    return store.subset(chosen.tolist())


def _kept(path: Path) -> Mapping[str, Tensor]:
    weights = checkpoint_weights(path)
    if weights is None:
        raise FileNotFoundError(path)
    return weights
