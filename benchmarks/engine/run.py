"""All figures of the engine, in one command, on a machine that does nothing else:

    pip install "medsift[ray]" psutil torch torchvision timm && pip install --no-deps scikit-image
    python benchmarks/engine/run.py

writes ``benchmarks/engine/results.md`` and ``results.csv`` (``--output`` for elsewhere) anew after
each table, so that a run that is cut short leaves those that it has. Some 20 minutes on two cores,
most of it for twice 100,000 pictures, which come last; ``--scale middle`` stops at 10,000,
``--scale quick`` is for trying out.
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

import engines as engines_script
import pictures
import watch
from peers import PEERS

HERE = Path(__file__).resolve().parent
MODELS = ("fast", "default")
FEW = 9
GATE = (
    "The pictures are photographs, about half of which stop at the gate of `default`; one that "
    "goes on to its network takes the time of both."
)
"""So many pictures start the pool; the smallest scan that does what a large one does."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes
    ----------
    peers, compared : int
        Pictures for the peers, which are slow, and for medsift.
    growth : tuple of int
    cold : int
        Times that one picture is scanned from the shell.
    repeats : int
        Of what is compared: of peers the best counts, of medsift the median.
    """

    peers: int
    compared: int
    growth: tuple[int, ...]
    cold: int
    repeats: int


FULL = Sizes(300, 2000, (100, 1000, 10_000, 100_000), 9, 3)
MIDDLE = Sizes(200, 1000, (100, 1000, 10_000), 5, 1)
QUICK = Sizes(40, 300, (100, 300), 3, 1)
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
        tables: list[Table] = []
        for measure in (bench.cold, bench.compared, bench.workers, bench.steps, bench.growth):
            for table in measure():
                tables = [*(each for each in tables if each.title != table.title), table]
                _write(arguments.output, tables, load, scale=arguments.scale)


@dataclass(slots=True)
class Table:
    """Rows under a title."""

    title: str
    names: tuple[str, ...]
    rows: list[tuple[object, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """What one run of a peer or of medsift gave; the quicker is the larger.

    Attributes
    ----------
    rate : float
        Images a second.
    start : float
        Seconds before that.
    single, memory : int
        Of the largest worker and of all processes, in MiB.
    """

    rate: float
    start: float
    single: int
    memory: int


class Bench:
    """Runs the measurements."""

    def __init__(self, sizes: Sizes, folder: Path) -> None:
        self._sizes = sizes
        self._folder = folder

    def cold(self) -> Iterator[Table]:
        """One picture from the shell."""
        (path, *_) = sorted(self._pictures(1).rglob("*.jpg"))
        rows: list[tuple[object, ...]] = []
        for model in MODELS:
            seen = [self._scan(model, path, 2) for _ in range(self._sizes.cold)]
            seconds = [each.seconds for each in seen]
            middle, worst = statistics.median(seconds), max(seconds)
            rows.append((model, f"{middle:.2f}", f"{worst:.2f}", max(each.tree for each in seen)))
        names = ("model", "median, s", "slowest, s", "memory, MiB")
        yield Table(f"One picture from the shell, {self._sizes.cold} times", names, rows)

    def compared(self) -> Iterator[Table]:
        """Peers and medsift on photographs of the same kind, on one core and on two."""
        repeats = self._sizes.repeats
        rows: list[tuple[object, ...]] = []
        for cores in (1, 2):
            found = {}
            for name in PEERS:
                found[name] = max(self._peer(name, cores) for _ in range(repeats))
                _say(name, cores, f"{found[name].rate:.1f}")
            for model in MODELS:
                runs = sorted(self._medsift(model, cores) for _ in range(repeats))
                found[f"medsift {model}"] = runs[len(runs) // 2]
                _say(model, cores, f"{runs[len(runs) // 2].rate:.1f}")
            for name, one in found.items():
                against = (one.rate / found[peer].rate for peer in ("resnet18", "b0-pair"))
                times = tuple(f"{ratio:.1f}" for ratio in against)
                per_picture = f"{1000 * cores / one.rate:.2f}"
                first = (name, cores, f"{one.rate:.1f}", per_picture, f"{one.start:.2f}")
                rows.append((*first, one.memory, *times))
        names = ("", "cores", "images/s", "ms of a core an image", "start, s", "memory, MiB")
        few, many = self._sizes.peers, self._sizes.compared
        yield Table(
            "Against others: JPEG photographs of 0.2 megapixels",
            (*names, "x resnet18", "x b0-pair"),
            rows,
            f"Images a second without the start: for peers the best of {repeats} runs over {few:,} "
            f"pictures, for medsift the median of {repeats} over {many:,} (a scan of all less one "
            f"of {FEW}). Peers with PyTorch's or ONNX Runtime's threads on all cores, medsift with "
            f"one worker a core. Memory is the peak of all processes together. {GATE}",
        )

    def workers(self) -> Iterator[Table]:
        """One worker, two, and Ray with two actors, each at its steady speed."""
        rows: list[tuple[object, ...]] = []
        for model in MODELS:
            engines = {"one worker": ("local", 1), "two workers": ("local", 2)}
            if _has("ray"):
                engines["Ray, two actors"] = ("ray", 2)
            # In turn, so that what changes in the machine meanwhile meets all of them.
            runs: dict[str, list[Run]] = {name: [] for name in engines}
            for _ in range(self._sizes.repeats):
                for name, (engine, workers) in engines.items():
                    runs[name].append(self._steady(engine, model, workers))
                    _say(model, name, f"{runs[name][-1].rate:.1f}")
            medians = {name: sorted(each)[len(each) // 2] for name, each in runs.items()}
            one, two = (medians[name].rate for name in ("one worker", "two workers"))
            for name, run in medians.items():
                ratios = (f"{run.rate / one:.2f}", f"{run.rate / two:.2f}", f"{run.start:.1f}")
                rows.append((model, name, f"{run.rate:.1f}", *ratios, run.single, run.memory))
        names = ("model", "engine", "images/s", "x one worker", "x two workers", "start, s")
        yield Table(
            "Workers",
            (*names, "largest worker, MiB", "all, MiB"),
            rows,
            "Steady speed, see engines.py: the clock starts when the first "
            f"{engines_script.WARM} pictures are done; median of {self._sizes.repeats} runs. One "
            "worker has one core, two workers or actors have two, their parent or Ray included.",
        )

    def steps(self) -> Iterator[Table]:
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
        title = "One picture, step by step, milliseconds of one core"
        yield Table(title, ("", *MODELS), rows, GATE)

    def growth(self) -> Iterator[Table]:
        """From a few pictures to many."""
        rows: list[tuple[object, ...]] = []
        names = ("model", "images", "s, with the start", "images/s")
        for model in MODELS:
            memory: dict[int, int] = {}
            for count in self._sizes.growth:
                seen = self._scan(model, self._pictures(count), 2)
                memory[count] = seen.tree
                above = f"{seen.tree / memory[1000] - 1:+.0%}" if 1000 in memory else ""
                rate = f"{count / seen.seconds:.1f}"
                row = (f"{seen.seconds:.1f}", rate, seen.single, seen.tree, above)
                rows.append((model, f"{count:,}", *row))
                _say("growth", model, count, rate, seen.tree)
                yield Table(
                    "Growth, two workers",
                    (*names, "largest worker, MiB", "all, MiB", "above 1,000 images"),
                    rows,
                    "The first 2,000 pictures are different, then they repeat with other "
                    "comments, so that every file has a digest of its own.",
                )

    def _pictures(self, count: int) -> Path:
        place = self._folder / f"{count}"
        pictures.write(place, count)
        return place

    def _peer(self, name: str, cores: int) -> Run:
        place = self._pictures(self._sizes.peers)
        command = [sys.executable, str(HERE / "peers.py"), name, str(place), "--cores", str(cores)]
        seen = watch.run(command, cores)
        row = json.loads(seen.output)
        return Run(row["pictures"] / row["seconds"], row["ready"], seen.single, seen.tree)

    def _medsift(self, model: str, cores: int) -> Run:
        few, count = self._pictures(FEW), self._sizes.compared
        start = statistics.median(self._scan(model, few, cores).seconds for _ in range(3))
        seen = self._scan(model, self._pictures(count), cores)
        return Run((count - FEW) / (seen.seconds - start), start, seen.single, seen.tree)

    def _scan(self, model: str, place: Path, cores: int) -> watch.Watched:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "r.parquet"
            words = ["--model", model, "--workers", str(cores), "--quiet", "-o", str(output)]
            return watch.run([sys.executable, "-m", "medsift", "scan", str(place), *words], cores)

    def _steady(self, engine: str, model: str, workers: int) -> Run:
        place = self._pictures(self._sizes.compared)
        words = [engine, model, str(workers), str(place)]
        seen = watch.run([sys.executable, str(HERE / "engines.py"), *words])
        row = json.loads(seen.output)
        return Run(row["pictures"] / row["seconds"], row["before"], seen.single, seen.tree)


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
