"""``medsift scan --engine ray -o FOLDER/``: a shard of Parquet for each block of inputs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.core.errors import UsageError

if TYPE_CHECKING:
    from medsift.cli.scan_request import ScanRequest
    from medsift.pipeline.blocks import Block
    from medsift.pipeline.options import ScanOptions
    from medsift.pipeline.shards import ShardTotals


def is_folder(output: str) -> bool:
    """Whether an output is a folder of shards."""
    return output.endswith(("/", "\\")) or "://" in output or Path(output).is_dir()


def run(request: ScanRequest, options: ScanOptions) -> ShardTotals:
    """Make the shards that are missing, then put up the marker; gives the counts of all.

    Raises
    ------
    UsageError
        Options that do not go with a folder.
    OutputError
        The folder cannot be written, or does not belong to these inputs and options.
    """
    from medsift.pipeline import cluster
    from medsift.pipeline.shards import ShardFolder, ShardTotals

    _check(request, options)
    cluster.require_ray()
    folder = ShardFolder(request.written.outputs[0])
    folder.begin(options.settings, request.start.resumes)
    counts = ShardTotals()
    started = time.monotonic()
    shards: list[str] = []
    missing: list[Block] = []
    there = folder.shards()
    for block in _blocks(request):
        shards.append(block.shard)
        if block.shard in there:
            row = folder.counts(block.shard)
            if not (request.start.retry and row["failed"]):
                counts.add(row)
                continue
            folder.remove(block.shard)
        missing.append(block)
    if missing:
        folder.reopen()
        for number, (_, row) in enumerate(cluster.make_shards(missing, options, folder.name), 1):
            counts.add(row)
            _tell(request, f"{number} of {len(missing)} shards, {counts.records:,} records")
    folder.finish(counts, shards)
    if request.shown.summary:
        sys.stderr.write(f"{counts.sentence(time.monotonic() - started)}\n")
    return counts


def _check(request: ScanRequest, options: ScanOptions) -> None:
    if request.engine != "ray":
        raise UsageError("a folder as output needs --engine ray")
    if (
        len(request.written.outputs) > 1
        or request.written.report
        or request.shown.table
        or request.written.by_file
        or request.written.features
    ):
        raise UsageError("a folder of shards goes with no other output, table, report or list")
    if request.looked.by_series:
        raise UsageError("--by-series does not go with a folder of shards: each has its inputs")
    if options.group_bits is not None:
        raise UsageError("look-alikes are grouped within one file, not across shards")
    if "-" in request.looked.inputs:
        raise UsageError("a folder of shards needs inputs that can be named again: no -")
    if request.block < 1:
        raise UsageError(f"a shard holds at least one input, not {request.block}")


def _blocks(request: ScanRequest) -> list[Block]:
    from medsift.pipeline.blocks import blocks

    return list(blocks(request.looked.inputs, request.looked.lists, request.block))


def _tell(request: ScanRequest, text: str) -> None:
    if sys.stderr.isatty() and request.shown.progress:
        sys.stderr.write(f"\r{text}\x1b[K")
