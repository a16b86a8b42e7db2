"""What a scan of a web page costs beyond fetching its pictures and classifying them.

A server of its own process shows a page of 200 different JPEGs. Measured are, one after the
other and several times: fetching all with plain httpx, with as many requests at a time as
medsift makes to one host; classifying the same bytes from memory; and the scan of the page, as
`medsift scan URL` does it. The scan starts a worker process and loads the model in it, so a
scan of a page with one picture is measured as well, to tell that part apart.

    python benchmarks/web/page_of_200.py [--pictures 200] [--rounds 3]
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

import httpx
import numpy as np
from PIL import Image, ImageDraw

from medsift import Classifier
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.scan import examine_all
from medsift.sources.inputs import Input
from medsift.sources.web.options import WebOptions

SIZE = (520, 390)  # 0.2 megapixels


def drawn(number: int) -> bytes:
    """A picture with some structure and some noise."""
    random = np.random.default_rng(number)
    image = Image.new("RGB", SIZE, tuple(random.integers(0, 256, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(25):
        corners = random.integers(0, SIZE[0], 4).tolist()
        box = (*sorted(corners[::2]), *sorted(corners[1::2]))
        colour = tuple(random.integers(0, 256, 3).tolist())
        pen.ellipse((box[0], box[2], box[1], box[3]), fill=colour)
    noise = random.normal(0, 8, (SIZE[1], SIZE[0], 3))
    pixels = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def serve(pictures: list[bytes], ready: Connection) -> None:
    """Serve ``/``, a page of all pictures, ``/one``, a page of the last, and the pictures."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            if name in ("", "one"):
                shown = range(len(pictures))[-1 if name else 0 :]
                self.answer("text/html", "".join(f"<img src=/{n}.jpg>" for n in shown).encode())
            elif name.endswith(".jpg"):
                self.answer("image/jpeg", pictures[int(name[:-4])])
            else:
                self.answer("text/plain", b"", 404)

        def answer(self, kind: str, content: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready.send(server.server_port)
    with suppress(EOFError):  # the other side is gone
        ready.recv()


@contextmanager
def serving(pictures: list[bytes]) -> Iterator[int]:
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(pictures, there), daemon=True)
    process.start()
    yield here.recv()
    here.send("enough")
    process.join(10)


class Cost(NamedTuple):
    """Seconds by the clock, and of computing in this process and its children."""

    wall: float
    cpu: float


def cost(work: Callable[[], object]) -> Cost:
    started, before = time.perf_counter(), computed()
    work()
    return Cost(time.perf_counter() - started, computed() - before)


def computed() -> float:
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def fetch(addresses: list[str], at_once: int) -> list[bytes]:
    with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda address: client.get(address).content, addresses))


def scan(url: str, port: int, expected: int) -> None:
    web = WebOptions(allow_private=True, ports=(80, 443, port))
    examined = examine_all([Input(url)], ScanOptions(web=web))
    records = [outcome.record for one in examined for outcome in one.outcomes]
    if [record.status for record in records] != ["ok"] * expected:
        raise SystemExit(f"the scan went wrong: {records[:3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pictures = [drawn(number) for number in range(arguments.pictures)]
    at_once = min(WebOptions().per_host, WebOptions().concurrency)
    classifier = Classifier()
    classifier.predict(pictures[0])
    rows: dict[str, list[Cost]] = {"fetch": [], "classify": [], "scan": [], "scan of one": []}
    with serving(pictures) as port:
        site = f"http://127.0.0.1:{port}"
        addresses = [f"{site}/{n}.jpg" for n in range(len(pictures))]
        fetch(addresses[:at_once], at_once)
        for _ in range(arguments.rounds):
            rows["fetch"].append(cost(lambda: fetch(addresses, at_once)))
            rows["classify"].append(cost(lambda: classifier.predict_batch(pictures)))
            rows["scan"].append(cost(lambda: scan(f"{site}/", port, len(pictures))))
            rows["scan of one"].append(cost(lambda: scan(f"{site}/one", port, 1)))
    report(rows, sum(map(len, pictures)) / len(pictures), at_once)


def report(rows: dict[str, list[Cost]], mean: float, at_once: int) -> None:
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, {mean / 1024:.0f} KiB a picture, ", end="")
    print(f"{at_once} requests at a time, Python {sys.version.split()[0]}\n")
    print("| median of the rounds | wall, s | computing, s |\n| --- | --- | --- |")
    middle = {
        name: Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))
        for name, costs in rows.items()
    }
    for name, value in middle.items():
        print(f"| {name} | {value.wall:.2f} | {value.cpu:.2f} |")
    work = [middle["fetch"][i] + middle["classify"][i] for i in (0, 1)]
    whole = [middle["scan"][i] / work[i] for i in (0, 1)]
    warm = [(middle["scan"][i] - middle["scan of one"][i]) / work[i] for i in (0, 1)]
    print(f"| scan / (fetch + classify) | {whole[0]:.2f} | {whole[1]:.2f} |")
    print(f"| the same without the scan of one | {warm[0]:.2f} | {warm[1]:.2f} |")


if __name__ == "__main__":
    main()
