"""``medsift explain``: show which places of an image decided the verdict."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.cli.exit_codes import ExitCode
from medsift.core.errors import OutputError, UnsupportedError, UsageError
from medsift.pipeline.arguments import add_model_argument
from medsift.report.drafts import draft_beside
from medsift.report.terminal import harmless

if TYPE_CHECKING:
    from medsift.classify import Explanation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="an image file")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE.png",
        help="the picture in grey, orange where it speaks for the target, blue where against it",
    )
    parser.add_argument(
        "--target",
        default="medical",
        metavar="KIND",
        help="medical, non_medical or a kind such as ct; default: %(default)s",
    )
    add_model_argument(parser)
    parser.add_argument("--tta", action="store_true", help="also average over the horizontal flip")


def run(arguments: argparse.Namespace) -> int:
    """Explain one image, save the overlay and print the verdict."""
    from medsift.classify import Classifier

    output: Path = arguments.output
    if output.suffix.lower() != ".png":
        raise UsageError(f"the overlay {output} must end in .png")
    if os.path.realpath(output) == os.path.realpath(arguments.image):
        raise UsageError(f"{output} is the input and would be overwritten")
    _check_type(arguments.image)
    classifier = Classifier(arguments.model, tta=arguments.tta)
    explanation = classifier.explain(arguments.image, arguments.target)
    _save(explanation, output)
    _say(explanation, output)
    return ExitCode.DONE


def _check_type(path: Path) -> None:
    """Point to the pictures inside, where the file is a document and no image."""
    from medsift.decode.sniff import HEAD_BYTES, sniff

    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return  # The classifier says why.
    if sniff(head, path.name) != "image":
        raise UnsupportedError(
            f"{path} is no image file; save the pictures inside with medsift scan"
            " --save-images DIR, and explain one of those"
        )


def _save(explanation: Explanation, path: Path) -> None:
    from PIL import Image

    try:
        draft = draft_beside(path)
        try:
            Image.fromarray(explanation.overlay).save(draft, format="PNG")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _say(explanation: Explanation, path: Path) -> None:
    prediction, heat = explanation.prediction, explanation.heat
    sys.stdout.write(
        f"{prediction.label}: p_medical {prediction.p_medical:.3f}, {prediction.kind}"
        f" {prediction.p_kind:.2f}\n"
        f"{harmless(str(path))}: evidence for {explanation.target} by place, in log-odds,"
        f" from {heat.min():.1f} (blue) to {heat.max():.1f} (orange)\n"
    )
