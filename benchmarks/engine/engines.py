"""Steady speed of an engine: pictures a second, without its start and its end.

    python engines.py local|ray MODEL WORKERS FOLDER

Both write Parquet: the local engine one file, Ray a shard for each block of :data:`BLOCK`
pictures. The clock starts when :data:`WARM` pictures are done, so that starting the processes (or
Ray's cluster and its actors) and loading the networks does not count. It stops when the last
picture is done, before processes are stopped, and what it takes to finish the one file is added.
Every file was read once before. An actor may be up to one block ahead when the clock
starts, so differences below ``WORKERS * BLOCK`` pictures mean nothing. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from medsift.pipeline.blocks import blocks
from medsift.pipeline.cluster import make_shards
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.scan import examine_all
from medsift.pipeline.shards import ShardFolder
from medsift.report.outputs import open_outputs
from medsift.sources.inputs import expand

BLOCK = 50
WARM = 200


def main() -> None:
    """Measure one engine."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("engine", choices=("local", "ray"))
    parser.add_argument("model")
    parser.add_argument("workers", type=int)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        # A core for each worker; the parent, or Ray and its actors, have no other.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.workers])
    for path in arguments.folder.rglob("*.jpg"):
        path.read_bytes()
    options = ScanOptions(model=arguments.model, workers=arguments.workers, engine=arguments.engine)
    done = local if arguments.engine == "local" else ray
    with tempfile.TemporaryDirectory() as place:
        began = started = ended = time.perf_counter()
        counted = warm = 0
        for number, seconds in done(str(arguments.folder), options, place):
            ended = ended + seconds if seconds else time.perf_counter()
            counted += number
            if not warm and counted >= WARM:
                warm, started = counted, ended
    row = {
        "pictures": counted - warm,
        "seconds": ended - started,
        "before": started - began,
    }
    sys.stdout.write(json.dumps(row) + "\n")


def local(folder: str, options: ScanOptions, place: str) -> Iterator[tuple[int, float]]:
    """Scan into one file, as the command does; yields each input, and at last the finishing.

    Yields
    ------
    inputs : int
    seconds : float
        To be added instead of the time that went by, where not 0.
    """
    with ExitStack() as stack:
        outputs = stack.enter_context(open_outputs([f"{place}/out.parquet"]))
        with closing(examine_all(expand([folder]), options)) as stream:
            for examined in stream:
                for outcome in examined.outcomes:
                    outputs.write(outcome.record)
                outputs.complete(examined.item.source)
                yield 1, 0.0
        began = time.perf_counter()
        stack.close()
        yield 0, time.perf_counter() - began


def ray(folder: str, options: ScanOptions, place: str) -> Iterator[tuple[int, float]]:
    """Scan into shards, as the command does; yields the inputs of each shard."""
    shards = ShardFolder(f"{place}/shards")
    shards.begin(options.settings, resume=False)
    for _, counts in make_shards(list(blocks([folder], [], BLOCK)), options, shards.name):
        yield int(counts["inputs"]), 0.0


if __name__ == "__main__":
    main()
