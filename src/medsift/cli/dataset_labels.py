"""``medsift dataset check`` and ``medsift dataset convert``: labelled pictures, looked through."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsift.cli.exit_codes import ExitCode
from medsift.evaluation.arguments import add_kinds_argument, kinds_from

if TYPE_CHECKING:
    from medsift.evaluation.labelled import Example

FORMATS = ("folders", "csv", "parquet", "coco", "fiftyone", "label-studio", "imagefolder")


def add_actions(actions: Any) -> None:
    """Declare the two actions and their options."""
    check = actions.add_parser(
        "check", help="find copies, unreadable files, empty classes and folders passed over"
    )
    check.add_argument("data", type=Path, metavar="DATA", help="folder or table of labels")
    add_kinds_argument(check)
    check.add_argument("-o", "--output", type=Path, metavar="FILE.csv", help="all findings")
    check.add_argument("--no-progress", action="store_true", help="show no progress bar")
    convert = actions.add_parser("convert", help="write labelled pictures as other programs do")
    convert.add_argument("data", type=Path, metavar="DATA", help="folder, table or list of labels")
    convert.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    convert.add_argument("--to", required=True, choices=FORMATS, help="layout to write")
    convert.add_argument(
        "--from", dest="layout", default="", choices=FORMATS, help="default: told by the content"
    )
    add_kinds_argument(convert)


def run(arguments: argparse.Namespace) -> int:
    """Check or convert.

    Returns
    -------
    int
        0; of a check 3 where something should be mended.
    """
    return _check(arguments) if arguments.action == "check" else _convert(arguments)


def _check(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from medsift.evaluation import check
    from medsift.evaluation.formats import read

    more = kinds_from(arguments)
    examples = read(arguments.data, more)
    hidden = arguments.no_progress or not sys.stderr.isatty()
    with tqdm(total=len(examples), unit="image", disable=hidden) as bar:
        findings = check.check(arguments.data, examples, more, bar.update)
    if arguments.output is not None:
        check.write(findings, arguments.output)
    sys.stdout.write(check.render(findings, len(examples)))
    return ExitCode.SOME_FAILED if any(f.is_fault for f in findings) else ExitCode.DONE


def _convert(arguments: argparse.Namespace) -> int:
    from medsift.evaluation.formats import read, write

    examples = read(arguments.data, kinds_from(arguments), arguments.layout)
    write(examples, arguments.output, arguments.to)
    sys.stdout.write(f"{len(examples)} pictures in {arguments.output}\n")
    if arguments.to == "folders":
        for sentence in _lost_in_folders(examples):
            sys.stderr.write(f"medsift: {sentence}\n")
    return ExitCode.DONE


def _lost_in_folders(examples: Sequence[Example]) -> list[str]:
    from medsift.evaluation.naming import SPLITS

    bare = sum(bool(e.source and not e.kind) for e in examples)
    others = {e.split for e in examples if e.split and e.split.lower() not in SPLITS}
    found = [f"{bare} pictures without a kind lost their source"] if bare else []
    return found + [f"a folder {name!r} is no split to medsift" for name in sorted(others)]
