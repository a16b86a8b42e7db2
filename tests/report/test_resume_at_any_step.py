"""Scans are ended at random steps of their files, their inputs change, and they are resumed."""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medsift.core.record import Record
from medsift.report.journal import Journal
from medsift.report.opening import Opening
from medsift.report.outputs import Outputs, open_outputs
from medsift.report.writers import LineWriter, ParquetWriter, read_rows

NAMES = ("out.csv", "out.jsonl", "out.parquet")
ROUNDS = 25
STEPS: tuple[tuple[Any, str], ...] = (
    (os, "truncate"),
    (Path, "replace"),
    (Path, "unlink"),
    (LineWriter, "flush"),
    (LineWriter, "rewind"),
    (LineWriter, "seal"),
    (ParquetWriter, "seal"),
    (Journal, "_append"),
)


class EndedError(BaseException):
    """What an interrupt or a kill is to the code that it meets."""


class Clock:
    """Ends the scan at a step; 0 for never."""

    def __init__(self) -> None:
        self.left = 0

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise EndedError

    def counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def with_ticks(*arguments: Any, **named: Any) -> Any:
            self.tick()
            result = step(*arguments, **named)
            self.tick()
            return result

        return with_ticks


@pytest.mark.parametrize("seed", range(3))
def test_outputs_always_end_as_those_of_one_undisturbed_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng, clock = random.Random(seed), Clock()
    out = tmp_path / "out"
    out.mkdir()
    inputs: dict[str, tuple[str, int]] = {}
    ends = 0
    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, clock.counted(getattr(owner, name)))
    for _ in range(ROUNDS):
        clock.left = 0
        for _ in range(rng.choice((0, 1, 4))):
            change(tmp_path, inputs, rng)
        clock.left = rng.randrange(1, 100) if rng.random() < 0.6 else 0
        outputs = None
        try:
            outputs = open_outputs([str(out / name) for name in NAMES], Opening("resume"))
            scan(outputs, inputs, rng)
            outputs.close()
        except EndedError:
            clock.left = 0
            end(outputs, out, interrupted=rng.random() < 0.4)
            continue
        ends += 1
        expected = [(key, stamp, n) for key, (stamp, rows) in sorted(inputs.items())
                    for n in range(rows)]  # fmt: skip
        for name in NAMES:
            found = [(row["source"], row["error"], row["index"]) for row in read_rows(out / name)]
            assert found == expected, name
        assert {path.name for path in out.iterdir()} == {*NAMES, "out.csv.journal"}
    assert 2 < ends < ROUNDS
    outputs = None
    gc.collect()  # nothing is open any more, or it would warn here


def change(folder: Path, inputs: dict[str, tuple[str, int]], rng: random.Random) -> None:
    """Add, change or remove an input."""
    new = str(folder / f"{rng.randrange(100):02}.png")
    key = rng.choice([new, *inputs])
    if key in inputs and rng.random() < 0.5:
        del inputs[key]
        Path(key).unlink()
    else:
        Path(key).touch()
        inputs[key] = (f"file:1:{rng.randrange(10**9)}", rng.randrange(4))


def scan(outputs: Outputs, inputs: dict[str, tuple[str, int]], rng: random.Random) -> None:
    for key, (stamp, rows) in sorted(inputs.items()):
        known = list(outputs.recall(key, stamp))
        for each in known:
            if not each.written:
                write(outputs, each.key, each.stamp, list(each.records))
        if known:
            continue
        records = [Record(key, error=stamp, index=number) for number in range(rows)]
        if rng.random() < 0.4:
            outputs.hold(key, stamp, records)
        write(outputs, key, stamp, records)
    for each in outputs.leftover():
        if not each.written:
            write(outputs, each.key, each.stamp, list(each.records))


def write(outputs: Outputs, key: str, stamp: str, records: list[Record]) -> None:
    for record in records:
        outputs.write(record)
    outputs.complete(key, stamp)


def end(outputs: Outputs | None, out: Path, interrupted: bool) -> None:
    """Leave files as an interrupt does, or a kill."""
    if outputs is not None and interrupted:
        outputs.close(finished=False)
    elif outputs is not None:
        for lock in outputs._locks:
            lock._stream.close()
        if outputs._journal:
            outputs._journal.close()
        if outputs._earlier:
            outputs._earlier.close()
        for file in outputs._files:
            file.leave()
    for lock_file in out.glob("*.lock"):
        lock_file.unlink()
