"""How Ray is started and asked, told by a stand-in for it."""

from __future__ import annotations

import logging
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from medsift.core.errors import EngineError, UsageError
from medsift.core.record import Record
from medsift.pipeline import cluster
from medsift.pipeline.blocks import Block
from medsift.pipeline.cluster import make_shards, ray_running, require_ray
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined, Outcome
from medsift.sources.inputs import Input


class Ray(ModuleType):
    """Notes how it is started; the first starts may fail."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.__spec__ = ModuleSpec("ray", None)
        self.started: list[dict[str, Any]] = []
        self.faults: list[Exception] = []
        self.is_there = False
        self.stops = 0
        self.data: Any = None

    def is_initialized(self) -> bool:
        return self.is_there

    def init(self, **settings: Any) -> None:
        self.started.append(settings)
        if self.faults:
            raise self.faults.pop(0)

    def shutdown(self) -> None:
        self.stops += 1


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    made = Ray()
    monkeypatch.setitem(sys.modules, "ray", made)
    for name in ("RAY_ADDRESS", "RAY_worker_niceness", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return made


def test_on_this_machine_it_starts_quietly_with_as_many_cores_as_workers(ray: Ray) -> None:
    with ray_running(3) as found:
        assert found is ray
        assert ray.stops == 0
    (settings,) = ray.started
    assert (settings["num_cpus"], settings["include_dashboard"]) == (3, False)
    assert (settings["log_to_driver"], settings["logging_level"]) == (False, "ERROR")
    assert ray.stops == 1


def test_a_cluster_that_is_named_keeps_its_own_size(
    ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://example.org:10001")
    with ray_running(3):
        assert ray.started == [{"log_to_driver": False, "logging_level": "ERROR"}]


def test_one_that_runs_already_is_used_and_left_running(ray: Ray) -> None:
    ray.is_there = True
    with ray_running(3):
        pass
    assert (ray.started, ray.stops) == ([], 0)


def test_a_start_that_takes_too_long_is_tried_again(ray: Ray) -> None:
    ray.faults = [RuntimeError("it timed out")] * 2
    with ray_running(1):
        assert len(ray.started) == 3


@pytest.mark.parametrize(
    ("faults", "tries"), [([RuntimeError("it timed out")] * 9, 3), ([ValueError("no address")], 1)]
)
def test_where_it_does_not_start_it_says_why(ray: Ray, faults: list[Exception], tries: int) -> None:
    why = str(faults[0])
    ray.faults = faults
    with pytest.raises(EngineError, match=f"could not be started: {why}"), ray_running(1):
        pytest.fail("started")
    assert len(ray.started) == tries


def test_without_the_extra_it_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install medsift\[ray\]"):
        require_ray()


def test_shards_are_told_as_they_are_made_and_nothing_else_is_printed(
    ray: Ray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = SimpleNamespace(enable_progress_bars=True, print_on_execution_start=True)
    made: dict[str, Any] = {}

    class Dataset:
        def map_batches(self, stage: object, **options: Any) -> Dataset:
            made.update(options, stage=stage)
            return self

        def iter_rows(self) -> list[dict[str, str]]:
            return [{"shard": "part-1", "counts": '{"inputs": 2}'}]

    def from_items(rows: list[dict[str, str]], override_num_blocks: int) -> Dataset:
        made.update(rows=rows, pieces=override_num_blocks)
        return Dataset()

    ray.data = SimpleNamespace(
        DataContext=SimpleNamespace(get_current=lambda: context),
        from_items=from_items,
        ActorPoolStrategy=lambda size: size,
    )
    monkeypatch.setattr(logging.getLogger("ray.data"), "level", logging.INFO)
    options = ScanOptions(workers=2)
    blocks = [Block(number, ("a.png",)) for number in range(3)]
    assert list(make_shards(blocks, options, str(tmp_path))) == [("part-1", {"inputs": 2})]
    assert [Block.load(row["block"]) for row in made["rows"]] == blocks
    assert (made["pieces"], made["compute"], made["batch_size"]) == (3, 2, 1)
    assert made["stage"] is cluster._ShardMaking
    assert (context.enable_progress_bars, context.print_on_execution_start) == (False, False)
    assert logging.getLogger("ray.data").level == logging.ERROR


class Actor:
    """Examines when it is waited for; its references are lists of sources."""

    def __init__(self) -> None:
        self.run = SimpleNamespace(remote=lambda items: tuple(item.source for item in items))


class Working(SimpleNamespace):
    """In place of Ray: what was asked for last is done first."""

    exceptions = SimpleNamespace(RayActorError=RuntimeError)
    lost: tuple[str, ...] = ()

    def wait(self, references: list[Any], **_: object) -> tuple[list[Any], list[Any]]:
        return references[-1:], references[:-1]

    def get(self, reference: tuple[str, ...]) -> list[Examined]:
        if reference == self.lost:
            raise RuntimeError("lost")
        return [Examined(Input(name), [Outcome(Record(name))]) for name in reference]


def test_results_come_in_the_order_of_the_inputs_and_are_told_as_they_are_done() -> None:
    groups: list[Any] = [[Input(f"{n}.pdf")] for n in range(7)]
    groups[3] = Examined(Input("3.pdf"), [], earlier=True)
    told: list[str] = []
    found = cluster._in_order(
        Working(), [Actor(), Actor()], iter(groups), lambda done: told.append(done.item.source)
    )
    assert [done.item.source for done in found] == [f"{n}.pdf" for n in range(7)]
    assert told[0] == "6.pdf"
    assert "0.pdf" not in told


def test_what_is_lost_with_an_actor_costs_itself_alone() -> None:
    ray = Working(lost=("1.pdf",))
    groups: list[Any] = [[Input(f"{n}.pdf")] for n in range(3)]
    found = list(cluster._in_order(ray, [Actor()], iter(groups), None))
    assert [done.outcomes[0].record.reason for done in found] == ["", "crashed", ""]
