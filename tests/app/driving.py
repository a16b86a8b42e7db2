"""The app as a process of its own, and a real browser that uses it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

SECONDS = int(os.environ.get("MEDSIFT_E2E_SECONDS", "60"))
"""Generous: the machine may be busy."""

# Root needs --no-sandbox; the others keep the browser from speaking to anybody but the app.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium_path() -> str | None:
    """The browser: ``MEDSIFT_CHROMIUM``, or the first that is found."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return os.environ.get("MEDSIFT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running_app(folder: Path, *words: str) -> Iterator[str]:
    """``medsift app`` in a process of its own; gives its address.

    Parameters
    ----------
    folder : Path
        For its temporary files and its log.
    *words : str
        More arguments.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "medsift", "app", "--no-browser", "--port", str(port), *words]
    environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder)}
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            _await(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """A web server for a folder; gives its port."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def opened(browser: Browser, url: str, **settings: object) -> Page:
    """A new page of a new user at the app."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})  # type: ignore[arg-type]
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.goto(url)
    page.get_by_role("heading", name="medsift").wait_for()
    return page


def give(page: Page, *paths: Path) -> None:
    """Upload files on the open tab, and wait for the end of the work on them."""
    uploader(page).set_input_files(list(paths))
    page.get_by_text("Results", exact=True).wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="detached")


def uploader(page: Page) -> Locator:
    """Where the open tab takes files."""
    return page.get_by_role("tabpanel").locator("input[type=file]")


def open_tab(page: Page, name: str) -> None:
    """Open a tab, and wait until it is drawn."""
    page.get_by_role("tab", name=name).click()
    panel = page.get_by_role("tabpanel", name=name)
    panel.locator("input").first.wait_for(state="attached")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=5),
        ):
            return
        time.sleep(0.1)
    raise RuntimeError("the app did not start")
