"""The Ray engine: the same work in actors, on this machine or on a cluster.

Each actor keeps a worker process of the local engine, with the model in it: a file that crashes
or hangs its parser costs its own record, as everywhere, and never the actor. An actor that is
lost is replaced by Ray, and what it was at is done again; a shard appears whole or not at all, so
that leaves nothing twice.

``RAY_ADDRESS`` names the cluster; without it Ray starts on this machine, with as many actors as
there would be workers.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from medsift.core.errors import CrashedError, EngineError, UsageError
from medsift.pipeline.blocks import Block
from medsift.pipeline.decisions import Finisher
from medsift.pipeline.grouping import tasks_of
from medsift.pipeline.local import Ahead, LocalEngine
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined, failure
from medsift.pipeline.shards import ShardFolder
from medsift.sources.inputs import Input

_STORE_BYTES = 100 * 1024 * 1024
"""Ray's object store on this machine: it holds references and counts, never pictures."""

_AHEAD = 3
"""Tasks that wait for each actor, so that it never waits for the next one."""

_BEHIND = 256
"""Tasks that may be under way, or done and wait for earlier ones."""

_TRIES = 3


def require_ray() -> None:
    """Check that Ray can be used.

    Raises
    ------
    UsageError
        It is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("the engine ray is not installed: pip install medsift[ray]")


@contextmanager
def ray_running(workers: int) -> Iterator[Any]:
    """Connect to the cluster, or start one on this machine for as long as the context lasts."""
    require_ray()
    # Ray warns of a change in a future release unless this is chosen.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not os.environ.get("RAY_ADDRESS"):
        settings |= {
            "num_cpus": workers,
            "object_store_memory": _STORE_BYTES,
            "include_dashboard": False,
        }
        # Ray runs its workers at 15 otherwise: beside any other work they hardly get on.
        os.environ.setdefault("RAY_worker_niceness", "0")
    _start(ray, settings)
    try:
        yield ray
    finally:
        ray.shutdown()


def _start(ray: Any, settings: dict[str, Any]) -> None:
    for tries_left in reversed(range(_TRIES)):
        try:
            ray.init(**settings)
        except Exception as error:
            # Ray gives its parts 30 seconds, which on a machine under load are not always enough.
            ray.shutdown()
            if tries_left and "timed out" in str(error):
                continue
            raise EngineError(f"Ray could not be started: {error}") from error
        return


class _Holder:
    """What an actor holds: the local engine, with one worker that stays."""

    def __init__(self, options: ScanOptions) -> None:
        self._finisher = Finisher(options)
        self._engine = LocalEngine(replace(options, workers=1, engine="local"))
        self._open = ExitStack()
        self._open.enter_context(self._engine.opened())

    def examine(self, items: Iterable[Input]) -> Iterator[Examined]:
        return self._finisher.stream(self._engine.run(items))

    def __del__(self) -> None:
        # Ray also makes instances that were never set up.
        if "_open" in self.__dict__:
            self._open.close()


class _Examining(_Holder):
    """An actor that gives back what it finds."""

    def run(self, items: list[Input]) -> list[Examined]:
        return list(self.examine(items))


class _ShardMaking(_Holder):
    """A stage of Ray Data that makes shards of blocks, and gives their counts."""

    def __init__(self, options: ScanOptions, folder: str) -> None:
        super().__init__(options)
        self._folder = ShardFolder(folder)

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
        there = self._folder.shards()
        for text in batch["block"]:
            block = Block.load(str(text))
            # It is there if it was made before the actor that was at this batch was lost.
            made = block.shard in there
            counts = self._folder.counts(block.shard) if made else self._made(block)
            yield {"shard": [block.shard], "counts": [json.dumps(counts)]}

    def _made(self, block: Block) -> dict[str, Any]:
        inputs = 0

        def records() -> Iterator[Any]:
            nonlocal inputs
            for examined in self.examine(block.inputs()):
                inputs += 1
                for outcome in examined.outcomes:
                    yield outcome.record

        # Counted by the time that the records are all written.
        return self._folder.write(block.shard, records(), lambda: inputs)


class RayEngine:
    """Examines inputs in actors, and gives what they find in the order of the inputs.

    Parameters
    ----------
    options : ScanOptions
    """

    def __init__(self, options: ScanOptions) -> None:
        self._options = options

    def run(
        self, items: Iterable[Input | Examined | None], ahead: Ahead | None = None
    ) -> Generator[Examined, None, None]:
        """Do what :meth:`medsift.pipeline.local.LocalEngine.run` does."""
        workers = self._options.worker_count
        with ray_running(workers) as ray:
            made = ray.remote(_Examining).options(
                num_cpus=1, max_restarts=-1, max_task_retries=_TRIES
            )
            actors = [made.remote(self._options) for _ in range(workers)]
            try:
                yield from _in_order(ray, actors, tasks_of(items), ahead)
            finally:
                for actor in actors:
                    ray.kill(actor)


@dataclass(slots=True, eq=False)
class _Waiting:
    """What is with an actor, or is known and waits for its turn."""

    items: list[Input]
    reference: Any = None
    actor: int = 0
    found: list[Examined] | None = None


def _in_order(
    ray: Any,
    actors: list[Any],
    groups: Iterator[list[Input] | Examined | None],
    ahead: Ahead | None,
) -> Iterator[Examined]:
    queue: deque[_Waiting] = deque()
    load = [0] * len(actors)
    window = _AHEAD * len(actors)
    while True:
        group: list[Input] | Examined | None = []
        while sum(load) < window and len(queue) < _BEHIND and (group := next(groups, [])):
            if isinstance(group, Examined):
                queue.append(_Waiting([], found=[group]))
                continue
            chosen = load.index(min(load))
            load[chosen] += 1
            queue.append(_Waiting(group, actors[chosen].run.remote(group), chosen))
        while queue and queue[0].found is not None:
            yield from queue.popleft().found or ()
        running = {each.reference: each for each in queue if each.found is None}
        if not running:
            if not queue and group is not None:
                return
            continue
        ready, _ = ray.wait(list(running), timeout=0 if group is None else None)
        for reference in ready:
            each = running[reference]
            each.found = _result(ray, each.items, reference)
            load[each.actor] -= 1
            if each is not queue[0] and ahead is not None:
                for examined in each.found:
                    ahead(examined)


def _result(ray: Any, items: list[Input], reference: Any) -> list[Examined]:
    try:
        found: list[Examined] = ray.get(reference)
    except ray.exceptions.RayActorError as error:
        # The actor was lost as often as Ray would try: the machine itself must be at fault.
        text = f"the actor that it was with was lost ({type(error).__name__})"
        return [Examined(item, [failure(item, CrashedError(text))]) for item in items]
    return found


def make_shards(
    blocks: list[Block], options: ScanOptions, folder: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make a shard of each block with Ray Data; yields names and counts as they are made."""
    with ray_running(options.worker_count) as ray:
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        rows = [{"block": block.dump()} for block in blocks]
        pieces = min(len(rows), max(64, 16 * options.worker_count))
        dataset = ray.data.from_items(rows, override_num_blocks=pieces).map_batches(
            _ShardMaking,
            fn_constructor_args=(options, folder),
            batch_size=1,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=options.worker_count),
            num_cpus=1,
        )
        for row in dataset.iter_rows():
            yield str(row["shard"]), json.loads(row["counts"])
