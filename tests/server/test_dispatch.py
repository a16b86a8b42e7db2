"""Jobs on their way to workers that may be lost at any time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.record import Record
from medsift.pipeline.options import ScanOptions
from medsift.server.dispatch import Dispatcher, InputJob, Sink
from medsift.server.metrics import Metrics
from medsift.server.scanning import examine
from medsift.sources.inputs import Input
from tests.server.misbehaving import task

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def working(
    folder: Path, workers: int = 1, seconds: float = 30.0, batch: int = 8
) -> AsyncIterator[Dispatcher]:
    limits = replace(DEFAULT_LIMITS, seconds=seconds)
    options = ScanOptions(workers=workers, limits=limits)
    dispatcher = Dispatcher(options, batch, folder, Metrics(), task)
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()
    assert list(folder.glob("*.jsonl")) == []


async def told(
    dispatcher: Dispatcher, names: Sequence[str], light: bool = True
) -> dict[str, list[Record]]:
    """The records of jobs that are all lined up before a worker can take one."""
    sink: Sink = asyncio.Queue()
    jobs = [InputJob(Input(name), light, n, sink) for n, name in enumerate(names)]
    for job in jobs:
        (dispatcher._light if light else dispatcher._heavy).append(job)
    await dispatcher._wake()
    records: dict[str, list[Record]] = {name: [] for name in names}
    left = len(jobs)
    while left:
        position, record = await asyncio.wait_for(sink.get(), 300)
        if record is None:
            left -= 1
        else:
            records[names[position]].append(record)
    assert sink.empty()
    return records


def outcomes(records: dict[str, list[Record]]) -> dict[str, str]:
    return {name: ", ".join(r.reason or r.status for r in rows) for name, rows in records.items()}


async def test_pictures_go_several_at_a_time(tmp_path: Path) -> None:
    names = [str(n) for n in range(10)]
    async with working(tmp_path, batch=4) as dispatcher:
        records = await told(dispatcher, names)
    batches = {rows[0].locator for rows in records.values()}
    assert batches == {"0,1,2,3", "4,5,6,7", "8,9"}


async def test_documents_go_one_at_a_time(tmp_path: Path) -> None:
    async with working(tmp_path) as dispatcher:
        records = await told(dispatcher, ["a", "b"], light=False)
    assert {rows[0].locator for rows in records.values()} == {"a", "b"}


@pytest.mark.parametrize("fault", ["crash", "killed", "memory", "unforeseen"])
async def test_a_fault_costs_only_the_picture_at_fault(tmp_path: Path, fault: str) -> None:
    async with working(tmp_path) as dispatcher:
        records = await told(dispatcher, ["a", fault, "b", "c"])
        assert dispatcher.ready
    assert outcomes(records) == {"a": "ok", fault: "crashed", "b": "ok", "c": "ok"}


async def test_several_faults_in_one_batch_cost_no_one_else(tmp_path: Path) -> None:
    names = ["a", "crash-1", "b", "crash-2", "c", "crash-3", "d"]
    async with working(tmp_path) as dispatcher:
        found = outcomes(await told(dispatcher, names))
    assert found == {name: "crashed" if "crash" in name else "ok" for name in names}


async def test_a_hang_costs_only_the_picture_at_fault(tmp_path: Path) -> None:
    async with working(tmp_path, seconds=1.0) as dispatcher:
        found = outcomes(await told(dispatcher, ["a", "hang", "b"]))
    assert found == {"a": "ok", "hang": "timed_out", "b": "ok"}


@pytest.mark.parametrize("light", [True, False])
async def test_a_worker_that_is_killed_from_outside_costs_nothing(
    tmp_path: Path, light: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSIFT_TEST_MARKER", str(tmp_path / "tried"))
    async with working(tmp_path) as dispatcher:
        records = await told(dispatcher, ["found-first-killed-once"], light)
    assert outcomes(records) == {"found-first-killed-once": "ok, ok"}
    assert records["found-first-killed-once"][0].locator == "before"


async def test_a_worker_that_is_killed_while_it_has_nothing_to_do_costs_nothing(
    tmp_path: Path,
) -> None:
    async with working(tmp_path) as dispatcher:
        records = await told(dispatcher, ["a"])
        pid = records["a"][0].index
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.5)
        assert outcomes(await told(dispatcher, ["b", "c"])) == {"b": "ok", "c": "ok"}
        assert outcomes(await told(dispatcher, ["d"], light=False)) == {"d": "ok"}
        assert dispatcher.ready


@pytest.mark.parametrize("light", [True, False])
async def test_a_full_disk_is_told_as_such(tmp_path: Path, light: bool) -> None:
    async with working(tmp_path) as dispatcher:
        found = outcomes(await told(dispatcher, ["full-disk"], light))
    assert found == {"full-disk": "storage_full"}


async def test_what_was_found_before_a_crash_is_kept(tmp_path: Path) -> None:
    async with working(tmp_path) as dispatcher:
        records = await told(dispatcher, ["found-first-crash"], light=False)
    assert outcomes(records) == {"found-first-crash": "ok, crashed"}


async def test_records_of_a_document_come_while_it_is_worked_on(tmp_path: Path) -> None:
    async with working(tmp_path) as dispatcher:
        sink: Sink = asyncio.Queue()
        job = InputJob(Input("found-first-hang"), False, 0, sink)
        await dispatcher.submit(job)
        _, record = await asyncio.wait_for(sink.get(), 300)
        assert record is not None
        assert record.locator == "before"
        # Nobody waits for the rest: its worker is stopped, and soon there for others.
        job.drop()
        assert outcomes(await told(dispatcher, ["a"])) == {"a": "ok"}


async def test_documents_leave_a_worker_for_pictures(tmp_path: Path) -> None:
    async with working(tmp_path, workers=2) as dispatcher:
        sink: Sink = asyncio.Queue()
        hanging = [InputJob(Input("hang"), False, n, sink) for n in range(2)]
        for job in hanging:
            await dispatcher.submit(job)
        assert outcomes(await told(dispatcher, ["a", "b"])) == {"a": "ok", "b": "ok"}
        assert dispatcher.waiting == 1
        for job in hanging:
            job.drop()


async def test_a_request_with_many_inputs_does_not_keep_others_waiting(tmp_path: Path) -> None:
    async with working(tmp_path, batch=2) as dispatcher:
        many = examine(dispatcher, [Input(f"slow-{n}") for n in range(50)], 60.0, ahead=2)
        first = asyncio.create_task(anext(many))
        await asyncio.sleep(0.1)
        one = examine(dispatcher, [Input("a")], 60.0, ahead=2)
        assert [record.source async for _, record in one] == ["a"]
        await first
        assert dispatcher.waiting <= 2
        await many.aclose()


async def test_each_input_of_a_request_has_a_record_when_its_time_is_over(tmp_path: Path) -> None:
    items = [Input("hang"), *(Input(str(n)) for n in range(5))]
    async with working(tmp_path) as dispatcher:
        found = [pair async for pair in examine(dispatcher, items, 1.0, ahead=2)]
    assert sorted(position for position, _ in found) == list(range(6))
    assert {record.reason for _, record in found} == {"timed_out"}
