"""Train a model: labelled folders in, a model folder out."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from medsift.classify import store
from medsift.classify.card import GateSpec, ModelClass
from medsift.classify.cascade import gate_folder
from medsift.classify.ensemble import softmax
from medsift.core.errors import UsageError
from medsift.evaluation.labelled import Example, find_examples
from medsift.training.backbones import Weights, build, fold_batch_norm
from medsift.training.checkpoint import average_in, checkpoint_weights, load_checkpoint
from medsift.training.collage import made_up
from medsift.training.data import PixelStore, build_store, classes_of, split_by_source, targets_of
from medsift.training.finish import finish
from medsift.training.loop import LoopSettings, Pool, fit, logits_of
from medsift.training.model_card import sources_of
from medsift.training.recipes import MemberRecipe, Recipe, find_recipe
from medsift.training.sampling import class_weights, require_both_labels, source_weights
from medsift.training.storage import Place, Stored, stored
from medsift.training.teacher import Teacher

_VALIDATION_SHARE = 0.15
_HARD_FACTOR = 3.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What to train, and where from and to.

    Attributes
    ----------
    data : Path
        Labelled folder, see :mod:`medsift.evaluation.labelled`.
    output : Path
        The model folder to make; checkpoints go to ``output/run``.
    validation : Path or None
        Labelled folder of other sources; without it, some sources of ``data`` are held out.
    recipe : str
        Name of one of :data:`medsift.training.recipes.RECIPES`.
    epochs, size : int or None
        Instead of the recipe's.
    seed : int
    weights : Weights
        Where the first weights come from.
    workers, threads : int
        Processes that read pictures; threads that compute.
    resume : bool
        Go on from the checkpoints in ``output/run``.
    member : int or None
        Train only this network of the recipe, counted from 1, and stop at its checkpoint, so
        that several can be trained side by side; a last run with ``resume`` puts them together.
    average_with : Path or None
        Output folder of an earlier run of the same recipe, with the same classes. The weights
        that ship are the means of its best ones and of this run's best ones.
    teacher : str or None
        Model, by name or folder, whose probabilities the networks learn to give.
    gate : str or None
        Model, by name or folder, that goes before the networks at work; no part of training.
    note : str
        What else the card is to say of the training, such as runs that came before.
    """

    data: Path
    output: Path
    validation: Path | None = None
    recipe: str = "default"
    epochs: int | None = None
    size: int | None = None
    seed: int = 1
    weights: Weights = field(default_factory=Weights)
    workers: int = 1
    threads: int = 0
    resume: bool = False
    member: int | None = None
    average_with: Path | None = None
    teacher: str | None = None
    gate: str | None = None
    note: str = ""


def train(settings: TrainSettings) -> Path:
    """Train a model and write its folder.

    Returns
    -------
    Path
        ``settings.output``, which ``medsift scan --model`` can use; where only one member was
        trained, it holds no model yet.

    Raises
    ------
    UsageError
        The data or the recipe cannot be used.
    ModelError
        Weights cannot be loaded, an export does not match, or the gate does not fit.
    """
    recipe = _adapted(find_recipe(settings.recipe), settings)
    if settings.member is not None and settings.member > len(recipe.members):
        raise UsageError(f"the recipe {recipe.name} has only {len(recipe.members)} networks")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    run = settings.output / "run"
    run.mkdir(parents=True, exist_ok=True)
    learning, held_out = _examples(settings)
    train_store = _store(learning, run)
    check_store = _store(held_out, run)
    require_both_labels(train_store.examples)
    if recipe.made_up:
        extra = made_up(train_store, run / "made-up", settings.seed)
        train_store = _store([*train_store.examples, *extra], run)
    classes = classes_of(train_store.examples)
    # The class map stands beside the weights from the start: a checkpoint without the names of
    # its outputs is worth nothing.
    (run / "classes.json").write_text(
        json.dumps([{"name": c.name, "label": c.label} for c in classes], indent=2) + "\n",
        encoding="utf-8",
    )
    gate = _gate(settings, classes)
    stores = (train_store, check_store)
    trained = _members(recipe, classes, stores, settings)
    if settings.member is None:
        facts = {
            "recipe": recipe.name,
            "summary": recipe.summary,
            "seed": settings.seed,
            "epochs": [m.optimisation.epochs for m in recipe.members],
            "weights": "best" if settings.average_with is None else "means of two runs",
            "teacher": Path(settings.teacher).name if settings.teacher else "none",
            **({"note": settings.note} if settings.note else {}),
            "pictures": len(train_store),
            "validation pictures": len(check_store),
            "sources": sources_of(train_store.examples),
        }
        finish(settings.output, classes, trained, stores, facts, gate)
    return settings.output


