"""``medsift scan``: find, extract and classify every image."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from medsift.cli.exit_codes import ExitCode
from medsift.cli.scan_arguments import add_arguments
from medsift.cli.scan_request import STANDARD, request_of
from medsift.core.errors import UsageError
from medsift.core.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from medsift.cli.scan_request import Looked, ScanRequest
    from medsift.pipeline.options import ScanOptions
    from medsift.pipeline.outcomes import Examined
    from medsift.pipeline.shards import ShardTotals
    from medsift.pipeline.since import Since
    from medsift.report.opening import Opening
    from medsift.report.outputs import Outputs
    from medsift.report.summary import ScanSummary
    from medsift.sources.inputs import Input
    from medsift.sources.web.options import WebOptions

__all__ = ["add_arguments", "exit_code", "run"]


def run(arguments: argparse.Namespace) -> int:
    """Scan, write the outputs, and tell by the exit code how it went."""
    from medsift.cli import shards
    from medsift.cli.display import ScanDisplay
    from medsift.pipeline.groups import Groups
    from medsift.pipeline.scan import examine_all
    from medsift.pipeline.since import Since
    from medsift.report.outputs import open_outputs

    request = request_of(arguments)
    looked, written = request.looked, request.written
    # All of it is read before any output is opened, which it may be.
    since = Since(request.start.since)
    options = replace(_options(arguments), judgements=since.judgements)
    # Before any output is opened, and so overwritten.
    _check_model(options.model)
    if not (looked.inputs or looked.lists):
        raise UsageError("nothing to scan: name an input, or a list of them with --inputs-from")
    if any(map(shards.is_folder, written.outputs)):
        return exit_code(shards.run(request, options), request.fail_on)
    written.check(looked, request.start)
    _check_lists(looked)
    view = ScanDisplay(looked, written, request.shown)
    view.announce(options)
    groups = None if options.group_bits is None else Groups(options.group_bits)
    interrupted = False
    try:
        with (
            open_outputs(written.outputs, _opening(request, options, since)) as outputs,
            view,
            closing(
                since.stream(
                    examine_all(_items(request, outputs), options, groups, _holding(outputs))
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
    return exit_code(view.summary, request.fail_on)


def exit_code(summary: ScanSummary | ShardTotals, fail_on: frozenset[str]) -> ExitCode:
    """The exit code that goes with the records of a finished scan."""
    matches = {**summary.labels, "error": summary.failed}
    if any(matches.get(name) for name in fail_on):
        return ExitCode.MATCHED
    if summary.failed:
        return ExitCode.SOME_FAILED
    return ExitCode.DONE if summary.pictures else ExitCode.NO_IMAGE


def _options(arguments: argparse.Namespace) -> ScanOptions:
    from medsift.pipeline.options import ScanOptions

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


def _opening(request: ScanRequest, options: ScanOptions, since: Since) -> Opening:
    from medsift.pipeline.resume import elsewhere
    from medsift.report.opening import Opening

    return Opening(
        request.start.mode,
        request.start.retry,
        request.start.by,
        {**options.settings, "since": since.fingerprint},
        request.written.bbox_columns,
        elsewhere(request.looked.inputs, request.looked.are_listed),
        request.written.beside,
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


def _items(request: ScanRequest, outputs: Outputs) -> Iterator[Input | Examined | None]:
    from medsift.pipeline.resume import going_on, stamped

    items = stamped(_expanded(request, outputs), request.start.by)
    if request.looked.by_series:
        from medsift.sources.series import by_series

        items = by_series(items)
    return going_on(items, outputs)


def _expanded(request: ScanRequest, outputs: Outputs) -> Iterator[Input | None]:
    from medsift.sources.inputs import Expander

    expander = Expander([*request.written.paths(), *outputs.paths])
    for name in _names(request.looked):
        if name is None:
            yield None
        else:
            yield from expander.inputs(name)


def _check_lists(looked: Looked) -> None:
    """Refuse a list that cannot be read before any output is opened, and so overwritten."""
    from medsift.sources import listing

    for name in looked.lists:
        listing.check(name)


def _check_model(model: str) -> None:
    """Refuse a model that cannot be used; a folder of the user's is loaded to know."""
    from medsift.classify import store

    if store.find(model).parent != store.BUNDLED:
        from medsift.classify import Classifier

        Classifier(model)


def _names(looked: Looked) -> Iterator[str | None]:
    from medsift.cli import standard_input
    from medsift.cli.names import as_on_disk
    from medsift.sources import listing

    for name in looked.inputs:
        if name == STANDARD:
            yield from (line and as_on_disk(line) for line in standard_input.lines())
        else:
            yield name
    for name in looked.lists:
        yield from map(as_on_disk, listing.read(name))
