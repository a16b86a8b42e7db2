"""Measure the PDF source on a folder of real documents.

    python benchmarks/pdf/corpus.py FOLDER [--list pdf_images.csv] [--passwords passwords.csv]

Each document is read in a process of its own with a time limit and a bound on its address
space. Printed for each folder of documents:

recall
    Of the rows of ``pdfimages -list`` with type ``image`` and both sides of at least 32 px, the
    share that is found on its page with the same size, or as part of a joined picture that
    covers at least half of it. The list also names what is no picture (lone masks, decoration).
agreement
    Share of pictures whose SSIM (Wang et al. 2004, 7 x 7 windows) with PDFium's own drawing of
    the page's images in the same box is at least 0.95, both at half their size and at no more
    than 256 px: finer, the interpolation of drawing and the half pixel by which it snaps to its
    grid would be measured. Pictures that other images overlap are not compared.
junk
    Share of pictures of at least 32 px that are blank or as thin as a rule.
time
    Seconds a document, and the largest resident memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.errors import InputError
from medsift.core.picture import Bbox, Picture, Provenance
from medsift.decode.blank import is_blank
from medsift.sources.base import Blob, Context, SourceOptions
from medsift.sources.pdf import read
from medsift.sources.pdf.draw import draw_region
from medsift.sources.pdf.geometry import area, intersection
from medsift.sources.pdf.placements import frame_of, placements_of, walk

SECONDS = 60
ADDRESS_SPACE = 4 << 30
SIDE = 256
MIN_SIDE = 32
AGREES = 0.95
MOST_COMPARED = 150


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Structural similarity of two grey pictures of one size."""
    a, b = one.astype(float), other.astype(float)
    mean_a, mean_b = _windows(a), _windows(b)
    var_a, var_b = _windows(a * a) - mean_a**2, _windows(b * b) - mean_b**2
    covariance = _windows(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    below = (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    return float((above / below).mean())


def _windows(values: NDArray[np.float64], size: int = 7) -> NDArray[np.float64]:
    total = np.cumsum(np.cumsum(np.pad(values, ((1, 0), (1, 0))), axis=0), axis=1)
    inner = total[size:, size:] - total[:-size, size:] - total[size:, :-size]
    mean: NDArray[np.float64] = (inner + total[:-size, :-size]) / size**2
    return mean


def agreement(picture: Picture, page: Any) -> float | None:
    """SSIM of a picture with a drawing of its place; None where it has no visible place."""
    from pypdfium2 import raw

    box = picture.where.bbox
    if box is None or min(picture.pixels.shape[:2]) < MIN_SIDE:
        return None
    frame = frame_of(page)
    x0, y0, x1, y1 = box
    seen = max(x0, 0.0), max(y0, 0.0), min(x1, frame.width), min(y1, frame.height)
    if seen[2] - seen[0] < 1 or seen[3] - seen[1] < 1:
        return None
    height, width = picture.pixels.shape[:2]
    part = (
        (seen[0] - x0) / (x1 - x0) * width,
        (y1 - seen[3]) / (y1 - y0) * height,
        (seen[2] - x0) / (x1 - x0) * width,
        (y1 - seen[1]) / (y1 - y0) * height,
    )
    wide, high = part[2] - part[0], part[3] - part[1]
    factor = min(0.5, SIDE / max(wide, high))
    size = max(8, round(wide * factor)), max(8, round(high * factor))
    images = [h for h, _, _ in walk(page) if raw.FPDFPageObj_GetType(h) == raw.FPDF_PAGEOBJ_IMAGE]
    alone = [] if picture.format == "vector" else images
    if picture.where.extraction == "embedded" and _overlapped(box, page):
        return None
    fine = size[0] * 4, size[1] * 4
    drawn = Image.fromarray(draw_region(page, frame, seen, fine, alone))
    found = Image.fromarray(picture.pixels)
    box_filter = Image.Resampling.BOX
    return ssim(
        np.asarray(found.resize(size, box_filter, box=part).convert("L")),
        np.asarray(drawn.resize(size, box_filter).convert("L")),
    )


def _overlapped(box: Bbox, page: Any) -> bool:
    """Whether another image is drawn on, or below, the same place."""
    placed = placements_of(page, frame_of(page))
    return sum(area(intersection(box, p.bbox)) > 0.01 * area(box) for p in placed) > 1


def _is_junk(picture: Picture) -> bool:
    """Whether a picture is blank, or of the shape of a rule."""
    short, long = sorted((picture.width, picture.height))
    return is_blank(picture.pixels) or long > 30 * short


def measure(path: Path, password: str, out: Path) -> None:
    """Read one document and write what was found; runs in a process of its own."""
    import pypdfium2 as pdfium

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    signal.alarm(SECONDS)
    context = Context(options=SourceOptions(pdf_password=password))
    rows: list[dict[str, Any]] = []
    error, document, aside = "", None, 0.0
    start = time.perf_counter()
    try:
        for finding in read(Blob(Provenance(path.name), path=path), context):
            row: dict[str, Any] = {"page": finding.where.page, "locator": finding.where.locator}
            pause = time.perf_counter()
            if isinstance(finding, Picture):
                row |= {"width": finding.width, "height": finding.height}
                row |= {"extraction": finding.where.extraction}
                row["junk"] = _is_junk(finding)
                if finding.where.page and len(rows) < MOST_COMPARED:
                    document = document or pdfium.PdfDocument(path, password=password or None)
                    row["ssim"] = agreement(finding, document[finding.where.page - 1])
            else:
                row |= {"problem": f"{finding.status} {finding.reason}", "error": finding.error}
            aside += time.perf_counter() - pause
            rows.append(row)
    except InputError as problem:
        error = problem.record_text
    except pdfium.PdfiumError:
        pass
    result = {
        "rows": rows,
        "error": error,
        "seconds": time.perf_counter() - start - aside,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    out.write_text(json.dumps(result))


def in_child(path: Path, password: str, out: Path) -> dict[str, Any] | None:
    """Measure in a forked process; None where it crashed or ran out of time."""
    out.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            measure(path, password, out)
        except BaseException:  # noqa: BLE001 - the child must not go on with its parent's work
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.waitpid(child, 0)
    result: dict[str, Any] | None = json.loads(out.read_text()) if out.exists() else None
    return result


@dataclass
class Tally:
    """Figures of one folder."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    megabytes: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, result: dict[str, Any], listed: list[dict[str, str]]) -> None:
        """Count one document."""
        self.seconds.append(result["seconds"])
        self.megabytes.append(result["megabytes"])
        if result["error"]:
            self.counts["documents that failed"] += 1
            self.notes.append(f"error    {name}: {result['error']}")
        pages: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in result["rows"]:
            if "problem" in row:
                self.counts[row["problem"]] += 1
                if row["error"]:
                    self.notes.append(f"failed   {name} {row['locator']}: {row['error']}")
            else:
                pages[row["page"]].append(row)
                self._picture(name, row)
        for line in listed:
            size = int(line["width"]), int(line["height"])
            if line["type"] == "image" and min(size) >= MIN_SIDE:
                self._listed(f"{name} page {line['page']}", size, pages[int(line["page"])])

    def _picture(self, name: str, row: dict[str, Any]) -> None:
        self.counts["pictures"] += 1
        self.counts[f"pictures {row['extraction']}"] += 1
        if min(row["width"], row["height"]) >= MIN_SIDE:
            self.counts[f"pictures of at least {MIN_SIDE} px"] += 1
            if row["junk"]:
                self.counts["junk among those"] += 1
                self.notes.append(f"junk     {name} {row['locator']}")
        if row.get("ssim") is None:
            return
        self.counts["compared"] += 1
        self.counts["agree"] += row["ssim"] >= AGREES
        if row["ssim"] < AGREES:
            self.notes.append(f"differs  {name} {row['locator']}: SSIM {row['ssim']:.3f}")

    def _listed(self, name: str, size: tuple[int, int], found: list[dict[str, Any]]) -> None:
        self.counts["listed"] += 1
        if any((p["width"], p["height"]) in (size, size[::-1]) for p in found):
            self.counts["listed and found"] += 1
        elif any(p["extraction"] != "embedded" and _covers(p, size) for p in found):
            self.counts["listed and found in a joined picture"] += 1
        else:
            self.notes.append(f"missing  {name}: {size[0]} x {size[1]}")

    def show(self, title: str) -> None:
        """Print the figures and the exceptions."""
        print(title)
        for key, count in sorted(self.counts.items()):
            print(f"  {count:6d}  {key}")
        if self.seconds:
            middle, most = np.median(self.seconds), max(self.seconds)
            print(f"  {middle:6.2f}  seconds, median; {most:.1f} at most")
            print(f"  {max(self.megabytes):6d}  MB resident at most")
        print("\n".join(f"    {note}" for note in self.notes))


def report(
    folder: Path, listed: dict[str, list[dict[str, str]]], passwords: dict[str, str]
) -> None:
    """Measure every PDF of a folder."""
    tally = Tally()
    out = Path(tempfile.gettempdir()) / f"pdf-corpus-{os.getpid()}.json"
    for path in sorted(folder.glob("*.pdf")):
        name = f"{folder.name}/{path.name}"
        result = in_child(path, passwords.get(name, ""), out)
        tally.counts["documents"] += 1
        if result is None:
            tally.counts["crashed or timed out"] += 1
            tally.notes.append(f"crash    {name}")
        else:
            tally.add(name, result, listed[name])
    out.unlink(missing_ok=True)
    tally.show(folder.name)


def _covers(row: dict[str, Any], size: tuple[int, int]) -> bool:
    return bool(min(row["width"], row["height"]) * 2 >= min(size))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="+", help="folders of PDFs")
    parser.add_argument("--list", type=Path, help="CSV of `pdfimages -list`, with a file column")
    parser.add_argument("--passwords", type=Path, help="CSV with the columns file and password")
    options = parser.parse_args()
    listed: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(options.list):
        listed[row["file"]].append(row)
    passwords = {row["file"]: row["password"] for row in _rows(options.passwords)}
    for folder in options.folder:
        report(folder, listed, passwords)
        sys.stdout.flush()


def _rows(path: Path | None) -> list[dict[str, str]]:
    if path is None:
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
