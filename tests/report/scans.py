"""Small scans into three outputs at once, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from medsift.core.record import Record
from medsift.report.opening import Opening
from medsift.report.outputs import Outputs, open_outputs
from medsift.report.replay import Known
from medsift.report.stamps import WEB
from medsift.report.values import record_of, row_of
from medsift.report.writers import read_rows

from .samples import failure, picture

NAMES = ("out.parquet", "out.csv", "out.jsonl")
INPUTS: dict[str, list[Record]] = {
    "one.pdf": [picture("one.pdf", 1), picture("one.pdf", 2)],
    "=none.txt": [],
    "half\udc80.png": [picture("half\udc80.png")],
    "bad.pdf": [failure("bad.pdf")],
    "last.pdf": [picture("last.pdf", i) for i in range(1, 4)],
}


RESUME = Opening("resume", settings={"threshold": 0.6})
NEW = Opening(settings={"threshold": 0.6})


def paths(folder: Path) -> list[str]:
    return [str(folder / name) for name in NAMES]


def scan(
    folder: Path,
    beginning: Opening = NEW,
    only: Sequence[str] = tuple(INPUTS),
    stamps: Mapping[str, str] = {},
    inputs: Mapping[str, list[Record]] = INPUTS,
) -> list[str]:
    """Write what is not known yet, and tell what that was."""
    worked_on = []
    with open_outputs(paths(folder), beginning) as outputs:
        for key in only:
            stamp = stamps.get(key, WEB)
            known = list(outputs.recall(key, stamp))
            for each in known:
                write(outputs, each)
            if not known or known[-1].key != key:
                worked_on.append(key)
                write(outputs, Known(key, stamp, inputs[key], written=False))
        for each in outputs.leftover():
            write(outputs, each)
    return worked_on


def write(outputs: Outputs, known: Known) -> None:
    if not known.written:
        for record in known.records:
            outputs.write(record)
        outputs.complete(known.key, known.stamp)


def interrupted(folder: Path, key: str, unfinished: Sequence[Record] = ()) -> None:
    """Finish one input, begin another one, and press Ctrl-C."""

    def work() -> None:
        with open_outputs(paths(folder), NEW) as outputs:
            write(outputs, Known(key, WEB, INPUTS[key], written=False))
            for record in unfinished:
                outputs.write(record)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()


def contents(folder: Path) -> list[list[Record]]:
    return [[record_of(row) for row in read_rows(folder / name)] for name in NAMES]


def reopened(folder: Path) -> None:
    """Make a finished scan one that was killed before its end."""
    open_outputs(paths(folder), RESUME).close(finished=False)


def clean(record: Record) -> Record:
    return record_of(row_of(record))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
