"""Answers that carry records: JSON at once, or JSON Lines as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

import anyio
from starlette.responses import Response

from medsift.core.record import Record
from medsift.report.jsonl import encode
from medsift.report.values import row_of
from medsift.server.metrics import Metrics
from medsift.server.middleware import VISIT, Receive, Send, Visit
from medsift.server.uploads import ClientGoneError
from medsift.server.wishes import Wishes

NDJSON = "application/x-ndjson"

Stream = AsyncGenerator[tuple[int, Record], None]


async def in_order(stream: Stream) -> list[Record]:
    """All records, by the position of their inputs."""
    async with aclosing(stream):
        found = [pair async for pair in stream]
    return [record for _, record in sorted(found, key=lambda pair: pair[0])]


async def unless_gone(stream: Stream, receive: Receive) -> list[Record]:
    """All records in order, given up as soon as the client hangs up.

    Raises
    ------
    ClientGoneError
    """
    records: list[Record] | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_hang_up, receive, group.cancel_scope)
        records = await in_order(stream)
        group.cancel_scope.cancel()
    if records is None:
        raise ClientGoneError
    return records


async def first_of_each(stream: Stream) -> Stream:
    """The first record of each input: of an animation the first frame."""
    told: set[int] = set()
    async with aclosing(stream):
        async for position, record in stream:
            if position not in told:
                told.add(position)
                yield position, record


async def wished(stream: Stream, wishes: Wishes) -> Stream:
    """All records as the request wants them."""
    async with aclosing(stream):
        async for position, record in stream:
            yield position, wishes.applied(record)


def counts_of(records: Iterable[Record]) -> dict[str, int]:
    """How many records there are of each label, and how many that have none."""
    found = Counter(record.label or record.status for record in records)
    names = ("medical", "non_medical", "uncertain", "skipped", "failed")
    return {name: found.get(name, 0) for name in names}


def encoded(record: Record) -> bytes:
    """A record as one line of JSON: as in files, but with ``kinds`` as an object."""
    return encode({**row_of(record), "kinds": record.kinds and dict(record.kinds)})


def scan_body(records: Iterable[Record], counts: dict[str, int]) -> bytes:
    """The JSON answer of a scan."""
    rows = b",".join(encoded(record).rstrip() for record in records)
    total = b",".join(f'"{name}":{count}'.encode() for name, count in counts.items())
    return b'{"records":[' + rows + b'],"counts":{' + total + b"}}"


class RecordStream(Response):
    """JSON Lines: each record is sent when it is known.

    An answer that comes to its end is complete: every input has a record. Where the service
    is at fault the answer breaks off, which clients see as an incomplete one.
    """

    media_type = NDJSON

    def __init__(self, stream: Stream, metrics: Metrics) -> None:
        super().__init__()
        self._stream = stream
        self._metrics = metrics
        del self.headers["content-length"]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send the answer."""
        visit: Visit = scope[VISIT]
        complete = False
        async with anyio.create_task_group() as group:
            group.start_soon(_hang_up, receive, group.cancel_scope)
            await self._send_all(visit, send)
            complete = True
            group.cancel_scope.cancel()
        if not complete:
            raise ClientGoneError

    async def _send_all(self, visit: Visit, send: Send) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(head)
        # What is counted is not kept: streams may be long.
        counts: Counter[str] = Counter()
        async with aclosing(self._stream):
            async for _, record in self._stream:
                self._metrics.count([record])
                counts[record.label or record.status] += 1
                visit.notes["records"] = dict(counts)
                line = encoded(record)
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _hang_up(receive: Receive, scope: anyio.CancelScope) -> None:
    """Give up the work when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
