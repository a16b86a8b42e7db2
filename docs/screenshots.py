"""Make the pictures of the documentation that show medsift at work.

    python docs/screenshots.py

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
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "docs" / "assets"
WIDTH, HEIGHT = 1180, 680


def main() -> None:
    """Scan the sample documents, and take a picture of the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Names as they would be on a desk, not those of a temporary folder.
        run(sys.executable, ROOT / "demo" / "build_samples.py", "samples", cwd=folder)
        scan = ("scan", "samples", "--report", "report.html", "--quiet")
        run(sys.executable, "-m", "medsift", *scan, cwd=folder)
        shot = report(folder / "report.html")
    with Image.open(io.BytesIO(shot)) as image:
        # Fewer colours: a fifth of the size, and hard to tell apart.
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(ASSETS / "report.png", optimize=True)


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
        gallery = tab.locator("#gallery").bounding_box()
        top = gallery["y"] if gallery else 0
        return tab.screenshot(
            full_page=True, clip={"x": 0, "y": top - 12, "width": WIDTH, "height": HEIGHT}
        )


if __name__ == "__main__":
    main()
