"""Workers that stay: their work can be followed, stopped, and fails alone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsift.core.errors import CrashedError, DecodeError, InputError, ModelError, TimedOutError
from medsift.core.limits import Limits
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.persistent_pool import PersistentPool, Work
from medsift.sources.inputs import Input
from tests.samples import picture, write_pdf

SECONDS = 60.0


@pytest.fixture(scope="module")
def pool() -> Iterator[PersistentPool]:
    pool = PersistentPool(ScanOptions(model="fast", workers=1, limits=Limits(seconds=SECONDS)))
    yield pool
    pool.close()


def finish(work: Work) -> None:
    end = time.monotonic() + SECONDS
    while not work.is_over:
        assert time.monotonic() < end
        time.sleep(0.02)


def pid() -> int:
    return os.getpid()


def die() -> None:
    os._exit(7)


def refuse() -> None:
    raise DecodeError("nothing of use")


def take(size: int) -> int:
    return len(bytearray(size))


def dawdle() -> None:
    time.sleep(SECONDS)


def test_what_is_found_can_be_read_and_options_belong_to_the_work(
    pool: PersistentPool, tmp_path: Path
) -> None:
    write_pdf(tmp_path / "paper.pdf", [picture(1), picture(2)])
    options = ScanOptions(model="fast", thumbnails=True, save_images=tmp_path / "images")
    item = Input("as named.pdf", path=tmp_path / "paper.pdf")
    work = pool.examine(item, tmp_path / "a.jsonl", options)
    finish(work)
    assert work.fault() is None
    outcomes = work.fresh()
    assert [o.record.page for o in outcomes] == [1, 2]
    assert {o.record.source for o in outcomes} == {"as named.pdf"}
    assert all(o.thumbnail for o in outcomes)
    assert work.fresh() == []
    assert len(list((tmp_path / "images").rglob("*.jpg"))) == 2


def test_workers_stay_between_pieces_of_work(pool: PersistentPool) -> None:
    assert pool.call(pid) == pool.call(pid) != os.getpid()


def test_a_dying_worker_is_replaced(pool: PersistentPool) -> None:
    with pytest.raises(CrashedError, match="exit code 7"):
        pool.call(die)
    assert pool.call(pid) > 0


def test_faults_of_inputs_come_back_as_they_are(pool: PersistentPool) -> None:
    with pytest.raises(DecodeError, match="nothing of use"):
        pool.call(refuse)


def test_work_that_takes_too_long_is_ended() -> None:
    pool = PersistentPool(ScanOptions(workers=1, limits=Limits(seconds=1)))
    with pytest.raises(TimedOutError):
        pool.call(dawdle)
    pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and bounds address space")
def test_memory_is_bounded_as_the_limits_say(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "a.png")
    limits = Limits(seconds=SECONDS, memory_bytes=256 << 20)
    options = ScanOptions(model="fast", workers=1, limits=limits)
    pool = PersistentPool(options)
    work = pool.examine(Input("a.png", path=tmp_path / "a.png"), tmp_path / "a.jsonl", options)
    finish(work)
    assert work.fault() is None
    with pytest.raises(CrashedError, match="memory"):
        pool.call(take, 512 << 20)
    assert pool.call(take, 64 << 20) == 64 << 20
    pool.close()


def test_stopped_work_is_over_at_once(pool: PersistentPool, tmp_path: Path) -> None:
    write_pdf(tmp_path / "long.pdf", [picture(i) for i in range(60)])
    item = Input("long.pdf", path=tmp_path / "long.pdf")
    work = pool.examine(item, tmp_path / "a.jsonl", ScanOptions(model="fast"))
    work.stop()
    finish(work)
    assert isinstance(work.fault(), InputError)
    assert pool.call(pid) > 0


def test_a_missing_model_is_no_fault_of_the_input(pool: PersistentPool, tmp_path: Path) -> None:
    picture(1).save(tmp_path / "a.png")
    item = Input("a.png", path=tmp_path / "a.png")
    work = pool.examine(item, tmp_path / "a.jsonl", ScanOptions(model=str(tmp_path)))
    finish(work)
    with pytest.raises(ModelError):
        work.fault()


def test_a_closed_pool_takes_no_work() -> None:
    pool = PersistentPool(ScanOptions(workers=1))
    pool.close()
    with pytest.raises(CrashedError, match="closing"):
        pool.call(pid)
