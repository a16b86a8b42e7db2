"""Of the pictures that a browser asks for, how many does medsift find?

Opens each page in headless Chromium, cut off from the network: the browser's requests are
answered from the page's folder or refused, and noted. Then medsift reads the same pages.

    python benchmarks/web/browser_requests.py FOLDER [--scripts] [--missing]

The folder is searched for ``*.html``. A request counts as found where it is one of the
addresses of a reference (pages offer the same picture in several sizes, and the browser
chooses one by its window). ``--scripts`` lets the scripts inside the pages run.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import mimetypes
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from medsift.core.errors import InputError, NotFoundError
from medsift.core.picture import Finding, Problem, Provenance
from medsift.sources.base import Blob, Context, sha256_of
from medsift.sources.web.fetching.address import decode_data
from medsift.sources.web.page.parse import parse_page
from medsift.sources.web.page.pictures import pictures
from medsift.sources.web.page.references import Address

ORIGIN = "https://page.example/"
CONTROLS = ORIGIN + "controls-of-the-browser.html"
# The browser draws its own controls with pictures of its own, which are none of the page.
CONTROLS_PAGE = b"""<!doctype html><video controls></video><audio controls></audio>
<video controls width=900 height=500></video><input type=search value=a><input type=date>
<input type=checkbox><select><option>a</select><details><summary>a</summary></details>"""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)


class Browser:
    """Chromium, driven through the DevTools protocol over a pipe."""

    def __init__(self, program: str, profile: str) -> None:
        read_by_browser, self._out = os.pipe()
        self._in, written_by_browser = os.pipe()
        # The protocol is bound to the file descriptors 3 and 4.
        command = f'exec "$@" 3<&{read_by_browser} 4>&{written_by_browser}'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", command, "-", program, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(read_by_browser, written_by_browser),
            stderr=subprocess.DEVNULL,
        )
        self._buffer = b""
        self._number = 0

    def send(self, method: str, session: str = "", **params: Any) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        return self._number

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        number = self.send(method, session, **params)
        for message in self.messages(30.0):
            if message.get("id") == number:
                result: dict[str, Any] = message.get("result", {})
                return result
        raise TimeoutError(method)

    def messages(self, seconds: float) -> Iterator[dict[str, Any]]:
        """Messages until there are none for that long."""
        while True:
            while b"\0" in self._buffer:
                message, _, self._buffer = self._buffer.partition(b"\0")
                yield json.loads(message)
            if not select.select([self._in], [], [], seconds)[0]:
                return
            self._buffer += os.read(self._in, 1 << 20)


@dataclass
class Folder:
    """Answers addresses of the made-up origin with files, and notes what it was asked for."""

    root: Path
    asked: set[str] = field(default_factory=set)

    def find(self, address: Address) -> bytes:
        self.asked.add(normal(address.url))
        content = self.content(address.url)
        if content is None or not urlsplit(address.url).path.endswith(".css"):
            raise NotFoundError(address.url)
        return content

    def content(self, url: str) -> bytes | None:
        if url == CONTROLS:
            return CONTROLS_PAGE
        if not url.startswith(ORIGIN):
            return None
        path = self.root / unquote(urlsplit(url).path).lstrip("/")
        with contextlib.suppress(OSError, ValueError):
            if path.resolve().is_relative_to(self.root) and path.is_file():
                return path.read_bytes()
        return None


def requests_of(browser: Browser, folder: Folder, url: str, *, scripts: bool) -> set[str]:
    """Addresses of the pictures that the browser asks for on behalf of the page itself."""
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
    session = attached["sessionId"]
    browser.call("Emulation.setScriptExecutionDisabled", session, value=not scripts)
    # A tall window: pictures marked as lazy load when they come near it.
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        session, width=1280, height=16000, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    browser.call("Page.enable", session)
    browser.call("Network.enable", session)
    browser.call("Fetch.enable", session, patterns=[{"urlPattern": "*"}])
    browser.send("Page.navigate", session, url=url)
    asked: set[str] = set()
    main = ""
    started = time.monotonic()
    for message in browser.messages(1.5):
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            main = main or params["frameId"]
            if params.get("type") == "Image" and params["frameId"] == main:
                asked.add(normal(params["request"]["url"]))
        elif message.get("method") == "Fetch.requestPaused":
            answer(browser, session, folder, params)
        if time.monotonic() - started > 20.0:
            break
    browser.call("Target.closeTarget", targetId=target)
    return asked


def answer(browser: Browser, session: str, folder: Folder, paused: dict[str, Any]) -> None:
    url = paused["request"]["url"]
    content = folder.content(url) if url.startswith(("http:", "https:")) else None
    if content is None:
        browser.send(
            "Fetch.failRequest",
            session, requestId=paused["requestId"], errorReason="InternetDisconnected",
        )  # fmt: skip
        return
    kind = mimetypes.guess_type(urlsplit(url).path)[0] or "text/html"
    browser.send(
        "Fetch.fulfillRequest",
        session,
        requestId=paused["requestId"],
        responseCode=200,
        responseHeaders=[{"name": "Content-Type", "value": kind}],
        body=base64.b64encode(content).decode(),
    )


def found_by_medsift(page: Path, folder: Folder, url: str) -> set[str]:
    folder.asked.clear()
    markup = parse_page(page.read_bytes(), url)
    inside: set[str] = set()

    def note(blob: Blob, _context: Context) -> Iterator[Finding]:
        inside.add(digest(blob.read()))
        yield Problem(blob.where, "skipped", "noted")

    for _ in pictures(markup, folder, Provenance(url), Context(recurse=note)):
        pass
    return folder.asked | inside


def normal(url: str) -> str:
    """The address in a form in which two spellings of it are equal.

    Without the scheme: browsers ask for the pictures of an https page by https even where the
    page says http.
    """
    if url[:5].lower() == "data:":
        with contextlib.suppress(InputError):
            return digest(decode_data(url, 1 << 30))
        return url
    parts = urlsplit(url.partition("#")[0])
    query = f"?{unquote(parts.query)}" if parts.query else ""
    return f"//{parts.netloc.lower()}" + unquote(parts.path or "/") + query


def digest(content: bytes) -> str:
    return "data:" + sha256_of(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--scripts", action="store_true", help="let the pages' own scripts run")
    parser.add_argument("--missing", action="store_true", help="list what is not found")
    options = parser.parse_args()
    root = options.folder.resolve()
    pages = sorted(p for p in root.rglob("*.html") if p.is_file())
    total = right = offered = 0
    folder = Folder(root)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(options.browser, profile)
        own = requests_of(browser, folder, CONTROLS, scripts=False)
        for page in pages:
            url = ORIGIN + quote(str(page.relative_to(root)))
            asked = requests_of(browser, folder, url, scripts=options.scripts) - own - {normal(url)}
            found = found_by_medsift(page, folder, url)
            total += len(asked)
            right += len(asked & found)
            offered += len(found)
            for missing in sorted(asked - found) if options.missing else ():
                print(f"{page.relative_to(root)}: {missing[:300]}", flush=True)
        browser.send("Browser.close")
        browser.process.wait(10)
    share = right / total if total else 1.0
    print(f"{len(pages)} pages: {right} of {total} requests found ({share:.2%}); {offered} offered")


if __name__ == "__main__":
    main()
