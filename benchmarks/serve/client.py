"""A lean HTTP client for load: it shares the machine with what it measures."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

_HEAD = (
    "POST /v1/classify HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/jpeg\r\n"
    "Content-Length: {length}\r\n\r\n"
)
_KEPT_SECONDS = 5.0


@dataclass
class Tally:
    """What came of the requests.

    Attributes
    ----------
    seconds : list of float
        Latency of each right answer, in their order.
    wrong : dict
        How often something else came: a status, or ``mixed up`` for another picture's answer.
    lost : int
        Requests without an answer.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)
    sent: int = 0

    @property
    def lost(self) -> int:
        return self.sent - len(self.seconds) - sum(self.wrong.values())

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def miss(self, what: str) -> None:
        self.wrong[what] = self.wrong.get(what, 0) + 1


class Bodies:
    """Pictures of which no two are the same: the service remembers verdicts by digest.

    Bytes after the end of a JPEG change nothing but the digest.
    """

    def __init__(self, pictures: list[bytes]) -> None:
        self._pictures = pictures
        self._numbers: Iterator[int] = count()

    def next(self) -> bytes:
        number = next(self._numbers)
        return self._pictures[number % len(self._pictures)] + number.to_bytes(8, "big")


class Connection:
    """One connection that stays open.

    After five seconds without use (httpx's ``keepalive_expiry``) it is opened anew: the service
    closes what lies idle for long, and a request that crosses the closing gets no answer.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._used = 0.0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def classify(self, body: bytes, tally: Tally, began: float | None = None) -> None:
        """Send a picture; latency counts from ``began``, or from now."""
        began = time.perf_counter() if began is None else began
        tally.sent += 1
        try:
            status, content = await self._asked(body)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return  # lost
        if status != 200:
            tally.miss(str(status))
        elif json.loads(content)["sha256"] != hashlib.sha256(body).hexdigest():
            tally.miss("mixed up")
        else:
            tally.seconds.append(time.perf_counter() - began)

    async def _asked(self, body: bytes) -> tuple[int, bytes]:
        if time.monotonic() - self._used > _KEPT_SECONDS:
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        head = _HEAD.format(host=self._host, length=len(body)).encode()
        writer.write(head + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(answer.partition("content-length:")[2].split("\r\n")[0])
        content = await reader.readexactly(length)
        self._used = time.monotonic()
        return int(answer.split()[1]), content

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
