"""One request: its inputs become records, within its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias

from medsift.core.errors import TimedOutError
from medsift.core.record import Record
from medsift.pipeline.outcomes import failure
from medsift.pipeline.scan import is_light
from medsift.server.dispatch import Dispatcher, InputJob, Sink
from medsift.server.metrics import Metrics
from medsift.server.remembered import Key, Remembered, key_of
from medsift.sources.inputs import Input

Stream: TypeAlias = "AsyncGenerator[tuple[int, Record], None]"


async def examine(
    dispatcher: Dispatcher, items: Sequence[Input], seconds: float, ahead: int
) -> AsyncGenerator[tuple[int, Record], None]:
    """Examine the inputs of one request.

    Parameters
    ----------
    dispatcher : Dispatcher
    items : sequence of Input
    seconds : float
        Time for all of them; an input that is not finished then gets a failed record.
    ahead : int
        Inputs that are lined up at once, so that one request with many does not keep the
        others waiting.

    Yields
    ------
    (int, Record)
        Position of the input, and one of its records; at least one for each input. Records of
        an input come in their order, inputs as they are finished.

    Notes
    -----
    Closing the generator gives up what is not finished.
    """
    sink: Sink = asyncio.Queue()
    end = time.monotonic() + seconds
    waiting = [InputJob(item, is_light(item), n, sink) for n, item in enumerate(items)][::-1]
    lined_up: dict[int, InputJob] = {}
    try:
        while waiting or lined_up:
            while waiting and len(lined_up) < ahead:
                job = waiting.pop()
                lined_up[job.position] = job
                await dispatcher.submit(job)
            try:
                position, record = await _next(sink, end)
            except (TimeoutError, asyncio.TimeoutError):
                break
            if record is None:
                lined_up.pop(position, None)
            elif position in lined_up:
                yield position, record
        for job in [*lined_up.values(), *waiting[::-1]]:
            job.drop()
            fault = TimedOutError(f"the request took longer than {seconds:g} s")
            yield job.position, failure(job.item, fault).record
    finally:
        for job in lined_up.values():
            job.drop()


async def recalling(
    items: Sequence[Input],
    fresh: Callable[[Sequence[Input]], Stream],
    remembered: Remembered,
    metrics: Metrics,
) -> Stream:
    """Records of files whose bytes came before, and then of all others.

    Parameters
    ----------
    items : sequence of Input
    fresh : callable
        Examines inputs, as :func:`examine` does.
    remembered : Remembered
        Keeps what is found.
    metrics : Metrics
    """
    keys: dict[int, Key] = {}
    new: list[int] = []
    for position, item in enumerate(items):
        if item.path is not None:
            keys[position] = await asyncio.to_thread(key_of, item.source, item.path)
        key = keys.get(position)
        known = None if key is None else remembered.recall(key, item.source)
        if known is None:
            new.append(position)
            continue
        metrics.remembered.inc()
        for record in known:
            yield position, record
    found: dict[int, list[Record]] = {}
    async with aclosing(fresh([items[position] for position in new])) as stream:
        async for number, record in stream:
            found.setdefault(number, []).append(record)
            yield new[number], record
    # Only here are they known to be complete.
    for number, records in found.items():
        if new[number] in keys:
            remembered.keep(keys[new[number]], records)


async def _next(sink: Sink, end: float) -> tuple[int, Record | None]:
    if not sink.empty():
        return sink.get_nowait()
    return await asyncio.wait_for(sink.get(), end - time.monotonic())
