"""A report of 10,000 pictures: how large it is, and how it feels in a browser.

    python benchmarks/report/ten_thousand.py IMAGES [--records 10000]

``IMAGES`` is a folder of pictures; 400 of them are taken in turn for the thumbnails. Needs
Playwright and a Chromium browser on the path.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from medsift import Record
from medsift.report.html import ReportPage
from medsift.report.images import thumbnail

KINDS = ("xray", "ct", "mri", "fundus", "photo", "chart", "logo", "diagram", "texture", "map")
MEDICAL = frozenset(KINDS[:4])


def main() -> None:
    """Build the page, use it, print a table."""
    parser = argparse.ArgumentParser(description="a report of many pictures in a browser")
    parser.add_argument("images", type=Path)
    parser.add_argument("--records", type=int, default=10_000)
    arguments = parser.parse_args()
    thumbnails = thumbnails_of(arguments.images)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        built = seconds(lambda: build(path, thumbnails, arguments.records))
        print("| what | value |\n| --- | ---: |")
        print(f"| size of the page, MB | {path.stat().st_size / 1e6:.1f} |")
        print(f"| building it without scanning, s | {built:.2f} |")
        for what, value in used(path).items():
            print(f"| {what}, s | {value:.2f} |")


def thumbnails_of(folder: Path) -> list[bytes]:
    """Thumbnails of up to 400 pictures below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    random.Random(1).shuffle(paths)
    small = []
    for path in islice(paths, 400):
        with Image.open(path) as image:
            small.append(thumbnail(np.asarray(image.convert("RGB"))))
    return small


def build(path: Path, thumbnails: list[bytes], count: int) -> None:
    """Write a page of records as a scan of papers would give them."""
    generator = random.Random(2)
    with ReportPage(str(path)) as page:
        for number in range(count):
            kind = generator.choice(KINDS)
            heat = bytes([12, 9]) + generator.randbytes(12 * 9)
            page.add(record(number, kind, generator.random() / 2), thumbnails[number % 400], heat)
        for number in range(60):
            text = "undecodable: the cross-reference table is damaged"
            page.add(Record(f"bad {number}.pdf", status="failed", reason="undecodable", error=text))
        for number in range(700):
            page.add(Record(f"{number}.txt", status="skipped", reason="unsupported"))


def record(number: int, kind: str, doubt: float) -> Record:
    """One of the records."""
    p_medical = 1 - doubt if kind in MEDICAL else doubt
    label = "medical" if kind in MEDICAL else "non_medical"
    return Record(
        source=f"share/department {number % 37}/papers/paper {number // 12:04}.pdf",
        source_type="pdf",
        locator=f"page {number % 12 + 1}, image 1",
        page=number % 12 + 1,
        index=number % 12 + 1,
        bbox=(60, 100, 340, 500),
        extraction="embedded",
        sha256=f"{number:064x}",
        width=640,
        height=480,
        label="uncertain" if doubt > 0.4 else label,
        p_medical=p_medical,
        confidence=1 - doubt,
        kind=kind,
        p_kind=0.8,
        model="default",
    )


def used(path: Path) -> dict[str, float]:
    """Seconds until the page shows what was asked for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        return {
            "opening it until the pictures show": seconds(lambda: opened(tab, path)),
            "searching a paper": seconds(lambda: searched(tab)),
            "all pictures again, least sure first": seconds(lambda: ordered(tab)),
            "the next page": seconds(lambda: turned(tab)),
        }


def opened(tab: Page, path: Path) -> None:
    """Load the page."""
    tab.goto(path.as_uri())
    tab.wait_for_selector(".card img")


def searched(tab: Page) -> None:
    """Type the name of a paper."""
    tab.fill("[name=text]", "0500.pdf")
    tab.wait_for_selector("#found:has-text('12 pictures of')")


def ordered(tab: Page) -> None:
    """Empty the search, and sort."""
    tab.fill("[name=text]", "")
    tab.select_option("[name=order]", "unsure")
    tab.wait_for_selector("#page:has-text('page 1 of')")


def turned(tab: Page) -> None:
    """Go to the second page."""
    tab.click("#next")
    tab.wait_for_selector("#page:has-text('page 2 of')")


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
