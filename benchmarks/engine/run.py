"""All figures of the engine, in one command, on a machine that does nothing else:

    pip install "medsift[ray]" psutil torch torchvision timm && pip install --no-deps scikit-image
    python benchmarks/engine/run.py

writes ``benchmarks/engine/results.md`` and ``results.csv`` (``--output`` for elsewhere). About 40
minutes on two cores, most of it for 100,000 pictures; ``--scale middle`` stops at 10,000 and takes
some 10 minutes, ``--scale quick`` is for trying out.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pictures
import watch
from peers import PEERS

HERE = Path(__file__).resolve().parent
MODELS = ("fast", "default")
FEW = 9
"""So many pictures start the pool; the smallest scan that does what a large one does."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    compared: int
    growth: tuple[int, ...]
    cold: int
    block: int


FULL = Sizes(2000, (100, 1000, 10_000, 100_000), 9, 500)
MIDDLE = Sizes(600, (100, 1000, 10_000), 5, 150)
QUICK = Sizes(60, (100, 300), 3, 25)
SCALES = {"full": FULL, "middle": MIDDLE, "quick": QUICK}


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--folder", type=Path, help="for the pictures; 5 GB, kept for next time")
    parser.add_argument("--output", type=Path, default=HERE / "results.md")
    arguments = parser.parse_args()
    sizes = SCALES[arguments.scale]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    with _folder(arguments.folder) as folder:
        bench = Bench(sizes, folder)
        tables = [
            bench.compared(),
            bench.steps(),
            bench.workers(),
            bench.growth(),
            bench.cold(),
        ]
    _write(arguments.output, tables, load, scale=arguments.scale)


@dataclass(slots=True)
class Table:
    """Rows under a title."""

    title: str
    names: tuple[str, ...]
    rows: list[tuple[object, ...]]
    note: str = ""


