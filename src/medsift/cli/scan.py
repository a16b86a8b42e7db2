"""``medsift scan``: find, extract and classify every image."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.cli.exit_codes import ExitCode
from medsift.core.errors import UsageError
from medsift.core.record import Record

if TYPE_CHECKING:
    from medsift.pipeline.options import ScanOptions
    from medsift.pipeline.outcomes import Examined


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="file, folder, glob or address; - reads one input a line from standard input",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help=".csv, .jsonl or .parquet; repeatable; - writes JSONL to standard output",
    )
    output.add_argument("--report", metavar="FILE.html", help="one self-contained page of results")
    output.add_argument(
        "--save-images", type=Path, metavar="DIR", help="save each image as DIR/<label>/<sha256>"
    )
    output.add_argument("--resume", action="store_true", help="continue an interrupted scan")
    verdict = parser.add_argument_group("verdict")
    verdict.add_argument(
        "--model", default="default", metavar="NAME or DIR", help="default: %(default)s"
    )
    verdict.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="confidence below T makes the label uncertain; default: the model's own",
    )
    verdict.add_argument("--tta", action="store_true", help="also average over the mirror image")
    verdict.add_argument(
        "--min-size",
        type=int,
        default=32,
        metavar="PX",
        help="skip images with a shorter side below PX; default: %(default)s",
    )
    reading = parser.add_argument_group("reading")
    reading.add_argument("--pdf-password", default="", metavar="TEXT", help="for encrypted PDFs")
    reading.add_argument(
        "--all-frames", action="store_true", help="every frame, not an even choice of 32"
    )
    work = parser.add_argument_group("work")
    work.add_argument("--workers", type=int, metavar="N", help="default: the cores at hand")
    work.add_argument("--engine", choices=("local", "ray"), default="local")
    work.add_argument(
        "--fail-on",
        action="append",
        default=[],
        choices=("medical", "uncertain", "error"),
        help="exit 5 where a record matches; repeatable",
    )
    work.add_argument("--no-progress", action="store_true", help="no progress bar")
    work.add_argument("--quiet", action="store_true", help="no progress bar, table or summary")


def run(arguments: argparse.Namespace) -> int:
    """Scan, write the outputs, and tell by the exit code how it went."""
    from medsift.pipeline.scan import examine_all
    from medsift.report import open_outputs
    from medsift.sources.inputs import expand

    options = _options(arguments)
    tally = Tally()
    if arguments.resume and not any(name != "-" for name in arguments.output):
        raise UsageError("--resume needs the --output file that it shall continue")
    with ExitStack() as stack:
        outputs = stack.enter_context(open_outputs(arguments.output, resume=arguments.resume))
        faces = _Faces(arguments, stack)
        # Opened before the work begins, so that a wrong path or model fails at once.
        items = (i for i in expand(_names(arguments)) if i.source not in outputs.completed)
        stream = examine_all(items, options)
        stack.callback(stream.close)
        try:
            for examined in stream:
                for outcome in examined.outcomes:
                    outputs.write(outcome.record)
                    tally.count(outcome.record)
                outputs.complete(examined.item.source)
                faces.show(examined)
                tally.inputs += 1
        except KeyboardInterrupt:
            tally.interrupted = True
        faces.close(tally)
    return tally.exit_code(frozenset(arguments.fail_on))
