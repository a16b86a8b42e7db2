"""Latency and throughput of the service by clients and size of picture, and of batches.

    python benchmarks/serve/sizes.py [--seconds 6]

Each row is one load: so many clients that each send the next picture when the last is answered.
The last rows send 200 pictures in one request to ``/v1/classify/batch``; their latency is that of
the whole request. Below the table stands what the local engine does with the same pictures.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import load
from client import Bodies, Tally
from PIL import Image

SIDES = ((260, 195), (520, 390), (1600, 1200), (4000, 3000))
CLIENTS = (1, 8, 64)
BATCH = 200
_DIFFERENT = 40


def bodies(size: tuple[int, int]) -> Bodies:
    """Pictures of one size."""
    found = []
    for number in range(_DIFFERENT):
        image = Image.open(io.BytesIO(load.drawn(number))).resize(size)
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=85)
        found.append(stream.getvalue())
    return Bodies(found)


def batches(service: load.Service, pictures: Bodies, clients: int, seconds: float) -> Tally:
    """Clients that send many pictures at once; the tally counts requests."""
    tally = Tally()
    end = time.perf_counter() + seconds
    url = f"http://{service.host}:{service.port}/v1/classify/batch"

    def client(_: int) -> None:
        with httpx.Client(timeout=300, trust_env=False) as asking:
            while time.perf_counter() < end:
                files = [("files", (f"{n}.jpg", pictures.next())) for n in range(BATCH)]
                began = time.perf_counter()
                tally.sent += 1
                answer = asking.post(url, files=files)
                names = [row["source"] for row in answer.json().get("records", ())]
                if names == [name for _, (name, _) in files]:
                    tally.seconds.append(time.perf_counter() - began)
                else:
                    tally.miss(str(answer.status_code))

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return tally


def row(name: str, clients: int, tally: Tally, rate: float) -> str:
    """A line of the table."""
    points = " | ".join(f"{tally.percentile(p) * 1000:.0f}" for p in (0.5, 0.95, 0.99))
    wrong = sum(tally.wrong.values()) + tally.lost
    return f"| {name} | {clients} | {rate:.1f} | {points} | {wrong} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each load")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=1_000, help="for the engine")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as folder:
        service = load.Service(arguments.workers, 8, Path(folder))
        try:
            asyncio.run(service.wait())
            say("| pictures | clients | pictures a second | p50 ms | p95 ms | p99 ms | wrong |\n")
            say("|" + " --- |" * 7 + "\n")
            for size in SIDES:
                pictures = bodies(size)
                asyncio.run(load.closed(service, pictures, 8, 1.0))  # warm
                for clients in CLIENTS:
                    began = time.perf_counter()
                    tally = asyncio.run(load.closed(service, pictures, clients, seconds))
                    rate = len(tally.seconds) / (time.perf_counter() - began)
                    say(row(f"{size[0]} x {size[1]}", clients, tally, rate) + "\n")
            pictures = bodies((520, 390))
            for clients in (1, 4):
                began = time.perf_counter()
                tally = batches(service, pictures, clients, seconds)
                rate = BATCH * len(tally.seconds) / (time.perf_counter() - began)
                say(row(f"{BATCH} of 520 x 390 in a request", clients, tally, rate) + "\n")
        finally:
            service.stop()
        own = load.engine(pictures, arguments.pictures, arguments.workers, Path(folder))
        say(f"\nthe engine alone: {own.rate:.1f} pictures of 520 x 390 a second\n")


if __name__ == "__main__":
    main()
