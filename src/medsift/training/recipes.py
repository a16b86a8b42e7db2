"""Named recipes: every choice that makes a model, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from medsift.classify.preprocess import Preprocess
from medsift.core.errors import UsageError
from medsift.training.augment import CLASSIC, WILD, Augment

Sampling: TypeAlias = Literal["sources", "classes"]
Schedule: TypeAlias = Literal["cosine", "step"]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Optimisation:
    """How the weights are moved: AdamW with a schedule.

    Attributes
    ----------
    epochs : int
        An epoch is as many random pictures as there are training files.
    head_epochs : float
        Part of ``epochs`` during which only the last layer learns.
    batch : int
    rate, head_rate : float
        Learning rates of the last stage of the backbone and of the last layer.
    stage_decay : float
        Factor on the rate from each stage to the one before.
    frozen_stages : int
        So many stages stay as they are, with the stem; -1 for none, not even the stem.
    weight_decay : float
    schedule : {"cosine", "step"}
        ``step`` divides the rate by ten after each third of the epochs.
    average : float
        Decay of the running average of the weights for each step; 0 keeps the last weights.
    """

    epochs: int
    head_epochs: float = 0.5
    batch: int = 64
    rate: float = 3e-4
    head_rate: float = 2e-3
    stage_decay: float = 0.8
    frozen_stages: int = 2
    weight_decay: float = 0.05
    schedule: Schedule = "cosine"
    average: float = 0.998

    def gentle(self, epochs: int, factor: float = 10) -> Optimisation:
        """A later phase: all layers at once, the rates divided by ``factor``."""
        return replace(
            self,
            epochs=epochs,
            head_epochs=0.0,
            rate=self.rate / factor,
            head_rate=self.head_rate / factor,
            average=min(self.average, 0.99),
        )


@dataclass(frozen=True, slots=True)
class MemberRecipe:
    """How one network is made.

    Attributes
    ----------
    backbone : str
        Name in timm.
    preprocess : Preprocess
    optimisation : Optimisation
    augment : Augment
    sampling : {"sources", "classes"}
        See :mod:`medsift.training.sampling`.
    fold : bool
        Merge the batch normalisation into the convolutions before training: a third faster,
        and no statistics that would follow the training sources.
    smoothing : float
        Share of the target spread over the kinds on the same side.
    label_weight : float
        Weight of the two-class loss beside the loss over kinds.
    mix : float
        Share of batches that are mixed (mixup, Zhang et al. 2018; CutMix, Yun et al. 2019).
    training_size : int or None
        Side of the input in training, where it is smaller than at work: crops enlarge what
        they show, so that a larger input at work shows things at the size they were learned
        (Touvron et al. 2019, "Fixing the train-test resolution discrepancy").
    hard_cases : bool
        Start from the member before, and draw more often what that member gets wrong.
    teacher_share : float
        Share of the target that comes from the teacher, where one is given (Hinton et al. 2015,
        "Distilling the Knowledge in a Neural Network").
    last_epochs : int
        Over folds: epochs on everything that follow the mean of the folds' weights, at a third
        of the rates.
    last_size : int or None
        Side of the input in these, where it is another than ``training_size``.
    """

    backbone: str
    preprocess: Preprocess
    optimisation: Optimisation
    augment: Augment = field(default=WILD)
    sampling: Sampling = "sources"
    fold: bool = True
    smoothing: float = 0.1
    label_weight: float = 1.0
    mix: float = 0.2
    training_size: int | None = None
    hard_cases: bool = False
    teacher_share: float = 0.7
    last_epochs: int = 0
    last_size: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is made.

    Attributes
    ----------
    name, summary : str
    members : tuple of MemberRecipe
    quantise : bool
        Store the networks in 8 bits, where that costs no accuracy.
    """

    name: str
    summary: str
    members: tuple[MemberRecipe, ...]
    quantise: bool = True


def _imagenet(size: int, fraction: float) -> Preprocess:
    return Preprocess(size, "crop", fraction, _IMAGENET_MEAN, _IMAGENET_STD)


_LITE2 = MemberRecipe(
    "tf_efficientnet_lite2",
    Preprocess(208),
    Optimisation(epochs=2, head_epochs=0.3),
    training_size=160,
)
_FAST = MemberRecipe(
    "tf_efficientnet_lite0", Preprocess(128), Optimisation(epochs=2, head_epochs=0.3)
)
_PLAIN = Optimisation(
    epochs=10,
    head_epochs=2,
    batch=32,
    rate=1e-4,
    head_rate=1e-3,
    stage_decay=1.0,
    frozen_stages=-1,
    weight_decay=1e-2,
    schedule="step",
    average=0.0,
)
_RESNET18 = MemberRecipe(
    "resnet18",
    _imagenet(224, 224 / 256),
    _PLAIN,
    augment=CLASSIC,
    sampling="classes",
    fold=False,
    smoothing=0.0,
    label_weight=0.0,
    mix=0.0,
)
_BROAD = MemberRecipe(
    "efficientnet_b0",
    Preprocess(128, "stretch", 1.0, _IMAGENET_MEAN, _IMAGENET_STD),
    _PLAIN,
    augment=CLASSIC,
    sampling="classes",
    fold=False,
    smoothing=0.0,
    label_weight=0.0,
    mix=0.0,
)
_FINE = MemberRecipe(
    "efficientnet_b0",
    _BROAD.preprocess,
    Optimisation(
        epochs=4,
        head_epochs=0,
        batch=32,
        rate=3e-5,
        head_rate=3e-5,
        stage_decay=1.0,
        frozen_stages=-1,
        weight_decay=1e-2,
        schedule="step",
        average=0.0,
    ),
    augment=CLASSIC,
    sampling="classes",
    fold=False,
    smoothing=0.0,
    label_weight=0.0,
    mix=0.0,
    hard_cases=True,
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("default", "EfficientNet-Lite2 at 208 px; best over folds, behind fast", (_LITE2,)),
        Recipe("fast", "EfficientNet-Lite0 at 128 px; best with --teacher", (_FAST,)),
        Recipe(
            "resnet18",
            "ResNet18 at 224 px: the head first, then all layers, classes drawn evenly",
            (_RESNET18,),
            quantise=False,
        ),
        Recipe(
            "efficientnet-b0-pair",
            "two EfficientNet-B0 at 128 px: a broad one, and one fine-tuned on its hard cases",
            (_BROAD, _FINE),
            quantise=False,
        ),
    )
}
"""Recipes by name."""


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    try:
        return RECIPES[name]
    except KeyError:
        known = ", ".join(RECIPES)
        raise UsageError(f"no recipe {name!r}; there are: {known}") from None
