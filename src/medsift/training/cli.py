"""``medsift train``: train or fine-tune a model. Torch is imported only when it runs."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
from pathlib import Path

from medsift.classify.second_spec import SecondSpec
from medsift.core.errors import UsageError

_NEEDED = ("torch", "timm", "onnx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    from medsift.training.recipes import RECIPES
    from medsift.training.settings import DEVICES

    add = parser.add_argument
    add(
        "data",
        type=Path,
        nargs="+",
        metavar="DATA",
        help="labelled folders: medical/ and non_medical/ below each",
    )
    add("-o", "--output", type=Path, required=True, metavar="DIR", help="model folder to make")
    add("--val", type=Path, metavar="DATA", help="labelled folder of other sources to validate on")
    add(
        "--recipe",
        default="default",
        metavar="NAME",
        help="; ".join(f"{r.name}: {r.summary}" for r in RECIPES.values()),
    )
    add("--epochs", type=_positive, metavar="N", help="instead of the recipe's")
    add("--size", type=_positive, metavar="PX", help="side of the input, instead of the recipe's")
    add("--seed", type=int, default=1, metavar="S")
    add(
        "--weights",
        metavar="FILE or MODEL",
        help="start from the weights of a file, or of a model: default, fast, or a model folder",
    )
    add("--from-scratch", action="store_true", help="start from noise, without ImageNet weights")
    add("--workers", type=int, default=1, metavar="N", help="processes that read pictures")
    add("--threads", type=int, default=0, metavar="N", help="threads that compute; 0: torch's own")
    add(
        "--device",
        choices=DEVICES,
        default="auto",
        help="what computes; auto: CUDA or Apple's graphics where there are any",
    )
    add("--resume", action="store_true", help="go on from the checkpoints in DIR/run")
    add(
        "--member",
        type=_positive,
        metavar="N",
        help="train only the Nth network of the recipe; --resume puts them together",
    )
    add(
        "--folds",
        type=_positive,
        default=0,
        metavar="K",
        help="train K networks, each without one Kth of the groups; ship the mean of their weights "
        "after a last phase on everything, and state what they said of the groups left out",
    )
    add("--fold", type=_counted, metavar="N", help="train only the network without fold N, from 0")
    add(
        "--groups",
        type=Path,
        metavar="CSV",
        help="columns source and repository: sources of one repository stay in one fold",
    )
    add("--note", default="", metavar="TEXT", help="what else the model card is to say")
    add(
        "--average-with",
        type=Path,
        nargs="+",
        default=(),
        metavar="DIR",
        help="ship the means of the weights of this run and of earlier ones, with their output DIR",
    )
    add("--teacher", metavar="MODEL", help="learn from the probabilities of this model, too")
    add(
        "--gate",
        metavar="MODEL",
        help="smaller model of the same kinds that goes first; its answer stands where it is sure "
        "that a picture is not medical",
    )
    add(
        "--gate-below",
        type=_share,
        default=0.01,
        metavar="P",
        help="it is sure where the probability of being medical lies below; default 0.01",
    )
    add(
        "--gate-share",
        type=_share,
        default=0.0,
        metavar="S",
        help="where it is not sure, its weight in the mean with the networks; over folds only",
    )
    add(
        "--second",
        metavar="MODEL",
        help="model of the same kinds, trained over the same folds, that is asked in doubt",
    )
    add("--second-share", type=_share, default=0.5, metavar="S", help="its weight in the mean")
    add(
        "--doubt",
        type=_share,
        nargs=2,
        default=(0.05, 0.95),
        metavar=("LOW", "HIGH"),
        help="probabilities between which a picture is in doubt",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, and say where the model is.

    Raises
    ------
    UsageError
        The extra ``medsift[train]`` is not installed, or the arguments do not go together.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"training needs {', '.join(missing)}: pip install 'medsift[train]'")
    from medsift.training.backbones import Weights
    from medsift.training.settings import TrainSettings
    from medsift.training.shipped import is_model
    from medsift.training.train import train

    logging.basicConfig(level=logging.WARNING, format="medsift: %(message)s", stream=sys.stderr)
    given = arguments.weights
    model = given if given is not None and is_model(given) else None
    file = Path(given) if given is not None and model is None else None
    folder = train(
        TrainSettings(
            data=arguments.data[0],
            also=tuple(arguments.data[1:]),
            output=arguments.output,
            validation=arguments.val,
            recipe=arguments.recipe,
            epochs=arguments.epochs,
            size=arguments.size,
            seed=arguments.seed,
            weights=Weights(file, not arguments.from_scratch, model),
            device=arguments.device,
            folds=arguments.folds,
            fold=arguments.fold,
            groups=arguments.groups,
            workers=arguments.workers,
            threads=arguments.threads,
            resume=arguments.resume,
            member=arguments.member,
            average_with=tuple(arguments.average_with),
            teacher=arguments.teacher,
            gate=arguments.gate,
            gate_below=arguments.gate_below,
            gate_share=arguments.gate_share,
            second=_second(arguments),
            note=arguments.note,
        )
    )
    sys.stdout.write(f"{folder}\n")
    return 0


def _second(arguments: argparse.Namespace) -> SecondSpec | None:
    if arguments.second is None:
        return None
    low, high = arguments.doubt
    try:
        return SecondSpec(arguments.second, low, high, arguments.second_share)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _counted(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("must be at least 0 and below 1")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
