"""Jobs: results come while the work goes on, and every input is accounted for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from medsift.app.job import Progress, ScanJob
from medsift.core.errors import CrashedError, DecodeError, InputError, ModelError
from medsift.core.record import Record
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Outcome
from medsift.pipeline.persistent_pool import PersistentPool, Work
from medsift.pipeline.pool import PoolBrokenError
from medsift.sources.inputs import Input

SECONDS = 30


class FakeWork:
    """Work whose course the test decides."""

    def __init__(self, item: Input, log: Path) -> None:
        self.item = item
        self.log = log
        self.is_begun = False
        self.is_over = False
        self.stopped = False
        self.error: Exception | None = None
        self.waiting: list[Outcome] = []

    def fresh(self) -> list[Outcome]:
        fresh, self.waiting = self.waiting, []
        return fresh

    def fault(self) -> InputError | None:
        if isinstance(self.error, InputError):
            return self.error
        if self.error:
            raise self.error
        return None

    def stop(self) -> None:
        self.stopped = True

    def find(self, page: int = 1) -> None:
        self.is_begun = True
        record = Record(self.item.source, page=page, label="medical", status="ok")
        self.waiting = [*self.waiting, Outcome(record)]

    def end(self, error: Exception | None = None) -> None:
        self.is_begun = True
        self.error = error
        self.is_over = True


class FakePool:
    def __init__(self, course: Callable[[FakeWork], None] = lambda _: None) -> None:
        self.works: list[FakeWork] = []
        self._course = course

    def examine(self, item: Input, log: Path, options: ScanOptions) -> Work:  # noqa: ARG002
        work = FakeWork(item, log)
        self.works.append(work)
        self._course(work)
        return cast("Work", work)


class Collected:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self.came = threading.Event()

    def __call__(self, progress: Progress, outcome: Outcome) -> None:  # noqa: ARG002
        self.records.append(outcome.record)
        self.came.set()


def start(
    pool: FakePool, tmp_path: Path, names: list[str], collected: Collected, pages: int = 10
) -> ScanJob:
    progress = [Progress(Input(name, path=tmp_path / name), i) for i, name in enumerate(names)]
    inner = cast("PersistentPool", pool)
    job = ScanJob(inner, ScanOptions(), progress, tmp_path, collected, lambda _: pages)
    job.start()
    return job


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(SECONDS * 50):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("it did not come to that")


def test_results_come_before_the_work_ends(tmp_path: Path) -> None:
    pool, collected = FakePool(), Collected()
    job = start(pool, tmp_path, ["a.pdf"], collected)
    until(lambda: bool(pool.works))
    pool.works[0].find(page=4)
    assert collected.came.wait(SECONDS)
    assert job.is_running
    until(lambda: job.inputs[0].pages == 10)
    assert job.share == pytest.approx(0.4)
    assert job.inputs[0].pictures == 1
    pool.works[0].end()
    assert job.wait(SECONDS)
    assert job.share == 1.0
    assert job.inputs[0].state == "done"


def test_only_a_few_inputs_are_handed_out_at_a_time(tmp_path: Path) -> None:
    pool = FakePool()
    job = start(pool, tmp_path, [f"{i}.png" for i in range(10)], Collected())
    until(lambda: len(pool.works) == 4)
    pool.works[0].end()
    until(lambda: len(pool.works) == 5)
    job.stop()
    assert job.wait(SECONDS)


def test_stopping_keeps_what_was_found_and_says_what_was_not_finished(tmp_path: Path) -> None:
    pool, collected = FakePool(), Collected()
    job = start(pool, tmp_path, [f"{i}.png" for i in range(6)], collected)
    until(lambda: len(pool.works) == 4)
    pool.works[0].find()
    job.stop()
    assert job.wait(SECONDS)
    assert all(work.stopped for work in pool.works)
    assert len(collected.records) == 1
    assert [each.state for each in job.inputs] == ["stopped"] * 6


def test_a_fault_costs_its_own_input(tmp_path: Path) -> None:
    def course(work: FakeWork) -> None:
        if work.item.source == "bad.png":
            work.end(DecodeError("nothing of use"))
        else:
            work.find()
            work.end()

    collected = Collected()
    job = start(FakePool(course), tmp_path, ["bad.png", "good.png"], collected)
    assert job.wait(SECONDS)
    told = {record.source: (record.status, record.error) for record in collected.records}
    assert told == {
        "bad.png": ("failed", "undecodable: nothing of use"),
        "good.png": ("ok", ""),
    }
    assert job.fault == ""


def test_a_broken_pool_is_tried_again_but_not_for_ever(tmp_path: Path) -> None:
    def course(work: FakeWork) -> None:
        work.end(PoolBrokenError("its worker could not be started"))

    pool, collected = FakePool(course), Collected()
    job = start(pool, tmp_path, ["a.png"], collected)
    assert job.wait(SECONDS)
    assert len(pool.works) == 3
    (record,) = collected.records
    assert record.error.startswith(CrashedError.code)


def test_a_missing_model_ends_the_job_with_a_sentence(tmp_path: Path) -> None:
    def course(work: FakeWork) -> None:
        work.end(ModelError("there is no model"))

    job = start(FakePool(course), tmp_path, ["a.png", "b.png"], Collected())
    assert job.wait(SECONDS)
    assert job.fault == "there is no model"
    assert [each.state for each in job.inputs] == ["stopped", "stopped"]
