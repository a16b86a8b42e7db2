"""Train a model: labelled folders in, a model folder out."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from medsift.classify import store
from medsift.classify.card import GateSpec, ModelClass
from medsift.classify.cascade import gate_folder, second_folder
from medsift.classify.second_spec import SecondSpec
from medsift.core.errors import UsageError
from medsift.evaluation.folds import read_groups
from medsift.evaluation.labelled import Example, find_examples
from medsift.training.checkpoint import average_in, checkpoint_weights
from medsift.training.crossfit import train_over_folds
from medsift.training.data import PixelStore, build_store, classes_of, split_by_source
from medsift.training.finish import Others, finish
from medsift.training.loop import fit, logits_of
from medsift.training.members import Task, harder, name_of, validation_pool
from medsift.training.model_card import kinds_of
from medsift.training.recipes import Recipe, find_recipe
from medsift.training.sampling import require_both_labels
from medsift.training.settings import TrainSettings
from medsift.training.storage import Place, Stored, stored

_VALIDATION_SHARE = 0.15
_log = logging.getLogger(__name__)


def train(settings: TrainSettings) -> Path:
    """Train a model and write its folder.

    Returns
    -------
    Path
        ``settings.output``, which ``medsift scan --model`` can use; where only one member or
        one fold was trained, it holds no model yet.

    Raises
    ------
    UsageError
        The data or the recipe cannot be used.
    ModelError
        Weights cannot be loaded, an export does not match, or the gate does not fit.
    """
    recipe = _adapted(find_recipe(settings.recipe), settings)
    _check(recipe, settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    run = settings.output / "run"
    run.mkdir(parents=True, exist_ok=True)
    learning, held_out = _examples(settings)
    train_store = _store(learning, run)
    require_both_labels(train_store.examples)
    # Over folds, each picture is held out once, and learned from otherwise.
    check_store = _store(held_out, run) if held_out else train_store
    classes = classes_of(train_store.examples)
    # The class map stands beside the weights from the start: a checkpoint without the names of
    # its outputs is worth nothing.
    (run / "classes.json").write_text(
        json.dumps([{"name": c.name, "label": c.label} for c in classes], indent=2) + "\n",
        encoding="utf-8",
    )
    others = Others(_gate(settings, classes), _second(settings, classes))
    stores = (train_store, check_store)
    task = Task(classes, settings, read_groups(settings.groups) if settings.groups else {})
    if settings.folds:
        train_over_folds(recipe, task, train_store, others, _facts(recipe, settings, stores))
    else:
        trained = _members(recipe, task, stores)
        if settings.member is None:
            facts = _facts(recipe, settings, stores)
            finish(settings.output, classes, trained, stores, facts, others.gate)
    return settings.output


def _check(recipe: Recipe, settings: TrainSettings) -> None:
    if settings.member is not None and settings.member > len(recipe.members):
        raise UsageError(f"the recipe {recipe.name} has only {len(recipe.members)} networks")
    if settings.fold is not None and settings.fold >= settings.folds:
        raise UsageError(f"there is no fold {settings.fold} of {settings.folds}: they count from 0")
    if settings.folds == 1:
        raise UsageError("one fold leaves nothing to learn from: take at least 2")
    if settings.folds and settings.validation is not None:
        raise UsageError("over folds, all data are validated on: give them all as DATA, not --val")
    if settings.gate_share and not (settings.gate and settings.folds):
        raise UsageError("a gate has a share only over folds, where calibration can tell of it")
    if settings.second and not settings.folds:
        raise UsageError("a second reader is calibrated over folds: take --folds")
    if settings.folds and any(member.hard_cases for member in recipe.members):
        raise UsageError(f"the recipe {recipe.name} cannot be trained over folds")


def _facts(
    recipe: Recipe, settings: TrainSettings, stores: tuple[PixelStore, PixelStore]
) -> dict[str, object]:
    runs = 1 + len(settings.average_with)
    weights = "best" if runs == 1 else f"means of {runs} runs"
    if settings.folds:
        last = any(member.last_epochs for member in recipe.members)
        weights = f"means over {settings.folds} folds"
        weights += f" of {runs} runs" if runs > 1 else ""
        weights += ", then a last phase on everything" if last else ""
    return {
        "recipe": recipe.name,
        "summary": recipe.summary,
        "seed": settings.seed,
        "epochs": [m.optimisation.epochs for m in recipe.members],
        "weights": weights,
        "teacher": Path(settings.teacher).name if settings.teacher else "none",
        **({"folds": settings.folds} if settings.folds else {}),
        **({"runs": runs} if runs > 1 else {}),
        **({"note": settings.note} if settings.note else {}),
        "pictures": len(stores[0]),
        "validation pictures": len(stores[1]),
        "kinds": kinds_of(stores[0].examples),
    }


def _adapted(recipe: Recipe, settings: TrainSettings) -> Recipe:
    members = []
    weights = settings.weights.file
    trained_before = settings.weights.model is not None or (
        weights is not None and checkpoint_weights(weights) is not None
    )
    for member in recipe.members:
        optimisation, preprocess = member.optimisation, member.preprocess
        if trained_before:
            # Its last layer knows the classes already, and what it learned is to stay.
            optimisation = optimisation.gentle(optimisation.epochs, 3)
        if settings.epochs is not None:
            # In a short run, too, the other half at least is for all layers.
            head = min(optimisation.head_epochs, settings.epochs / 2)
            optimisation = replace(optimisation, epochs=settings.epochs, head_epochs=head)
        if settings.size is not None:
            preprocess = replace(preprocess, size=settings.size)
        members.append(replace(member, optimisation=optimisation, preprocess=preprocess))
        if settings.size is not None:
            members[-1] = replace(members[-1], training_size=None)
    return replace(recipe, members=tuple(members))


def _examples(settings: TrainSettings) -> tuple[list[Example], list[Example]]:
    examples = [e for data in (settings.data, *settings.also) for e in find_examples(data)]
    if settings.folds:
        return examples, []
    if settings.validation is None:
        return split_by_source(examples, _VALIDATION_SHARE, settings.seed)
    held_out = find_examples(settings.validation)
    shared = {e.source for e in examples if e.source} & {e.source for e in held_out if e.source}
    if shared:
        raise UsageError(f"training and validation share sources: {', '.join(sorted(shared))}")
    return examples, held_out


def _store(examples: Sequence[Example], folder: Path) -> PixelStore:
    with tqdm(total=len(examples), desc="decoding", unit="image", disable=None) as bar:
        store, unreadable = build_store(examples, folder, bar.update)
    for entry in unreadable:
        _log.warning("left out %s: %s", entry.path, entry.error)
    if not len(store):
        raise UsageError("none of the images could be read")
    return store


def _members(recipe: Recipe, task: Task, stores: tuple[PixelStore, PixelStore]) -> list[Stored]:
    settings, trained = task.settings, []
    before: torch.nn.Module | None = None
    for number, member in enumerate(recipe.members):
        if settings.member not in (None, number + 1) and not _needed(recipe, number, settings):
            continue
        name = name_of(member, number)
        learning = task.pool(member, stores[0])
        if member.hard_cases and before is not None:
            network = before
            learning = harder(learning, logits_of(network, stores[0], member.preprocess))
        else:
            network = task.first(member, number)
        teacher = task.teacher(member, settings.teacher)
        loop = task.loop(settings.output / "run", name, number, teacher)
        pools = (learning, validation_pool(stores[1]))
        before = fit(network, member, task.classes, pools, loop)
        if settings.average_with:
            earlier = [run / "run" / f"{name}.checkpoint.pt" for run in settings.average_with]
            average_in(before, earlier)
        if settings.member is None:
            place = Place(settings.output, name, settings.seed)
            trained.append(stored(before, member, task.classes, stores, place, recipe.quantise))
    return trained


def _needed(recipe: Recipe, number: int, settings: TrainSettings) -> bool:
    """Whether the member that is to be trained starts from this one."""
    following = recipe.members[number + 1 : settings.member]
    return bool(following) and all(m.hard_cases for m in following)


def _gate(settings: TrainSettings, classes: tuple[ModelClass, ...]) -> GateSpec | None:
    """What the card is to say of the gate; looked at before hours of training."""
    if settings.gate is None:
        return None
    name = _beside(settings, settings.gate)
    try:
        spec = GateSpec(name, settings.gate_below, settings.gate_share)
    except ValueError as error:
        raise UsageError(str(error)) from error
    gate_folder(settings.output.resolve(), spec, classes)
    return spec


def _second(settings: TrainSettings, classes: tuple[ModelClass, ...]) -> SecondSpec | None:
    """The same of the second reader."""
    if settings.second is None:
        return None
    spec = replace(settings.second, model=_beside(settings, settings.second.model))
    second_folder(settings.output.resolve(), spec, classes)
    return spec


def _beside(settings: TrainSettings, model: str) -> str:
    """What the card calls another model: its bundled name, or where it lies from the output."""
    if store.is_bundled(model):
        return model
    folder, output = store.find(model).resolve(), settings.output.resolve()
    if folder == output:
        raise UsageError("a model cannot be its own gate, nor its own second reader")
    relative = os.path.relpath(folder, output)
    return f"./{relative}" if store.is_bundled(relative) else relative
