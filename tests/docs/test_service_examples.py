"""The examples that ask a running service, each against a real one."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.server.process import running

from .blocks import Block, blocks_of
from .running import ROOT, run

PAGE = ROOT / "docs" / "how-to" / "ask-the-service.md"
BLOCKS = [block for block in blocks_of(PAGE) if block.asks]
ADDRESS = "http://127.0.0.1:8000"
PROGRAMS = {"sh": "curl", "js": "node", "python": "bash"}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with running("--workers", "1", "--allow-origin", "*") as started:
        yield started.url


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: f"line {b.line}, {b.language}")
def test_an_example_gets_its_answer(block: Block, desk: Path, service: str) -> None:
    if shutil.which(PROGRAMS[block.language]) is None:
        pytest.skip(f"{PROGRAMS[block.language]} is not installed")
    assert ADDRESS in block.code
    done = run(replace(block, code=block.code.replace(ADDRESS, service)), desk)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    assert re.search("medical|histopathology", done.stdout)


def test_all_languages_have_an_example() -> None:
    assert {block.language for block in BLOCKS} == {"sh", "python", "js"}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.e2e
def test_the_form_shows_the_sentence_for_the_uploader(
    service: str, desk: Path, tmp_path: Path
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = os.environ.get("MEDSIFT_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium")
    (html,) = re.findall(r"^```html\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text(html.replace(ADDRESS, service))
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.set_input_files(
                "input[type=file]", desk / "samples" / "photographs" / "coffee.png"
            )
            page.click("button")
            sync_api.expect(page.locator("output")).to_contain_text(
                "Only a photograph of skin is accepted here.", timeout=60_000
            )
            browser.close()
        server.shutdown()
