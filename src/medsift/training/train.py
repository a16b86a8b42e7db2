"""Train a model: labelled folders in, a model folder out."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from medsift._version import __version__
from medsift.classify import Classifier
from medsift.classify.card import Member, ModelCard, ModelClass, write_card
from medsift.classify.ensemble import softmax
from medsift.classify.preprocess import Preprocess
from medsift.core.errors import UsageError
from medsift.evaluation.labelled import Example, find_examples
from medsift.evaluation.measure import measure
from medsift.evaluation.summary import summarise
from medsift.training.backbones import Weights, build, fold_batch_norm
from medsift.training.calibrate import even_weights, fit_platt, fit_temperature
from medsift.training.collage import made_up
from medsift.training.data import PixelStore, build_store, classes_of, split_by_source, targets_of
from medsift.training.export import (
    ParityError,
    compress_weights,
    export_onnx,
    onnx_logits,
    quantise,
    require_parity,
)
from medsift.training.fake_quant import fake_quantised
from medsift.training.loop import LoopSettings, Pool, fit, logits_of
from medsift.training.model_card import figures, render_card, sources_of
from medsift.training.recipes import MemberRecipe, Recipe, find_recipe
from medsift.training.sampling import class_weights, require_both_labels, source_weights
from medsift.training.teacher import Teacher

_VALIDATION_SHARE = 0.15
_RANGE_PICTURES = 256
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
    teacher : str or None
        Model, by name or folder, whose probabilities the networks learn to give.
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
    teacher: str | None = None


@dataclass(frozen=True, slots=True)
class _Trained:
    member: Member
    logits: NDArray[np.float32]


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
        Weights cannot be loaded, or an export does not match.
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
    trained = _members(recipe, classes, (train_store, check_store), settings)
    if settings.member is not None:
        return settings.output
    card = _card(recipe, classes, trained, (train_store, check_store), settings)
    write_card(card, settings.output)
    _add_figures(card, check_store.examples, settings.output)
    return settings.output


def _adapted(recipe: Recipe, settings: TrainSettings) -> Recipe:
    members = []
    for member in recipe.members:
        optimisation, preprocess = member.optimisation, member.preprocess
        if settings.epochs is not None:
            optimisation = replace(optimisation, epochs=settings.epochs)
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
) -> list[_Trained]:
    trained: list[_Trained] = []
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
            network = build(member.backbone, len(classes), settings.weights)
            if member.fold:
                fold_batch_norm(network)
        loop = LoopSettings(
            settings.output / "run",
            name,
            settings.seed + number,
            settings.workers,
            settings.resume,
            teacher=_teacher(settings, classes, member),
        )
        before = fit(network, member, classes, pools, loop)
        if recipe.quantise and member.rounding_epochs:
            gentle = replace(
                member, optimisation=member.optimisation.gentle(member.rounding_epochs)
            )
            with fake_quantised(before):
                fit(before, gentle, classes, pools, replace(loop, name=f"{name}-rounded"))
        if settings.member is not None:
            continue
        trained.append(_exported(before, member, classes, stores, settings, name, recipe.quantise))
    return trained


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


def _weights(member: MemberRecipe, store: PixelStore) -> NDArray[np.float64]:
    scheme = source_weights if member.sampling == "sources" else class_weights
    return scheme(store.examples)


def _harder(pool: Pool, logits: NDArray[np.float32]) -> Pool:
    """Draw a picture more often the less probable its class seems."""
    probability = softmax(logits)[np.arange(len(pool.targets)), pool.targets]
    weights = pool.weights * (1 + _HARD_FACTOR * (1 - probability))
    return replace(pool, weights=weights / weights.sum())


def _exported(
    network: torch.nn.Module,
    member: MemberRecipe,
    classes: tuple[ModelClass, ...],
    stores: tuple[PixelStore, PixelStore],
    settings: TrainSettings,
    name: str,
    small: bool,
) -> _Trained:
    spec, check = member.preprocess, stores[1]
    full = settings.output / "run" / f"{name}.fp32.onnx"
    target = settings.output / f"{name}.onnx"
    export_onnx(network, spec, full)
    logits = onnx_logits(full, check, spec)
    shutil.copyfile(full, target)
    if small:
        logits = _smallest(full, target, spec, classes, stores, settings)
    targets = _known_targets(check, classes)
    weights = even_weights(_positive(check))
    # Smoothed targets make networks modest, and sharpening them before they are averaged was
    # found to cost recall: the temperature may only soften.
    temperature = max(1.0, fit_temperature(logits, targets, weights))
    return _Trained(Member(target.name, spec, temperature), logits)


def _smallest(
    full: Path,
    target: Path,
    spec: Preprocess,
    classes: tuple[ModelClass, ...],
    stores: tuple[PixelStore, PixelStore],
    settings: TrainSettings,
) -> NDArray[np.float32]:
    """Write the smallest form of a network that is as accurate; return its logits."""
    check = stores[1]
    logits = onnx_logits(full, check, spec)
    integers, weights = full.with_suffix(".int8.onnx"), full.with_suffix(".weights8.onnx")
    quantise(full, integers, _even_sample(stores[0], settings.seed), spec)
    compress_weights(full, weights)
    for candidate in (integers, weights):
        less = onnx_logits(candidate, check, spec)
        try:
            require_parity(
                _accuracy(logits, classes, check), _accuracy(less, classes, check), candidate.name
            )
        except ParityError as error:
            _log.warning("left aside: %s", error)
        else:
            shutil.copyfile(candidate, target)
            return less
    return logits


def _even_sample(store: PixelStore, seed: int) -> PixelStore:
    weights = source_weights(store.examples)
    count = min(_RANGE_PICTURES, len(store))
    chosen = np.random.default_rng(seed).choice(len(store), count, replace=False, p=weights)
    return store.subset(sorted(int(i) for i in chosen))


def _card(
    recipe: Recipe,
    classes: tuple[ModelClass, ...],
    trained: Sequence[_Trained],
    stores: tuple[PixelStore, PixelStore],
    settings: TrainSettings,
) -> ModelCard:
    medical = np.array([c.label == "medical" for c in classes])
    probabilities = [softmax(t.logits / t.member.temperature) for t in trained]
    scores = np.mean(probabilities, axis=0)[:, medical].sum(axis=1)
    positive = _positive(stores[1])
    return ModelCard(
        name=settings.output.name,
        version=__version__,
        classes=classes,
        members=tuple(t.member for t in trained),
        calibration=fit_platt(scores, positive, np.ones(len(positive))),
        training={
            "recipe": recipe.name,
            "summary": recipe.summary,
            "seed": settings.seed,
            "epochs": [m.optimisation.epochs for m in recipe.members],
            "pictures": len(stores[0]),
            "validation pictures": len(stores[1]),
            "sources": sources_of(stores[0].examples),
        },
    )


def _add_figures(card: ModelCard, examples: Sequence[Example], folder: Path) -> None:
    classifier = Classifier(folder, threads=torch.get_num_threads())
    summary = summarise(list(measure(classifier, examples)), classifier.name)
    complete = replace(card, metrics=figures(summary))
    write_card(complete, folder)
    note = (
        "On the validation sources, none of which was trained on. Temperature, calibration and\n"
        "the choice of the epoch were fitted on the same sources, so that the calibration error\n"
        "is on the optimistic side."
    )
    (folder / "README.md").write_text(render_card(complete, summary, note), encoding="utf-8")


def _positive(store: PixelStore) -> NDArray[np.bool_]:
    return np.array([e.label == "medical" for e in store.examples], dtype=np.bool_)


def _known_targets(store: PixelStore, classes: Sequence[ModelClass]) -> NDArray[np.int64]:
    index = {(c.name, c.label): i for i, c in enumerate(classes)}
    return np.array(
        [index.get((e.kind or e.label, e.label), -1) for e in store.examples], dtype=np.int64
    )


def _accuracy(
    logits: NDArray[np.float32], classes: Sequence[ModelClass], store: PixelStore
) -> float:
    medical = np.array([c.label == "medical" for c in classes])
    called = softmax(logits)[:, medical].sum(axis=1) >= 0.5
    return float((called == _positive(store)).mean())