class Bench:
    """Runs the measurements."""

    def __init__(self, sizes: Sizes, folder: Path) -> None:
        self._sizes = sizes
        self._folder = folder

    def compared(self) -> Table:
        """Peers and medsift on the same files, on one core and on two."""
        place = self._pictures(self._sizes.compared)
        rows: list[tuple[object, ...]] = []
        for cores in (1, 2):
            found = {}
            for name in PEERS:
                found[name] = self._peer(name, place, cores)
                _say(name, cores, f"{found[name][0]:.1f}")
            for model in MODELS:
                found[f"medsift {model}"] = self._medsift(model, place, cores)
            for name, (rate, start, seen) in found.items():
                against = (rate / found[peer][0] for peer in ("resnet18", "b0-pair"))
                times = tuple(f"{ratio:.1f}" for ratio in against)
                per_picture = f"{1000 * cores / rate:.2f}"
                whole = f"{self._sizes.compared / seen.seconds:.1f}"
                rate_shown = f"{rate:.1f}"
                rows.append(
                    (name, cores, rate_shown, per_picture, whole, f"{start:.2f}", seen.tree, *times)
                )
                _say(name, cores, rate_shown)
        names = (
            *("", "cores", "images/s", "ms of a core an image", "images/s with the start"),
            *("start, s", "memory, MiB", "x resnet18", "x b0-pair"),
        )
        return Table(
            f"Against others: {self._sizes.compared:,} JPEG photographs of 0.2 megapixels",
            names,
            rows,
            "Images a second without the start (a scan of so many pictures less one of "
            f"{FEW}); peers with PyTorch's or ONNX Runtime's threads on all cores, medsift with "
            "one worker a core. Memory is the peak of all processes together.",
        )

    def steps(self) -> Table:
        """Where the time of one picture goes."""
        place = self._pictures(100)
        found = {}
        for model in MODELS:
            command = [sys.executable, str(HERE / "steps.py"), str(place), model]
            found[model] = json.loads(watch.run(command).output)
            _say("steps", model)
        rows: list[tuple[object, ...]] = [
            (name, *(f"{found[model][name]:.3f}" for model in MODELS)) for name in found["fast"]
        ]
        return Table("One picture, step by step, milliseconds of one core", ("", *MODELS), rows)

    def workers(self) -> Table:
        """One worker, two, and Ray with two actors; memory of a worker."""
        place = self._pictures(self._sizes.compared)
        rows: list[tuple[object, ...]] = []
        for model in MODELS:
            one, _, seen = self._medsift(model, place, 1)
            rows.append((model, "one worker", f"{one:.1f}", "1.00", seen.single, seen.tree))
            two, _, seen = self._medsift(model, place, 2)
            rows.append(
                (model, "two workers", f"{two:.1f}", f"{two / one:.2f}", seen.single, seen.tree)
            )
            if _has("ray"):
                rate, seen = self._ray(model, place)
                times = f"{rate / one:.2f}"
                rows.append(
                    (model, "Ray, two actors", f"{rate:.1f}", times, seen.single, seen.tree)
                )
                _say("ray", model, f"{rate / two:.2f} of two local workers")
        names = ("model", "engine", "images/s", "x one worker", "largest worker, MiB", "all, MiB")
        return Table("Workers", names, rows, "Without the start, as above.")

    def growth(self) -> Table:
        """From a few pictures to many."""
        rows: list[tuple[object, ...]] = []
        for model in MODELS:
            for count in self._sizes.growth:
                seen = self._scan(model, self._pictures(count), 2)
                rate = f"{count / seen.seconds:.1f}"
                rows.append(
                    (model, f"{count:,}", f"{seen.seconds:.1f}", rate, seen.single, seen.tree)
                )
                _say("growth", model, count, rate)
        names = ("model", "images", "s, with the start", "images/s")
        return Table(
            "Growth, two workers",
            (*names, "largest worker, MiB", "all, MiB"),
            rows,
            "The first 2,000 pictures are different, then they repeat with other comments, so "
            "that every file has a digest of its own.",
        )

    def cold(self) -> Table:
        """One picture from the shell."""
        (path, *_) = sorted(self._pictures(1).rglob("*.jpg"))
        rows: list[tuple[object, ...]] = []
        for model in MODELS:
            seen = [self._scan(model, path, 2) for _ in range(self._sizes.cold)]
            seconds = [each.seconds for each in seen]
            middle, worst = statistics.median(seconds), max(seconds)
            rows.append((model, f"{middle:.2f}", f"{worst:.2f}", max(each.tree for each in seen)))
        names = ("model", "median, s", "slowest, s", "memory, MiB")
        return Table(f"One picture from the shell, {self._sizes.cold} times", names, rows)

    def _pictures(self, count: int) -> Path:
        place = self._folder / f"{count}"
        pictures.write(place, count)
        return place

    def _peer(self, name: str, place: Path, cores: int) -> tuple[float, float, watch.Watched]:
        command = [sys.executable, str(HERE / "peers.py"), name, str(place), "--cores", str(cores)]
        seen = watch.run(command, cores)
        row = json.loads(seen.output)
        return row["pictures"] / row["seconds"], row["ready"], seen

    def _medsift(self, model: str, place: Path, cores: int) -> tuple[float, float, watch.Watched]:
        few = self._pictures(FEW)
        start = statistics.median(self._scan(model, few, cores).seconds for _ in range(3))
        seen = self._scan(model, place, cores)
        return (self._sizes.compared - FEW) / (seen.seconds - start), start, seen

    def _scan(self, model: str, place: Path, cores: int) -> watch.Watched:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "r.parquet"
            words = ["--model", model, "--workers", str(cores), "--quiet", "-o", str(output)]
            return watch.run([sys.executable, "-m", "medsift", "scan", str(place), *words], cores)

    def _ray(self, model: str, place: Path) -> tuple[float, watch.Watched]:
        start = statistics.median(
            self._ray_scan(model, self._pictures(FEW)).seconds for _ in range(3)
        )
        seen = self._ray_scan(model, place)
        return (self._sizes.compared - FEW) / (seen.seconds - start), seen

    def _ray_scan(self, model: str, place: Path) -> watch.Watched:
        with tempfile.TemporaryDirectory() as folder:
            words = ["--model", model, "--workers", "2", "--quiet", "--engine", "ray"]
            words += ["--block", str(self._sizes.block), "-o", f"{folder}/shards/"]
            return watch.run([sys.executable, "-m", "medsift", "scan", str(place), *words], 2)


def _write(path: Path, tables: list[Table], load: float, scale: str) -> None:
    lines = ["# The engine, measured", "", *_conditions(load, scale)]
    for table in tables:
        lines += ["", f"## {table.title}", ""]
        lines += [f"{table.note}\n"] if table.note else []
        lines.append("| " + " | ".join(table.names) + " |")
        lines.append("| " + " | ".join("---" for _ in table.names) + " |")
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for table in tables:
            writer.writerows((table.title, *row) for row in [table.names, *table.rows])


def _conditions(load: float, scale: str) -> Iterator[str]:
    date = dt.datetime.now(dt.timezone.utc).date()
    packages = ("onnxruntime", "numpy", "pillow", "torch", "torchvision", "timm", "ray")
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in packages if _has(n))
    yield f"{date}, {_processor()}, {os.cpu_count()} cores, Python {platform.python_version()},"
    yield f"{versions}. Load of the machine before: {load:.1f}."
    if scale == "quick" or load > 0.5:
        yield ""
        yield "**A trial run (few pictures, or a busy machine): no figure here is to be quoted.**"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line)
    return next(names, platform.processor())


def _has(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _say(*words: object) -> None:
    sys.stderr.write(" ".join(map(str, words)) + "\n")


if __name__ == "__main__":
    main()
