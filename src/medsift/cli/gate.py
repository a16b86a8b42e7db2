"""``medsift gate``: let files pass, or say which of them hold medical pictures.

Made for hooks and pipelines: files without a picture pass, nothing is written, and there are two
answers that matter, 0 and 5. A name of nothing is a mistake of whoever calls it, exit code 2: a
gate that looks at nothing would pass for ever.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from medsift.cli.exit_codes import ExitCode
from medsift.pipeline.arguments import add_verdict_arguments, add_workers_argument

if TYPE_CHECKING:
    from medsift.core.record import Record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("inputs", nargs="*", metavar="FILE", help="files and folders to look into")
    add_verdict_arguments(parser)
    parser.add_argument(
        "--recall",
        type=float,
        metavar="R",
        help="with --uncertain: stop a share R of all medical pictures, by the model's card",
    )
    parser.add_argument(
        "--uncertain", action="store_true", help="also stop pictures that may be medical"
    )
    parser.add_argument(
        "--failed", action="store_true", help="also stop what cannot be read, and may hold anything"
    )
    parser.add_argument(
        "--since",
        action="append",
        default=[],
        metavar="FILE",
        help="what people judged, as the app gives it (.csv, .zip): what they called not medical"
        " passes; repeatable",
    )
    parser.add_argument(
        "--github", action="store_true", help="print what is stopped as annotations of GitHub"
    )
    add_workers_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look into the files; exit code 5 where one of them is stopped, otherwise 0."""
    from medsift.core.errors import NotFoundError, UsageError
    from medsift.pipeline.options import ScanOptions
    from medsift.pipeline.scan import scan
    from medsift.pipeline.since import Since

    if arguments.recall is not None and not arguments.uncertain:
        raise UsageError("--recall tells what may be medical: it goes with --uncertain")
    options = ScanOptions(
        model=arguments.model,
        threshold=arguments.threshold,
        recall=arguments.recall,
        tta=arguments.tta,
        min_size=arguments.min_size,
        workers=arguments.workers,
        judgements=Since(arguments.since).judgements,
        all_kinds=False,
        captions=False,
    )
    stopped = False
    nothing: list[str] = []
    for record in scan(arguments.inputs, options) if arguments.inputs else ():
        named = record.source in arguments.inputs and not record.member
        if named and record.reason == NotFoundError.code and not os.path.lexists(record.source):
            nothing.append(record.source)
        if not _stops(record, arguments):
            continue
        stopped = True
        sys.stdout.write((_annotation(record) if arguments.github else _line(record)) + "\n")
    if nothing and not stopped:
        raise UsageError(f"there is nothing to look into: {', '.join(nothing)}")
    return ExitCode.MATCHED if stopped else ExitCode.DONE


def _stops(record: Record, arguments: argparse.Namespace) -> bool:
    if record.status == "failed":
        return bool(arguments.failed)
    return record.label == "medical" or (record.label == "uncertain" and bool(arguments.uncertain))


def _line(record: Record) -> str:
    from medsift.report.terminal import harmless

    return harmless(_text(record))


def _text(record: Record) -> str:
    place = record.locator or record.member
    where = f"{record.source} ({place})" if place else record.source
    return f"{where}: {_why(record)}"


def _why(record: Record) -> str:
    if record.status == "failed":
        return record.error or record.reason
    verdict = "medical" if record.label == "medical" else "may be medical"
    p = "" if record.p_medical is None else f", p {record.p_medical:.2f}"
    return f"{verdict}: {record.kind}{p}"


def _annotation(record: Record) -> str:
    """A workflow command of GitHub Actions, with its characters escaped as it asks for."""
    # With the name of the file: logs show the text alone.
    text = _escaped(_text(record))
    name = _escaped(record.source).replace(":", "%3A").replace(",", "%2C")
    return f"::error file={name},title=medsift::{text}"


def _escaped(text: str) -> str:
    from medsift.report.values import clean_text

    escaped = clean_text(text).replace("%", "%25")
    return escaped.replace("\r", "%0D").replace("\n", "%0A")
