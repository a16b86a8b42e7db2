"""The service under load, on one machine, over loopback.

Starts ``medsift serve``, and measures one after the other

engine      pictures a second of the local engine (``medsift scan``) with as many workers
closed      64 clients that each send the next picture when the last is answered
open        pictures that arrive by chance (Poisson) at 70 % of what came out before; latency
            counts from the time of arrival, so that waiting for a free client is not left out
memory      resident memory of the service and its workers over many requests

    python benchmarks/serve/load.py [--seconds 60] [--clients 64] [--requests 10000]

Pictures are different JPEGs of 520 x 390 (0.2 megapixels). Each answer is checked to be about
the picture that was sent. The client takes its share of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from client import Bodies, Connection, Tally
from PIL import Image, ImageDraw

from medsift.pipeline.local import LocalEngine
from medsift.pipeline.options import ScanOptions
from medsift.sources.inputs import Input

SIZE = (520, 390)
DIFFERENT = 200
SHARE = 0.7


def drawn(number: int) -> bytes:
    """A picture with some structure and some noise, 45 KiB on average."""
    rng = np.random.default_rng(number)
    image = Image.new("RGB", SIZE, tuple(rng.integers(0, 256, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = sorted(rng.integers(0, SIZE[0], 2).tolist()), sorted(rng.integers(0, SIZE[1], 2))
        pen.ellipse((x[0], y[0], x[1], y[1]), fill=tuple(rng.integers(0, 256, 3).tolist()))
    noisy = np.asarray(image) + rng.normal(0, 8, (SIZE[1], SIZE[0], 3))
    stream = io.BytesIO()
    pixels = np.clip(noisy, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(stream, "JPEG", quality=85)
    return stream.getvalue()


class Service:
    """``medsift serve`` in a process of its own."""

    def __init__(self, workers: int, batch: int, folder: Path) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        command = [sys.executable, "-m", "medsift", "serve", "--log-level", "warning"]
        options = {"--port": self.port, "--workers": workers, "--batch": batch}
        command += [str(word) for option in options.items() for word in option]
        self._log = (folder / "log").open("wb")
        self.process = subprocess.Popen(command, stderr=self._log)

    async def wait(self) -> None:
        for _ in range(600):
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
        raise SystemExit("the service did not start")

    def memory(self) -> float:
        """Resident MiB of the service and its workers."""
        return sum(map(resident, family(self.process.pid)))

    def cpu(self) -> dict[str, float]:
        """Seconds of computing so far: of the service itself, and of its workers."""
        own, *workers = (computed(pid) for pid in family(self.process.pid))
        return {"service": own, "workers": sum(workers)}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and its children, whichever of its threads started them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *sorted({int(child) for path in lists for child in path.read_text().split()})]


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


def computed(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class EngineResult(NamedTuple):
    """Pictures a second, and milliseconds of computing for one."""

    rate: float
    cpu_ms: float


def engine(bodies: Bodies, pictures: int, workers: int, folder: Path) -> EngineResult:
    """What the local engine does with files, once its workers have started."""
    inputs = []
    for number in range(pictures):
        path = folder / f"{number}.jpg"
        path.write_bytes(bodies.next())
        inputs.append(Input(path.name, path=path))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    first = time.perf_counter()
    skipped = done = 0
    for examined in LocalEngine(ScanOptions(workers=workers)).run(inputs):
        assert [o.record.status for o in examined.outcomes] == ["ok"]
        done += 1
        if done == pictures // 4:  # by now all workers are at work
            first, skipped = time.perf_counter(), done
    rate = (done - skipped) / (time.perf_counter() - first)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return EngineResult(rate, cpu / done * 1000)


async def closed(service: Service, bodies: Bodies, clients: int, seconds: float) -> Tally:
    """Clients that each wait for their answer."""
    tally = Tally()
    end = time.perf_counter() + seconds

    async def client() -> None:
        connection = Connection(service.host, service.port)
        while time.perf_counter() < end:
            await connection.classify(bodies.next(), tally)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return tally


async def opened(service: Service, bodies: Bodies, rate: float, seconds: float) -> Tally:
    """Pictures that arrive whether or not the last ones are answered."""
    tally = Tally()
    idle: list[Connection] = []
    chance = random.Random(1)
    under_way: set[asyncio.Task[None]] = set()

    async def one(began: float) -> None:
        connection = idle.pop() if idle else Connection(service.host, service.port)
        await connection.classify(bodies.next(), tally, began)
        idle.append(connection)

    now = time.perf_counter()
    end, due = now + seconds, now
    while due < end:
        due += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    for connection in idle:
        connection.close()
    return tally


async def memory(service: Service, bodies: Bodies, requests: int) -> tuple[list[float], Tally]:
    """Resident memory after each tenth of the requests."""
    tally = Tally()
    levels = []

    async def client(shared: Iterator[int]) -> None:
        connection = Connection(service.host, service.port)
        for _ in shared:
            await connection.classify(bodies.next(), tally)
        connection.close()

    for _ in range(10):
        shared = iter(range(requests // 10))
        await asyncio.gather(*(client(shared) for _ in range(16)))
        levels.append(service.memory())
    return levels, tally


def row(name: str, tally: Tally, seconds: float) -> str:
    p50, p99 = tally.percentile(0.5), tally.percentile(0.99)
    wrong = json.dumps(tally.wrong) if tally.wrong else "0"
    rate = len(tally.seconds) / seconds
    longest = max(tally.seconds, default=0.0)
    return (
        f"| {name} | {tally.sent} | {wrong} | {tally.lost} | {rate:.1f} |"
        f" {p50 * 1000:.0f} | {p99 * 1000:.0f} | {longest * 1000:.0f} |"
    )


async def run(arguments: argparse.Namespace, folder: Path) -> None:
    bodies = Bodies([drawn(number) for number in range(DIFFERENT)])
    own = engine(bodies, arguments.pictures, arguments.workers, folder)
    service = Service(arguments.workers, arguments.batch, folder)
    try:
        await service.wait()
        await closed(service, bodies, arguments.clients, 2.0)  # warm
        before, mine = service.cpu(), time.process_time()
        full = await closed(service, bodies, arguments.clients, arguments.seconds)
        cpu = {name: value - before[name] for name, value in service.cpu().items()}
        cpu["client"] = time.process_time() - mine
        capacity = len(full.seconds) / arguments.seconds
        part = await opened(service, bodies, SHARE * capacity, arguments.seconds)
        levels, steady = await memory(service, bodies, arguments.requests)
    finally:
        service.stop()
    report(arguments, own, (full, part, steady), cpu, levels)


def report(
    arguments: argparse.Namespace,
    own: EngineResult,
    tallies: tuple[Tally, Tally, Tally],
    cpu: dict[str, float],
    levels: list[float],
) -> None:
    full, part, steady = tallies
    capacity = len(full.seconds) / arguments.seconds
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, {arguments.workers} workers,", end=" ")
    print(f"batches up to {arguments.batch}, Python {sys.version.split()[0]}\n")
    print("| requests | sent | wrong | lost | a second | p50 ms | p99 ms | longest ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print(row(f"{arguments.clients} clients at once", full, arguments.seconds))
    print(row(f"arriving at {SHARE:.0%} of that", part, arguments.seconds))
    print(
        f"\nthe engine alone: {own.rate:.1f} a second; the service: {capacity / own.rate:.2f} of it"
    )
    each = {name: value / max(1, len(full.seconds)) * 1000 for name, value in cpu.items()}
    shares = ", ".join(f"{name} {value:.1f}" for name, value in each.items())
    print(f"computing for one picture, ms: engine {own.cpu_ms:.1f} with its start; {shares}")
    steps = ", ".join(f"{level:.0f}" for level in levels)
    print(f"memory after each tenth of {steady.sent} requests, MiB: {steps};", end=" ")
    print(f"wrong {sum(steady.wrong.values())}, lost {steady.lost}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each kind of load")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=10_000, help="of the memory run")
    parser.add_argument("--pictures", type=int, default=3_000, help="for the engine")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(arguments, Path(folder)))


if __name__ == "__main__":
    main()
