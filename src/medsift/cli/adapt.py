"""``medsift adapt``: a new last layer on a bundled model, for your kinds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from medsift.cli.exit_codes import ExitCode
from medsift.core.errors import UsageError
from medsift.evaluation.arguments import add_kinds_argument, kinds_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "data",
        metavar="DATA",
        help="labelled pictures: a folder, a table (.csv, .parquet) or a zip of the review desk;"
        " at least 5 of each kind",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="model folder to make"
    )
    parser.add_argument(
        "--model", default="default", metavar="NAME or DIR", help="model to adapt; default: default"
    )
    parser.add_argument(
        "--only",
        action="store_true",
        help="tell apart only the kinds of DATA, not these beside those of the model",
    )
    add_kinds_argument(parser)
    parser.add_argument(
        "--class-weight",
        action="append",
        default=[],
        metavar="KIND=W",
        help="how much a kind counts beside what it counts anyway, such as rare=3; repeatable",
    )
    parser.add_argument(
        "--may-lose",
        type=float,
        default=0.003,
        metavar="SHARE",
        help="share of pictures of the model's own kinds that may be taken for new ones: the more,"
        " the more of the new ones are found; default: %(default)s",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=5,
        metavar="K",
        help="parts of whole sources that are held out in turn; default: %(default)s",
    )
    parser.add_argument("--threads", type=int, metavar="N", help="default: the cores at hand")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Adapt, and tell what came of it.

    Returns
    -------
    int
        0; 3 where some pictures could not be read.
    """
    from tqdm import tqdm

    from medsift.adaptation import AdaptSettings, adapt
    from medsift.adaptation.card import render
    from medsift.evaluation.labelled import opened_examples

    settings = AdaptSettings(
        model=arguments.model,
        only=arguments.only,
        class_weights=_weights(arguments.class_weight),
        folds=arguments.folds,
        may_lose=arguments.may_lose,
        threads=arguments.threads,
    )
    hidden = arguments.no_progress or not sys.stderr.isatty()
    with (
        opened_examples(arguments.data, kinds_from(arguments)) as examples,
        tqdm(total=len(examples), unit="image", disable=hidden) as bar,
    ):
        adapted = adapt(examples, arguments.output, settings, progress=bar.update)
    sys.stdout.write(render(adapted.card))
    for example, reason in adapted.failed:
        sys.stderr.write(f"medsift: {example.path}: {reason}\n")
    return ExitCode.SOME_FAILED if adapted.failed else ExitCode.DONE


def _weights(texts: list[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise UsageError(f"not KIND=W: {text!r}") from error
    return found
