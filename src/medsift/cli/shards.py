"""``medsift scan --engine ray -o FOLDER/``: a shard of Parquet for each block of inputs."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from medsift.core.errors import UsageError

if TYPE_CHECKING:
    from medsift.pipeline.blocks import Block
    from medsift.pipeline.options import ScanOptions
    from medsift.pipeline.shards import Counts


def is_folder(output: str) -> bool:
    """Whether an output is a folder of shards."""
    return output.endswith(("/", "\\")) or "://" in output or Path(output).is_dir()


def run(arguments: argparse.Namespace, options: ScanOptions) -> Counts:
    """Make the shards that are missing, then put up the marker; gives the counts of all.

    Raises
    ------
    UsageError
        Options that do not go with a folder.
    OutputError
        The folder cannot be written, or does not belong to these inputs and options.
    """
    from medsift.pipeline import cluster
    from medsift.pipeline.shards import Counts, ShardFolder

    _check(arguments)
    cluster.require_ray()
    folder = ShardFolder(arguments.output[0])
    folder.begin(options.settings, arguments.resume)
    counts = Counts()
    started = time.monotonic()
    shards: list[str] = []
    missing: list[Block] = []
    there = folder.shards()
    for block in _blocks(arguments):
        shards.append(block.shard)
        if block.shard in there:
            row = folder.counts(block.shard)
            if not (arguments.retry_failed and row["failed"]):
                counts.add(row)
                continue
            folder.remove(block.shard)
        missing.append(block)
    if missing:
        folder.reopen()
        for number, (_, row) in enumerate(cluster.make_shards(missing, options, folder.name), 1):
            counts.add(row)
            _tell(arguments, f"{number} of {len(missing)} shards, {counts.records:,} records")
    folder.finish(counts, shards)
    if not arguments.quiet:
        sys.stderr.write(f"{counts.sentence(time.monotonic() - started)}\n")
    return counts


def _check(arguments: argparse.Namespace) -> None:
    if arguments.engine != "ray":
        raise UsageError("a folder as output needs --engine ray")
    if (
        len(arguments.output) > 1
        or arguments.report
        or arguments.table
        or arguments.by_file
        or arguments.features
    ):
        raise UsageError("a folder of shards goes with no other output, table, report or list")
    if arguments.by_series:
        raise UsageError("--by-series does not go with a folder of shards: each has its inputs")
    if arguments.group_duplicates:
        raise UsageError("look-alikes are grouped within one file, not across shards")
    if "-" in arguments.inputs:
        raise UsageError("a folder of shards needs inputs that can be named again: no -")
    if arguments.block < 1:
        raise UsageError(f"a shard holds at least one input, not {arguments.block}")


def _blocks(arguments: argparse.Namespace) -> list[Block]:
    from medsift.pipeline.blocks import blocks

    return list(blocks(arguments.inputs, arguments.inputs_from, arguments.block))


def _tell(arguments: argparse.Namespace, text: str) -> None:
    if sys.stderr.isatty() and not (arguments.no_progress or arguments.quiet):
        sys.stderr.write(f"\r{text}\x1b[K")
