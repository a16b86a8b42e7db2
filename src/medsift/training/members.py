"""How one network of a recipe is trained: its first weights, its pictures, its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from medsift.classify.card import ModelClass
from medsift.classify.ensemble import softmax
from medsift.training.backbones import Weights, build, fold_batch_norm
from medsift.training.checkpoint import checkpoint_weights, load_checkpoint
from medsift.training.data import PixelStore, targets_of
from medsift.training.device import choose
from medsift.training.loop import LoopSettings, Pool
from medsift.training.recipes import MemberRecipe
from medsift.training.sampling import class_weights, origin_weights
from medsift.training.settings import TrainSettings
from medsift.training.shipped import load_shipped
from medsift.training.teacher import Teacher

_HARD_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class Task:
    """What all networks of a run have in common.

    Attributes
    ----------
    classes : tuple of ModelClass
    settings : TrainSettings
    groups : mapping of str to str
        Source to the group that it is drawn with; sources that are missing stand alone.
    """

    classes: tuple[ModelClass, ...]
    settings: TrainSettings
    groups: dict[str, str]

    def pool(self, member: MemberRecipe, store: PixelStore) -> Pool:
        """Pictures to learn from, with their targets and how often each is drawn."""
        examples = store.examples
        if member.sampling == "classes":
            weights = class_weights(examples)
        else:
            groups = [self.groups.get(e.source, e.group) for e in examples]
            weights = origin_weights(examples, groups)
        return Pool(store, targets_of(examples, self.classes), weights)

    def loop(self, folder: Path, name: str, number: int, teacher: Teacher | None) -> LoopSettings:
        """Settings of the loop for the network of a number, counted from 0."""
        chosen = self.settings
        return LoopSettings(
            folder,
            name,
            chosen.seed + number,
            chosen.workers,
            chosen.resume,
            teacher=teacher,
            device=choose(chosen.device),
        )

    def teacher(self, member: MemberRecipe, model: str | None) -> Teacher | None:
        """The model that a network learns from, too."""
        return None if model is None else Teacher(model, self.classes, member.preprocess)

    def first(self, member: MemberRecipe, number: int) -> torch.nn.Module:
        """Make the network to start from, by the weights that the settings name."""
        # What is not loaded, the last layer at least, starts from noise.
        torch.manual_seed(self.settings.seed + number)
        return first_network(member, self.classes, self.settings.weights)


def name_of(member: MemberRecipe, number: int) -> str:
    """Name of the files of a network; ``number`` counts from 0."""
    return f"{number + 1}-{member.backbone.replace('_', '-')}"


def validation_pool(store: PixelStore) -> Pool:
    """Pictures to measure by; nothing is drawn from them."""
    return Pool(store, np.zeros(0, np.int64), np.zeros(0))


def first_network(
    member: MemberRecipe, classes: Sequence[ModelClass], weights: Weights
) -> torch.nn.Module:
    """Make the network to start from: ImageNet's, a file's, a run's or a finished model's."""
    best = checkpoint_weights(weights.file) if weights.file else None
    known = best is not None or weights.model is not None
    origin = Weights(None, False) if known else weights
    network = build(member.backbone, len(classes), origin)
    if member.fold:
        fold_batch_norm(network)
    if best is not None:
        load_checkpoint(network, best)
    elif weights.model is not None:
        load_shipped(network, weights.model, classes)
    return network


def harder(pool: Pool, logits: NDArray[np.float32]) -> Pool:
    """Draw a picture more often the less probable its class seems."""
    probability = softmax(logits)[np.arange(len(pool.targets)), pool.targets]
    weights = pool.weights * (1 + _HARD_FACTOR * (1 - probability))
    return replace(pool, weights=weights / weights.sum())
