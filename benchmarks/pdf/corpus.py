"""Measure the PDF source on a folder of real documents.

    python benchmarks/pdf/corpus.py FOLDER [--list pdf_images.csv] [--passwords passwords.csv]
        [--pixels stored]

Each document is read in a process of its own with a time limit and a bound on its address
space. Printed for each folder of documents:

recall
    Of the rows of ``pdfimages -list`` with type ``image`` and both sides of at least 32 px, the
    share that is found on its page with the same size, or in a picture that was drawn or joined
    and whose box covers at least half of one of the places where PyMuPDF (for this only: ``pip
    install pymupdf``) sees an image of that size. Each place credits one row. Images that occur
    in the groups of soft masks alone are told apart as ``lone masks``: what is painted through
    them may be a picture, they are none themselves.
agreement
    Share of pictures, blank ones aside, whose SSIM (Wang et al. 2004, 7 x 7 windows) with PDFium's
    drawing of the whole page in the same box is at least 0.95, both averaged down to no more than
    256 px. Where it is less, the page is drawn again with fewer things on it, and the first
    drawing that agrees says why: ``on or below it`` with the page's images alone (text, arrows,
    labels and a coloured ground are gone); ``another image`` with this image alone. ``annotation``
    stands for pictures in the looks of annotations, of which PDFium draws form fields only with
    its form module (the second figure is with that); ``askew`` for those that stand at an angle,
    which come upright. What no drawing explains is ``unexplained``.
junk
    Share of pictures of at least 32 px that are as thin as a rule. Blank ones, and empty frames,
    are counted apart: a scan skips them and says so.
time
    Seconds a document, and the largest resident memory.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import importlib.util
import json
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agreement import AGREES, MIN_SIDE, agreement

from medsift.core.errors import InputError
from medsift.core.picture import Bbox, Picture, Provenance
from medsift.decode.blank import is_blank
from medsift.sources.base import Blob, Context, PdfPixels, SourceOptions
from medsift.sources.pdf import read
from medsift.sources.pdf.document.dictionaries import number_of, value_of, values_of
from medsift.sources.pdf.document.facts import images_in_mask
from medsift.sources.pdf.geometry import area, intersection

SECONDS = 60
ADDRESS_SPACE = 4 << 30
MOST_COMPARED = 150


def _is_junk(picture: Picture) -> bool:
    """Whether a picture is of the shape of a rule."""
    short, long = sorted((picture.width, picture.height))
    return long > 30 * short


def places_of(path: Path, password: str, pages: Iterable[int]) -> dict[str, list[Any]]:
    """Where PyMuPDF sees images, also in the groups of masks: page, then size and box."""
    pymupdf = importlib.import_module("pymupdf")
    pymupdf.TOOLS.mupdf_display_errors(False)
    found: dict[str, list[Any]] = {}
    with pymupdf.open(path) as document:
        if document.needs_pass:
            document.authenticate(password)
        for number in pages:
            page = document[number - 1]
            places = found.setdefault(str(number), [])
            for image in page.get_image_info():
                # Boxes are of the page before it is turned, with y downwards.
                box = pymupdf.Rect(image["bbox"]) * page.rotation_matrix
                seen = (box.x0, page.rect.height - box.y1, box.x1, page.rect.height - box.y0)
                places.append([image["width"], image["height"], seen])
    return found


def lone_masks(path: Path, password: str, pages: Iterable[int]) -> list[int]:
    """Object numbers of images that occur in groups of soft masks alone."""
    import pypdf

    reader = pypdf.PdfReader(path)
    if reader.is_encrypted:
        reader.decrypt(password)
    masks: set[int] = set()
    others: set[int] = set()
    for number in pages:
        stack: list[Any] = [reader.pages[number - 1]]
        seen: set[int] = set()
        while stack:
            holder = stack.pop()
            if id(holder) in seen:
                continue
            seen.add(id(holder))
            if value_of(holder, "/Subtype") == "/Image":
                others.add(number_of(holder))
            resources = value_of(holder, "/Resources")
            for state in values_of(value_of(resources, "/ExtGState")):
                masks.update(map(number_of, images_in_mask(state)))
            for name in ("/XObject", "/Pattern"):
                stack.extend(values_of(value_of(resources, name)))
    return sorted(masks - others)


def measure(
    path: Path, options: SourceOptions, out: Path, listed: Sequence[dict[str, str]]
) -> None:
    """Read one document and write what was found; runs in a process of its own."""
    import pypdfium2 as pdfium

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    # Of the processor, so that other work on the machine does not count; and a last resort.
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(10 * SECONDS)
    password = options.pdf_password
    context = Context(options=options)
    rows: list[dict[str, Any]] = []
    error, document, aside = "", None, 0.0
    start = time.perf_counter()
    try:
        for finding in read(Blob(Provenance(path.name), path=path), context):
            row: dict[str, Any] = {"page": finding.where.page, "locator": finding.where.locator}
            pause = time.perf_counter()
            if isinstance(finding, Picture):
                row |= {"width": finding.width, "height": finding.height}
                row |= {"extraction": finding.where.extraction, "box": finding.where.bbox}
                row |= {"junk": _is_junk(finding), "blank": is_blank(finding.pixels)}
                compared = not row["blank"] and len(rows) < MOST_COMPARED
                if finding.where.page and compared:
                    if document is None:
                        document = pdfium.PdfDocument(path, password=password or None)
                        document.init_forms()
                    row |= agreement(finding, document[finding.where.page - 1])
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
    pages = sorted({int(line["page"]) for line in listed if _counts(line)})
    with suppress(Exception):
        result["lone masks"] = lone_masks(path, password, pages)
    with suppress(Exception):
        result["places"] = places_of(path, password, pages)
    out.write_text(json.dumps(result))


def _counts(line: dict[str, str]) -> bool:
    return line["type"] == "image" and min(int(line["width"]), int(line["height"])) >= MIN_SIDE


def in_child(
    path: Path, options: SourceOptions, out: Path, listed: Sequence[dict[str, str]]
) -> dict[str, Any] | None:
    """Measure in a forked process; None where it crashed or ran out of time."""
    out.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            measure(path, options, out, listed)
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
        places, masks = result.get("places", {}), result.get("lone masks", [])
        for line in filter(_counts, listed):
            page = int(line["page"])
            kind = "lone mask" if line["object"] in set(map(str, masks)) else "listed"
            outcome = self._listed(line, pages[page], places.get(str(page), []))
            self.counts[kind] += 1
            self.counts[f"{kind}: {outcome}"] += 1
            if outcome == "missing" or (kind == "lone mask" and outcome == "found"):
                size = f"{line['width']} x {line['height']}"
                self.notes.append(f"{outcome:8} {name} page {page}: {size}, {kind}")

    def _picture(self, name: str, row: dict[str, Any]) -> None:
        self.counts["pictures"] += 1
        self.counts[f"pictures {row['extraction']}"] += 1
        if min(row["width"], row["height"]) >= MIN_SIDE:
            self.counts[f"pictures of at least {MIN_SIDE} px"] += 1
            if row["blank"]:
                self.counts["blank among those, whose records are skipped"] += 1
            elif row["junk"]:
                self.counts["junk among those"] += 1
                self.notes.append(f"junk     {name} {row['locator']}")
        if row.get("ssim") is None:
            return
        self.counts["compared"] += 1
        self.counts["compared, agree with the whole page"] += row["ssim"] >= AGREES
        if row["ssim"] < AGREES:
            case = row["case"]
            self.counts[f"compared, differ: {case.split(',')[0]}"] += 1
            self.notes.append(f"differs  {name} {row['locator']}: {row['ssim']:.3f}, {case}")

    def _listed(self, line: dict[str, str], found: list[dict[str, Any]], places: list[Any]) -> str:
        size = int(line["width"]), int(line["height"])
        if any((p["width"], p["height"]) in (size, size[::-1]) for p in found):
            return "found"
        for place in places:
            if (place[0], place[1]) == size and _is_drawn(place[2], found):
                # The next row of this size needs a place of its own.
                places.remove(place)
                return "in a drawn or joined picture"
        return "missing"

    def show(self, title: str) -> None:
        """Print the figures and the exceptions."""
        print(title)
        for key, count in sorted(self.counts.items()):
            print(f"  {count:6d}  {key}")
        if self.seconds:
            middle, most = statistics.median(self.seconds), max(self.seconds)
            print(f"  {middle:6.2f}  seconds, median; {most:.1f} at most")
            print(f"  {max(self.megabytes):6d}  MB resident at most")
        print("\n".join(f"    {note}" for note in self.notes))


def report(
    folder: Path,
    listed: dict[str, list[dict[str, str]]],
    passwords: dict[str, str],
    pixels: PdfPixels,
) -> None:
    """Measure every PDF of a folder."""
    tally = Tally()
    out = Path(tempfile.gettempdir()) / f"pdf-corpus-{os.getpid()}.json"
    for path in sorted(folder.glob("*.pdf")):
        name = f"{folder.name}/{path.name}"
        asked = SourceOptions(pdf_password=passwords.get(name, ""), pdf_pixels=pixels)
        result = in_child(path, asked, out, listed[name])
        tally.counts["documents"] += 1
        if result is None:
            tally.counts["crashed or timed out"] += 1
            tally.notes.append(f"crash    {name}")
        else:
            tally.add(name, result, listed[name])
    out.unlink(missing_ok=True)
    tally.show(folder.name)


def _is_drawn(box: Bbox, found: list[dict[str, Any]]) -> bool:
    """Whether a picture that is no image by itself shows at least half of a place."""
    boxes = [p["box"] for p in found if p["extraction"] != "embedded" and p["box"]]
    return any(2 * area(intersection(box, other)) >= area(box) for other in boxes)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="+", help="folders of PDFs")
    parser.add_argument("--list", type=Path, help="CSV of `pdfimages -list`, with a file column")
    parser.add_argument("--passwords", type=Path, help="CSV with the columns file and password")
    parser.add_argument("--pixels", choices=("seen", "stored"), default="seen")
    options = parser.parse_args()
    if options.list and not importlib.util.find_spec("pymupdf"):
        parser.error("PyMuPDF says where the listed images are: pip install pymupdf")
    listed: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(options.list):
        listed[row["file"]].append(row)
    passwords = {row["file"]: row["password"] for row in _rows(options.passwords)}
    for folder in options.folder:
        report(folder, listed, passwords, options.pixels)
        sys.stdout.flush()


def _rows(path: Path | None) -> list[dict[str, str]]:
    if path is None:
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
