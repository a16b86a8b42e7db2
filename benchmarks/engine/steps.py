"""Where the time of one picture goes: each step for itself, on one core, in milliseconds.

python steps.py FOLDER MODEL
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from medsift.classify import Classifier
from medsift.classify.ensemble import Prepared
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Picture, Provenance
from medsift.decode.blank import is_blank
from medsift.decode.phash import phash
from medsift.decode.reader import ImageReader
from medsift.pipeline.examine import Examiner
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcome_log import OutcomeWriter, read_finished
from medsift.pipeline.outcomes import Outcome
from medsift.report.opening import Opening
from medsift.report.outputs import open_outputs
from medsift.sources.inputs import Input

ROUNDS = 5
PICTURES = 100


def classify(classifier: Classifier, prepared: list[Prepared], size: int) -> None:
    """Classify in batches of a size."""
    for start in range(0, len(prepared), size):
        classifier.classify(prepared[start : start + size])


def hand_over(outcomes: list[Outcome], spool: Path) -> None:
    """Write outcomes as a worker does, and read them as its parent does."""
    with OutcomeWriter(spool) as writer:
        for position, outcome in enumerate(outcomes):
            writer.begin(position)
            writer.add(outcome, position)
            writer.end(position)
    for _ in read_finished(spool):
        pass


def write(outcomes: list[Outcome], table: str) -> None:
    """Write records, and note each input as done."""
    with open_outputs([table], Opening("overwrite")) as outputs:
        for outcome in outcomes:
            outputs.write(outcome.record)
            outputs.complete(outcome.record.source)


def measure(folder: Path, model: str) -> dict[str, float]:
    """Milliseconds a picture for each step, best of :data:`ROUNDS`."""
    files = sorted(folder.rglob("*.jpg"))[:PICTURES]
    contents = [path.read_bytes() for path in files]
    classifier = Classifier(model)
    target = classifier.largest_side

    def decoded(side: int) -> list[Picture]:
        where = Provenance("a.jpg")
        return [ImageReader(data, where, DEFAULT_LIMITS, side).picture(0) for data in contents]

    pixels = [picture.pixels for picture in decoded(target)]
    prepared = [classifier.prepare(each) for each in pixels]

    examiner = Examiner(ScanOptions(model=model))
    items = [Input(str(path), path=path) for path in files]
    outcomes = [outcome for _, outcome in examiner.examine_all(items) if outcome]

    def examine() -> None:
        # A new one each time: it remembers verdicts.
        fresh = Examiner(ScanOptions(model=model))
        started.append(time.process_time())
        for _ in fresh.examine_all(items):
            pass

    with tempfile.TemporaryDirectory() as place:
        spool, table = Path(place) / "spool", str(Path(place) / "table.jsonl")
        started: list[float] = []
        steps: dict[str, Callable[[], object]] = {
            "read the file": lambda: [path.read_bytes() for path in files],
            "SHA-256": lambda: [hashlib.sha256(data).hexdigest() for data in contents],
            "decode, DCT-scaled, with SHA-256": lambda: decoded(target),
            "decode at full size (not done)": lambda: decoded(0),
            "blank test": lambda: [is_blank(each) for each in pixels],
            "perceptual hash": lambda: [phash(each) for each in pixels],
            # At work only what the networks in question read is made.
            "resize for all networks": lambda: [dict(classifier.prepare(each)) for each in pixels],
            "networks, 1 at a time": lambda: classify(classifier, prepared, 1),
            "networks, 4 at a time": lambda: classify(classifier, prepared, 4),
            "networks, 8 at a time": lambda: classify(classifier, prepared, 8),
            "networks, 16 at a time (not done)": lambda: classify(classifier, prepared, 16),
            "hand over to the parent": lambda: hand_over(outcomes, spool),
            "write and note as done": lambda: write(outcomes, table),
            "all of a worker's work": examine,
        }
        found = {}
        for name, step in steps.items():
            times = []
            for _ in range(ROUNDS):
                started[:] = [time.process_time()]
                step()
                times.append(time.process_time() - started[-1])
            found[name] = min(times) / len(files) * 1000
    return found


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), sys.argv[2])) + "\n")
