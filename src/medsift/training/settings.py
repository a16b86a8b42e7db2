"""What to train, and where from and to: all that ``medsift train`` can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from medsift.classify.second_spec import SecondSpec
    from medsift.training.backbones import Weights

Device: TypeAlias = Literal["auto", "cpu", "cuda", "mps"]
DEVICES: tuple[Device, ...] = get_args(Device)


def _imagenet() -> Weights:
    from medsift.training.backbones import Weights

    return Weights()


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What to train, and where from and to.

    Attributes
    ----------
    data : Path
        Labelled folder, see :mod:`medsift.evaluation.labelled`.
    output : Path
        The model folder to make; checkpoints go to ``output/run``.
    also : tuple of Path
        More labelled folders, read as if they lay in the first one.
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
    average_with : tuple of Path
        Output folders of earlier runs of the same recipe, with the same classes. The weights
        that ship are the means of their best ones and of this run's best ones; over folds, each
        fold is judged by the mean of the networks that did not see it.
    teacher : str or None
        Model, by name or folder, whose probabilities the networks learn to give.
    gate : str or None
        Model, by name or folder, that goes before the networks at work; no part of training.
    gate_below : float
        Probability of being medical below which a picture stops at the gate.
    gate_share : float
        Weight of the gate's probabilities where it is not sure, 0 to below 1.
    second : SecondSpec or None
        Model, by name or folder, that is asked in doubt at work, and how much it counts; over
        folds only, which fit the calibration.
    device : {"auto", "cpu", "cuda", "mps"}
    folds, fold : int, int or None
        See :mod:`medsift.training.crossfit`; 0 folds validate on what is held out.
    groups : Path or None
        Which sources stay together, see :func:`medsift.evaluation.folds.read_groups`.
    note : str
        What else the card is to say of the training, such as runs that came before.
    """

    data: Path
    output: Path
    also: tuple[Path, ...] = ()
    validation: Path | None = None
    recipe: str = "default"
    epochs: int | None = None
    size: int | None = None
    seed: int = 1
    weights: Weights = field(default_factory=_imagenet)
    workers: int = 1
    threads: int = 0
    resume: bool = False
    member: int | None = None
    average_with: tuple[Path, ...] = ()
    teacher: str | None = None
    gate: str | None = None
    gate_below: float = 0.01
    gate_share: float = 0.0
    second: SecondSpec | None = None
    device: Device = "auto"
    folds: int = 0
    fold: int | None = None
    groups: Path | None = None
    note: str = ""
