"""``medsift scan``: find, extract and classify every image."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.cli.exit_codes import ExitCode
from medsift.core.errors import UsageError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.pipeline.arguments import (
    add_limit_arguments,
    add_verdict_arguments,
    add_workers_argument,
)

if TYPE_CHECKING:
    from medsift.pipeline.options import ScanOptions
    from medsift.pipeline.outcomes import Examined
    from medsift.pipeline.shards import Counts
    from medsift.pipeline.since import Since
    from medsift.report.beginning import Beginning
    from medsift.report.outputs import Outputs
    from medsift.report.summary import Summary
    from medsift.sources.inputs import Input
    from medsift.sources.web.options import WebOptions

# Commas separate names, but for the one within the parentheses of a tag.
_NAME = re.compile(r"\([^()]*\)|[^,]+")

FAIL_ON = ("medical", "uncertain", "error")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="file, folder, glob or address; - reads one input a line from standard input",
    )
    parser.add_argument(
        "--inputs-from",
        action="append",
        default=[],
        metavar="FILE[:COLUMN]",
        help="a list of inputs: text with one a line, or a column of a .parquet file; repeatable",
    )
    _add_output_arguments(parser.add_argument_group("output"))
    verdict = parser.add_argument_group("verdict")
    add_verdict_arguments(verdict)
    _add_recall_argument(verdict)
    _add_text_arguments(verdict)
    _add_accept_arguments(verdict)
    _add_work_arguments(parser.add_argument_group("work"))
    _add_web_arguments(parser.add_argument_group("web"))
    add_limit_arguments(parser.add_argument_group("limits"))


def run(arguments: argparse.Namespace) -> int:
    """Scan, write the outputs, and tell by the exit code how it went."""
    from medsift.cli import shards
    from medsift.cli.view import View
    from medsift.pipeline.groups import Groups
    from medsift.pipeline.scan import examine_all
    from medsift.pipeline.since import Since
    from medsift.report.outputs import open_outputs

    # All of it is read before any output is opened, which it may be.
    since = Since(arguments.since)
    options = replace(_options(arguments), judgements=since.judgements)
    # Before any output is opened, and so overwritten.
    _check_model(options.model)
    if not (arguments.inputs or arguments.inputs_from):
        raise UsageError("nothing to scan: name an input, or a list of them with --inputs-from")
    if any(map(shards.is_folder, arguments.output)):
        return exit_code(shards.run(arguments, options), frozenset(arguments.fail_on))
    _check_outputs(arguments)
    _check_lists(arguments)
    view = View(arguments)
    view.announce(options)
    groups = None if options.group_bits is None else Groups(options.group_bits)
    interrupted = False
    try:
        with (
            open_outputs(arguments.output, _beginning(arguments, options, since)) as outputs,
            view,
            closing(
                since.stream(
                    examine_all(_items(arguments, outputs), options, groups, _holding(outputs))
                )
            ) as stream,
        ):
            for examined in stream:
                if not examined.written:
                    for outcome in examined.outcomes:
                        outputs.write(outcome.record)
                    outputs.complete(examined.item.source, examined.item.stamp)
                view.show(examined)
            view.note(outputs.changes, since)
    except KeyboardInterrupt:
        interrupted = True
    view.sum_up(interrupted)
    if interrupted:
        return ExitCode.INTERRUPTED
    return exit_code(view.summary, frozenset(arguments.fail_on))


def exit_code(summary: Summary | Counts, fail_on: frozenset[str]) -> ExitCode:
    """The exit code that goes with the records of a finished scan."""
    matches = {**summary.labels, "error": summary.failed}
    if any(matches.get(name) for name in fail_on):
        return ExitCode.MATCHED
    if summary.failed:
        return ExitCode.SOME_FAILED
    return ExitCode.DONE if summary.pictures else ExitCode.NO_IMAGE


def _add_output_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help=".csv, .jsonl or .parquet, by suffix; repeatable; - writes JSONL to standard output",
    )
    group.add_argument(
        "--table", action="store_true", help="print the table for people even with --output"
    )
    group.add_argument(
        "--only",
        type=_comma_separated,
        default=(),
        metavar="LABEL[,LABEL...]",
        help="lines of the table: medical, uncertain, non_medical, skipped, failed; default: all",
    )
    group.add_argument("--report", metavar="FILE.html", help="one self-contained page of results")
    group.add_argument(
        "--by-file",
        metavar="FILE",
        help="one row a file, most urgent first, in .csv or .parquet: what is in it, kinds, owner,"
        " time of change, and why it could not be read",
    )
    group.add_argument(
        "--features",
        type=Path,
        metavar="FILE",
        help="what the networks make of each picture that has a verdict, a row each in the order of"
        " the records: .npy or .parquet",
    )
    group.add_argument(
        "--save-images",
        type=Path,
        metavar="DIR",
        help="save the original bytes of each image as DIR/<label>/<sha256>.<ext>",
    )
    group.add_argument(
        "--save-names",
        default="",
        metavar="PATTERN",
        help="with --save-images: names that people can read, such as"
        " {stem}-p{page}-{index}-{kind}; also {label}, {frame}, {figure}, {sha256}",
    )
    group.add_argument(
        "--save-labels",
        type=_comma_separated,
        default=(),
        metavar="LABEL[,LABEL...]",
        help="with --save-images: only pictures of these labels; default: all",
    )
    group.add_argument(
        "--bbox-columns",
        action="store_true",
        help="in CSV, bbox and panel_bbox as four columns of numbers each: bbox_x0, bbox_y0 ...",
    )
    group.add_argument(
        "--since",
        action="append",
        default=[],
        metavar="FILE",
        help="an earlier output: tells which pictures are new, known, moved or copied, and which"
        " files are gone; or what people judged, as the app gives it (.csv, .zip), which overrules"
        " the model; repeatable",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="continue an earlier scan into the same output, interrupted or not: what is new or has"
        " changed is done, nothing is done twice or lost; refused where the model or other options"
        " that records depend on have changed",
    )
    group.add_argument(
        "--resume-by",
        choices=("time", "hash"),
        default="time",
        help="how --resume knows that a file has changed: by size and time of change, or by its"
        " content; default: %(default)s",
    )
    group.add_argument(
        "--overwrite", action="store_true", help="begin anew although the output exists"
    )
    group.add_argument(
        "--retry-failed",
        action="store_true",
        help="with --resume: do inputs with a failed record again, and replace their records",
    )


def _add_text_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--text",
        action="store_true",
        help="look for text burnt into medical and uncertain pictures: how many lines, and their"
        " share of the area; needs medsift[text]",
    )
    group.add_argument(
        "--text-content",
        action="store_true",
        help="with --text: also write what the text says, which may name patients",
    )


def _add_recall_argument(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--recall",
        type=float,
        metavar="R",
        help="find a share R of all medical pictures, such as 0.99: what is possibly medical by the"
        " bounds of the model's card becomes uncertain; tells what share must be looked at",
    )


def _add_accept_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--all-kinds",
        action="store_true",
        help="put the probabilities of all kinds into the field kinds, as JSON",
    )
    group.add_argument(
        "--accept",
        default="",
        metavar="KIND[,KIND...]",
        help="what is wanted: kinds, or the groups radiology, skin, eye, microscopy, medical and"
        " non_medical; records get a decision, accept, look or reject, with its reason",
    )
    group.add_argument(
        "--accept-threshold",
        type=float,
        metavar="T",
        help="with --accept: accept from this probability on; default: the bounds of the model's"
        " card, which were fitted so that few others are accepted",
    )


def _add_work_arguments(group: argparse._ArgumentGroup) -> None:
    add_workers_argument(group)
    group.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where the work runs; ray needs medsift[ray], and with -o FOLDER/ makes one Parquet"
        " file for each block of inputs; default: local",
    )
    group.add_argument(
        "--block",
        type=int,
        default=1000,
        metavar="N",
        help="inputs of a shard, with -o FOLDER/; default: %(default)s",
    )
    group.add_argument("--pdf-password", default="", metavar="TEXT", help="tried on encrypted PDFs")
    group.add_argument(
        "--pdf-pixels",
        choices=("seen", "stored"),
        default="seen",
        help="of pictures that a PDF draws text or lines over: as the page shows them, or as they"
        " are stored; default: %(default)s",
    )
    group.add_argument(
        "--all-frames",
        action="store_true",
        help="look at every frame of multi-frame images, not at an even choice of 32",
    )
    group.add_argument(
        "--by-series",
        action="store_true",
        help="one record for each DICOM series, of a slice near its middle, not one for each slice",
    )
    group.add_argument(
        "--dicom-tags",
        type=_tag_names,
        default=(),
        metavar="NAME[,NAME...]",
        help="put these elements of DICOM headers into the field dicom_tags: keywords such as"
        " StudyDescription, or tags such as (0008,1030); default: none, as headers name patients",
    )
    group.add_argument(
        "--panels",
        action="store_true",
        help="a record for each panel of a compound picture, beneath the record of the whole; with"
        " --save-images they are saved, cropped",
    )
    group.add_argument(
        "--no-captions",
        dest="captions",
        action="store_false",
        help="leave the captions of pictures out",
    )
    group.add_argument(
        "--group-duplicates",
        action="store_true",
        help="name groups of look-alikes in the field group: by the phash of their first picture",
    )
    group.add_argument(
        "--group-bits",
        type=int,
        default=6,
        metavar="N",
        help="in how many of 64 bits the phash of look-alikes may differ; default: %(default)s",
    )
    group.add_argument(
        "--fail-on",
        action="append",
        default=[],
        choices=FAIL_ON,
        help="exit 5 where a record matches; repeatable",
    )
    group.add_argument("--no-progress", action="store_true", help="show no progress")
    group.add_argument(
        "--quiet", action="store_true", help="show no progress, no table and no summary"
    )


def _add_web_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--crawl",
        type=int,
        default=0,
        metavar="N",
        help="also read pages and documents of the same host, up to N links away",
    )
    group.add_argument(
        "--max-pages", type=int, default=100, metavar="N", help="for one address; default: 100"
    )
    group.add_argument(
        "--linked", action="store_true", help="also fetch images that a page only links to"
    )
    group.add_argument(
        "--ignore-robots",
        action="store_true",
        help="fetch what robots.txt forbids and use what X-Robots-Tag protects; for own sites",
    )
    group.add_argument(
        "--allow-private", action="store_true", help="also fetch from private addresses"
    )
    group.add_argument(
        "--port",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="also speak to this port, besides 80 and 443; repeatable",
    )
    group.add_argument(
        "--web-cache",
        type=Path,
        metavar="DIR",
        help="keep fetched files for the next time, up to 1 GiB",
    )


def _options(arguments: argparse.Namespace) -> ScanOptions:
    from medsift.pipeline.options import ScanOptions
    from medsift.report.summary import LABELS

    if arguments.retry_failed and not arguments.resume:
        raise UsageError("--retry-failed goes with --resume")
    if arguments.features is not None:
        from medsift.report import features_file

        if arguments.resume:
            raise UsageError("--features needs a whole scan: it does not go with --resume")
        if arguments.panels:
            raise UsageError("--features are of whole pictures: it does not go with --panels")
        features_file.check(arguments.features)
    if (arguments.save_names or arguments.save_labels) and not arguments.save_images:
        raise UsageError("--save-names and --save-labels go with --save-images")
    if arguments.overwrite and arguments.resume:
        raise UsageError("--overwrite begins anew, --resume goes on: only one of them")
    if unknown := set(arguments.only) - {*LABELS, "skipped", "failed"}:
        raise UsageError(f"--only knows no {min(unknown)}: {', '.join(LABELS)}, skipped, failed")
    if arguments.resume and all(name == "-" for name in arguments.output):
        raise UsageError("--resume needs the --output that it shall continue")
    if arguments.engine == "ray":
        # Before any output is opened: whoever lacks Ray keeps what is there.
        from medsift.pipeline.cluster import require_ray

        require_ray()
    return ScanOptions(
        model=arguments.model,
        threshold=arguments.threshold,
        recall=arguments.recall,
        text=arguments.text or arguments.text_content,
        text_content=arguments.text_content,
        tta=arguments.tta,
        min_size=arguments.min_size,
        workers=arguments.workers,
        engine=arguments.engine,
        pdf_password=arguments.pdf_password,
        pdf_pixels=arguments.pdf_pixels,
        all_frames=arguments.all_frames,
        dicom_tags=arguments.dicom_tags,
        by_series=arguments.by_series,
        web=_web_options(arguments),
        all_kinds=arguments.all_kinds,
        accept=arguments.accept,
        accept_threshold=arguments.accept_threshold,
        group_bits=arguments.group_bits if arguments.group_duplicates else None,
        captions=arguments.captions,
        panels=arguments.panels,
        save_images=arguments.save_images,
        save_names=arguments.save_names,
        save_labels=arguments.save_labels,
        thumbnails=arguments.report is not None,
        heat=arguments.report is not None,
        features=arguments.features is not None,
        limits=replace(
            DEFAULT_LIMITS,
            seconds=arguments.max_seconds,
            pixels=arguments.max_pixels,
            memory_bytes=arguments.max_memory,
        ),
    )


def _beginning(arguments: argparse.Namespace, options: ScanOptions, since: Since) -> Beginning:
    from medsift.pipeline.resume import elsewhere
    from medsift.report.beginning import Beginning

    listed = bool(arguments.inputs_from) or "-" in arguments.inputs
    return Beginning(
        "resume" if arguments.resume else "overwrite" if arguments.overwrite else "new",
        arguments.retry_failed,
        arguments.resume_by,
        {**options.settings, "since": since.fingerprint},
        arguments.bbox_columns,
        elsewhere(arguments.inputs, listed),
    )


def _holding(outputs: Outputs) -> Callable[[Examined], None]:
    """What is done before its turn goes into the journal."""
    return lambda examined: outputs.hold(
        examined.item.source, examined.item.stamp, [o.record for o in examined.outcomes]
    )


def _web_options(arguments: argparse.Namespace) -> WebOptions:
    from medsift.sources.web.options import DEFAULT_WEB_OPTIONS, WebOptions

    return WebOptions(
        allow_private=arguments.allow_private,
        ports=(*DEFAULT_WEB_OPTIONS.ports, *arguments.port),
        ignore_robots=arguments.ignore_robots,
        ignore_tags=arguments.ignore_robots,
        linked_pictures=arguments.linked,
        crawl=arguments.crawl > 0,
        max_depth=max(1, arguments.crawl),
        max_pages=arguments.max_pages,
        cache=arguments.web_cache,
    )


def _items(arguments: argparse.Namespace, outputs: Outputs) -> Iterator[Input | Examined | None]:
    from medsift.pipeline.resume import going_on, stamped

    items = stamped(_expanded(arguments, outputs), arguments.resume_by)
    if arguments.by_series:
        from medsift.sources.series import by_series

        items = by_series(items)
    return going_on(items, outputs)


def _expanded(arguments: argparse.Namespace, outputs: Outputs) -> Iterator[Input | None]:
    from medsift.sources.inputs import Expander

    expander = Expander([*_written(arguments), *outputs.paths])
    for name in _names(arguments):
        if name is None:
            yield None
        else:
            yield from expander.inputs(name)


def _check_lists(arguments: argparse.Namespace) -> None:
    """Refuse a list that cannot be read before any output is opened, and so overwritten."""
    from medsift.sources import listing

    for name in arguments.inputs_from:
        listing.check(name)


def _check_model(model: str) -> None:
    """Refuse a model that cannot be used; a folder of the user's is loaded to know."""
    from medsift.classify import store

    if store.find(model).parent != store.BUNDLED:
        from medsift.classify import Classifier

        Classifier(model)


