"""Time medsift against the extraction of PyMuPDF and pdfimages, on the same cores.

    python benchmarks/pdf/compare.py FOLDER ... [--workers 2] [--rounds 3]

PyMuPDF (AGPL; for this comparison only: ``pip install pymupdf``) and pdfimages (poppler-utils)
are measured where they are installed. No passwords are given to any. Printed for each, of its best
round: pictures, seconds on the wall, seconds of all processors.

medsift
    ``medsift scan``: extraction, classification and output, its start included; with the bundled
    ensemble, and with ``--model fast``. And its extraction alone, at full size, masks and all.
PyMuPDF, as stored
    ``Document.extract_image`` for each image of each page, once: JPEGs as they are, all else as
    PNG; soft masks are not applied, images inside of forms come without their place.
PyMuPDF, as seen
    The recipe of its documentation for pictures with their soft masks, over ``Pixmap``.
pdfimages
    ``pdfimages -all`` into a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import importlib.util
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

SECONDS = 60
ADDRESS_SPACE = 4 << 30


def by_medsift(paths: Sequence[Path], workers: int, model: str) -> int:
    """Scan, as from a shell."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.csv"
        listing = "\n".join(map(str, paths)).encode()
        command = [sys.executable, "-m", "medsift", "scan", "-", "--quiet"]
        command += ["--workers", str(workers), "--model", model, "-o", str(out)]
        subprocess.run(command, input=listing, check=False)
        with out.open(newline="", encoding="utf-8") as stream:
            return sum(bool(row["width"]) for row in csv.DictReader(stream))


def by_extraction(paths: Sequence[Path], workers: int) -> int:
    """Extract with medsift in a pool of processes."""
    with multiprocessing.Pool(workers, initializer=_limited) as pool:
        found = sum(pool.imap_unordered(_medsift_pictures, paths))
        pool.close()
        pool.join()
    return found


def by_pymupdf(paths: Sequence[Path], workers: int, masked: bool) -> int:
    """Extract with PyMuPDF in a pool of processes."""
    work = partial(_pymupdf_pictures, masked=masked)
    with multiprocessing.Pool(workers, initializer=_bounded) as pool:
        found = sum(pool.imap_unordered(work, paths))
        pool.close()
        pool.join()
    return found


def by_pdfimages(paths: Sequence[Path], workers: int) -> int:
    """Extract with pdfimages, as many at a time as there are workers."""
    with tempfile.TemporaryDirectory() as folder:

        def work(numbered: tuple[int, Path]) -> None:
            number, path = numbered
            command = ["pdfimages", "-all", str(path), f"{folder}/{number}"]
            with suppress(subprocess.TimeoutExpired):
                subprocess.run(command, check=False, timeout=SECONDS, capture_output=True)

        with ThreadPool(workers) as pool:
            pool.map(work, enumerate(paths), chunksize=1)
        return sum(1 for _ in Path(folder).iterdir())


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def _medsift_pictures(path: Path) -> int:
    from medsift.core.errors import InputError
    from medsift.core.picture import Picture, Provenance
    from medsift.sources.base import Blob, Context
    from medsift.sources.pdf import read

    found = 0
    with suppress(InputError), _seconds():
        for finding in read(Blob(Provenance(path.name), path=path), Context()):
            found += isinstance(finding, Picture)
    return found


@contextmanager
def _seconds() -> Iterator[None]:
    """Stop what takes longer than a document may."""

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        with suppress(TimeoutError):
            yield
    finally:
        signal.alarm(0)


def _bounded() -> None:
    _limited()
    importlib.import_module("pymupdf").TOOLS.mupdf_display_errors(False)


def _pymupdf_pictures(path: Path, masked: bool) -> int:
    pymupdf = importlib.import_module("pymupdf")
    found = 0
    # A damaged file is one without pictures.
    with _seconds(), suppress(Exception), pymupdf.open(path) as document:
        seen: set[int] = set()
        for page in document:
            for reference, mask, *_ in page.get_images(full=True):
                if reference not in seen:
                    seen.add(reference)
                    with suppress(RuntimeError, ValueError):
                        _pymupdf_picture(pymupdf, document, reference, mask, masked)
                        found += 1
    return found


def _pymupdf_picture(pymupdf: Any, document: Any, reference: int, mask: int, masked: bool) -> bytes:
    stored: bytes = document.extract_image(reference)["image"]
    if not masked:
        return stored
    if mask > 0:
        pixels = pymupdf.Pixmap(stored)
        if pixels.alpha:
            pixels = pymupdf.Pixmap(pixels, 0)
        alpha = pymupdf.Pixmap(document.extract_image(mask)["image"])
        with suppress(Exception):
            pixels = pymupdf.Pixmap(pixels, alpha)
        return bytes(pixels.tobytes("pam" if pixels.n > 4 else "png"))
    if "/ColorSpace" in document.xref_object(reference, compressed=True):
        pixels = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.Pixmap(document, reference))
        return bytes(pixels.tobytes("png"))
    return stored


@dataclass(frozen=True)
class Timing:
    """One run: pictures found, seconds on the wall, and of all processors."""

    found: int
    wall: float
    cpu: float


def timed(work: Callable[[], int]) -> Timing:
    """Run and measure."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    found = work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(found, wall, cpu)


def tools(paths: Sequence[Path], workers: int) -> dict[str, Callable[[], int]]:
    """All that can be measured here, by name."""
    found: dict[str, Callable[[], int]] = {
        "medsift, extraction alone": partial(by_extraction, paths, workers),
        "medsift --model fast": partial(by_medsift, paths, workers, model="fast"),
        "medsift, extraction and classification": partial(
            by_medsift, paths, workers, model="default"
        ),
    }
    if importlib.util.find_spec("pymupdf"):
        found["PyMuPDF, as stored"] = partial(by_pymupdf, paths, workers, masked=False)
        found["PyMuPDF, as seen"] = partial(by_pymupdf, paths, workers, masked=True)
    if shutil.which("pdfimages"):
        found["pdfimages -all"] = partial(by_pdfimages, paths, workers)
    return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="+", help="folders of PDFs")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    options = parser.parse_args()
    paths = [path for folder in options.folder for path in sorted(folder.glob("*.pdf"))]
    load = os.getloadavg()[0]
    print(f"{len(paths)} documents, {options.workers} workers, load {load:.1f} before")
    runs: dict[str, list[Timing]] = {}
    # Round by round, so that a slow minute of the machine meets all tools alike.
    for _ in range(options.rounds):
        for name, work in tools(paths, options.workers).items():
            runs.setdefault(name, []).append(timed(work))
    print("| tool | pictures | wall s | CPU s |\n| --- | --- | --- | --- |")
    for name, timings in runs.items():
        best = min(timings, key=lambda timing: timing.wall)
        print(f"| {name} | {best.found} | {best.wall:.1f} | {best.cpu:.1f} |", flush=True)


if __name__ == "__main__":
    main()
