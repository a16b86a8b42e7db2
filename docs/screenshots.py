"""Make the pictures of the documentation that show medsift at work.

    python -m docs.screenshots

Needs the packages of ``make test`` and a Chromium browser on the path.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.app.driving import chromium, give, open_tab, opened, running_app

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "docs" / "assets"
WIDTH, HEIGHT = 1180, 680
_STILL = 1500
"""Milliseconds until nothing moves any more."""


def main() -> None:
    """Scan the sample documents, and take a picture of the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Names as they would be on a desk, not those of a temporary folder.
        run(sys.executable, ROOT / "demo" / "build_samples.py", "samples", cwd=folder)
        scan = ("scan", "samples", "--report", "report.html", "--quiet")
        run(sys.executable, "-m", "medsift", *scan, cwd=folder)
        keep("report", report(folder / "report.html"))
        app(folder)


def keep(name: str, shot: bytes) -> None:
    """Save a picture for the documentation."""
    with Image.open(io.BytesIO(shot)) as image:
        # Fewer colours: a fifth of the size, and hard to tell apart.
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(ASSETS / f"{name}.png", optimize=True)


def app(folder: Path) -> None:
    """Pictures of the app: the grid, a picture on its page, and why it is called medical."""
    samples = folder / "samples"
    files = sorted((samples / "photographs").iterdir()) + sorted((samples / "dicom").iterdir())
    size = {"width": 1100, "height": 1040}
    with running_app(folder) as url, chromium() as browser:
        page = opened(browser, url, viewport=size)
        give(page, *files, samples / "web" / "page_files" / "retina.jpg")
        page.wait_for_timeout(_STILL)
        keep("app-grid", page.screenshot())
        open_tab(page, "PDF and documents")
        give(page, samples / "documents" / "report.pdf")
        page.get_by_role("button", name="Look closer at").first.click()
        keep("app-page", dialog(page, "with a frame around"))
        page.get_by_role("dialog").get_by_text("Why this verdict?").click()
        keep("app-why", dialog(page, "Coloured by"))


def dialog(page: Page, alt: str) -> bytes:
    """A picture of the dialog, once its own picture is drawn."""
    page.get_by_role("dialog").get_by_alt_text(alt).wait_for()
    page.wait_for_timeout(_STILL)
    return page.screenshot()


def run(*command: object, cwd: Path) -> None:
    """Run a command; what it prints is of no interest."""
    words = [str(word) for word in command]
    subprocess.run(words, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def report(page: Path) -> bytes:
    """A picture of the report's gallery, most medical first."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.goto(page.as_uri())
        tab.select_option("[name=order]", "most")
        tab.wait_for_selector(".card")
        # Thumbnails are drawn when they come into view.
        tab.locator(".card").first.scroll_into_view_if_needed()
        tab.evaluate("document.getElementById('gallery').scrollIntoView()")
        tab.wait_for_timeout(_STILL)
        gallery = tab.locator("#gallery").bounding_box()
        top = tab.evaluate("scrollY") + (gallery["y"] if gallery else 0)
        return tab.screenshot(
            full_page=True, clip={"x": 0, "y": top - 12, "width": WIDTH, "height": HEIGHT}
        )


if __name__ == "__main__":
    main()
