"""Steady speed of an engine: pictures a second, without its start and its end.

    python engines.py local|ray MODEL WORKERS FOLDER

Both write Parquet: the local engine one file, Ray a shard for each block of :data:`BLOCK`
pictures. The clock starts when :data:`WARM` pictures are done, so that starting the processes (or
Ray's cluster and its actors) and loading the networks does not count, and stops when all is
written. Every file was read once before. An actor may be up to one block ahead when the clock
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
from contextlib import closing
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
        began = time.perf_counter()
        counted = warm = 0
        started = began
        for number in done(str(arguments.folder), options, place):
            counted += number
            if not warm and counted >= WARM:
                warm, started = counted, time.perf_counter()
        ended = time.perf_counter()
    row = {
        "pictures": counted - warm,
        "seconds": ended - started,
        "before": started - began,
    }
    sys.stdout.write(json.dumps(row) + "\n")


def local(folder: str, options: ScanOptions, place: str) -> Iterator[int]:
    """Scan into one file, as the command does; yields 1 for each input."""
    with (
        open_outputs([f"{place}/out.parquet"]) as outputs,
        closing(examine_all(expand([folder]), options)) as stream,
    ):
        for examined in stream:
            for outcome in examined.outcomes:
                outputs.write(outcome.record)
            outputs.complete(examined.item.source)
            yield 1


def ray(folder: str, options: ScanOptions, place: str) -> Iterator[int]:
    """Scan into shards, as the command does; yields the inputs of each shard."""
    shards = ShardFolder(f"{place}/shards")
    shards.begin(options.settings, resume=False)
    for _, counts in make_shards(list(blocks([folder], [], BLOCK)), options, shards.name):
        yield int(counts["inputs"])


if __name__ == "__main__":
    main()