def _adapted(recipe: Recipe, settings: TrainSettings) -> Recipe:
    members = []
    weights = settings.weights.file
    trained_before = weights is not None and checkpoint_weights(weights) is not None
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
    examples = find_examples(settings.data)
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


def _members(
    recipe: Recipe,
    classes: tuple[ModelClass, ...],
    stores: tuple[PixelStore, PixelStore],
    settings: TrainSettings,
) -> list[Stored]:
    trained: list[Stored] = []
    before: torch.nn.Module | None = None
    for number, member in enumerate(recipe.members):
        if settings.member not in (None, number + 1) and not _needed(recipe, number, settings):
            continue
        name = f"{number + 1}-{member.backbone.replace('_', '-')}"
        pools = (
            Pool(stores[0], targets_of(stores[0].examples, classes), _weights(member, stores[0])),
            Pool(stores[1], np.zeros(0, np.int64), np.zeros(0)),
        )
        if member.hard_cases and before is not None:
            network = before
            pools = (_harder(pools[0], logits_of(network, stores[0], member.preprocess)), pools[1])
        else:
            # What is not loaded, the last layer at least, starts from noise.
            torch.manual_seed(settings.seed + number)
            network = _first(member, len(classes), settings.weights)
        loop = LoopSettings(
            settings.output / "run",
            name,
            settings.seed + number,
            settings.workers,
            settings.resume,
            teacher=_teacher(settings, classes, member),
        )
        before = fit(network, member, classes, pools, loop)
        if settings.average_with is not None:
            average_in(before, settings.average_with / "run" / f"{name}.checkpoint.pt")
        if settings.member is None:
            place = Place(settings.output, name, settings.seed)
            trained.append(stored(before, member, classes, stores, place, recipe.quantise))
    return trained


def _first(member: MemberRecipe, classes: int, weights: Weights) -> torch.nn.Module:
    """Make the network to start from: ImageNet's, those of a file, or of a run's checkpoint."""
    best = checkpoint_weights(weights.file) if weights.file else None
    network = build(member.backbone, classes, weights if best is None else Weights(None, False))
    if member.fold:
        fold_batch_norm(network)
    if best is not None:
        load_checkpoint(network, best)
    return network


def _needed(recipe: Recipe, number: int, settings: TrainSettings) -> bool:
    """Whether the member that is to be trained starts from this one."""
    following = recipe.members[number + 1 : settings.member]
    return bool(following) and all(m.hard_cases for m in following)


def _teacher(
    settings: TrainSettings, classes: tuple[ModelClass, ...], member: MemberRecipe
) -> Teacher | None:
    if settings.teacher is None:
        return None
    return Teacher(settings.teacher, classes, member.preprocess)


def _gate(settings: TrainSettings, classes: tuple[ModelClass, ...]) -> GateSpec | None:
    """What the card is to say of the gate; looked at before hours of training."""
    if settings.gate is None:
        return None
    if store.is_bundled(settings.gate):
        spec = GateSpec(settings.gate)
    else:
        folder, output = store.find(settings.gate).resolve(), settings.output.resolve()
        if folder == output:
            raise UsageError("a model cannot be its own gate")
        relative = os.path.relpath(folder, output)
        spec = GateSpec(f"./{relative}" if store.is_bundled(relative) else relative)
    gate_folder(settings.output.resolve(), spec, classes)
    return spec


def _weights(member: MemberRecipe, store: PixelStore) -> NDArray[np.float64]:
    scheme = source_weights if member.sampling == "sources" else class_weights
    return scheme(store.examples)


def _harder(pool: Pool, logits: NDArray[np.float32]) -> Pool:
    """Draw a picture more often the less probable its class seems."""
    probability = softmax(logits)[np.arange(len(pool.targets)), pool.targets]
    weights = pool.weights * (1 + _HARD_FACTOR * (1 - probability))
    return replace(pool, weights=weights / weights.sum())