def _check_outputs(arguments: argparse.Namespace) -> None:
    own = {os.path.realpath(path) for path in _written(arguments)}
    for name in arguments.inputs:
        if name != "-" and os.path.realpath(name) in own and not Path(name).is_dir():
            raise UsageError(f"{name} is an input and would be overwritten as an output")
    again = arguments.resume or arguments.overwrite
    for name in filter(None, (arguments.report, arguments.by_file)):
        if not again and Path(name).is_file():
            raise UsageError(f"{name} exists already: --overwrite begins anew")


def _written(arguments: argparse.Namespace) -> list[Path]:
    """What the scan itself writes, which is no input of it."""
    from medsift.report.outputs import paths_of

    own = paths_of(arguments.output)
    own += [Path(arguments.report)] if arguments.report else []
    own += [Path(arguments.by_file)] if arguments.by_file else []
    own += [arguments.features] if arguments.features else []
    own += [arguments.save_images] if arguments.save_images else []
    return own


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _tag_names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in _NAME.findall(text))))


def _names(arguments: argparse.Namespace) -> Iterator[str | None]:
    from medsift.cli import standard_input
    from medsift.cli.names import as_on_disk
    from medsift.sources import listing

    for name in arguments.inputs:
        if name == "-":
            yield from (line and as_on_disk(line) for line in standard_input.lines())
        else:
            yield name
    for name in arguments.inputs_from:
        yield from map(as_on_disk, listing.read(name))
