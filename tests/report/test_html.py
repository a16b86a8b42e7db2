from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report import html
from medsift.report.html import ReportPage
from medsift.report.values import row_of

from .samples import failure, picture, records

THUMBNAIL = b"RIFF\x00\x00\x00\x00WEBP"
HEAT = bytes([2, 1, 16, 256 - 16])
HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]><svg/onload=alert(1)>",
    "\"' onmouseover=alert(1) x='",
    "$style ${script} $$",
    "<!-- data -->",
    "javascript:alert(1)",
    "&lt;b&gt;",
)


class Page(HTMLParser):
    """A page as a browser would see it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.contents: list[tuple[str, dict[str, str | None], str]] = []
        self._open: tuple[str, dict[str, str | None]] = ("", {})
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = (tag, dict(attrs))
        self.tags.append(self._open)

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._open = ("", {})

    def handle_data(self, data: str) -> None:
        self.contents.append((*self._open, data))

    def text_of(self, tag: str, **attributes: str) -> list[str]:
        return [
            data
            for name, attrs, data in self.contents
            if name == tag and attributes.items() <= attrs.items() and data.strip()
        ]

    def data(self, block: str) -> list[Any]:
        return [json.loads(text) for text in self.text_of("script", **{"data-block": block})]

    def rows(self) -> list[dict[str, Any]]:
        return [row for block in self.data("records") for row in block]


def page_of(folder: Path, some: list[Record], thumbnail: bytes | None = None) -> Page:
    path = folder / "report.html"
    with ReportPage(str(path)) as report:
        for record in some:
            report.add(record, thumbnail)
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_holds_every_record_and_its_thumbnail(tmp_path: Path) -> None:
    some = [picture("a.pdf", i) for i in range(600)]
    page = page_of(tmp_path, some, THUMBNAIL)
    thumbnails = page.data("thumbnails")
    for row, record in zip(page.rows(), some, strict=True):
        block, place = row.pop("thumbnail")
        assert base64.b64decode(thumbnails[block][place]) == THUMBNAIL
        assert row == row_of(record)


def test_small_maps_go_with_the_thumbnails_that_they_are_laid_over(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with ReportPage(str(path)) as report:
        report.add(picture("a.pdf"), THUMBNAIL, HEAT)
        report.add(picture("b.pdf"), None, HEAT)
        report.add(picture("c.pdf"), THUMBNAIL)
    first, bare, plain = Page(path.read_text(encoding="utf-8")).rows()
    assert base64.b64decode(first["heat"]) == HEAT
    assert "heat" not in bare
    assert "heat" not in plain


def test_what_is_left_over_does_not_dwarf_the_other_bars(tmp_path: Path) -> None:
    some = [picture(f"{i}/{j}.png") for i in range(100) for j in range(2)]
    page = page_of(tmp_path, some)
    widths = {float(attrs["width"] or 0) for tag, attrs in page.tags if attrs.get("height") == "14"}
    assert len(widths) == 1
    assert "others (not to scale)" in {data for _, _, data in page.contents}


def test_the_counts_are_there_without_script(tmp_path: Path) -> None:
    some = [picture("a.pdf"), picture("b.pdf", 1, "uncertain"), failure("c.pdf")]
    page = page_of(tmp_path, some)
    assert "3 inputs: 3 found = 2 judged (1 medical, 1 uncertain, 0 non_medical)" in " ".join(
        page.text_of("p")
    )
    assert page.text_of("strong") == ["1", "1", "0", "0", "1"]


def test_charts_show_verdicts_and_kinds_by_source(tmp_path: Path) -> None:
    some = [picture("a.pdf"), picture("b.pdf", 1, "non_medical", "logo")]
    page = page_of(tmp_path, some)
    bars = [attrs["class"] for tag, attrs in page.tags if tag == "rect" and "x" in attrs]
    assert bars == ["medical", "non_medical"] * 2
    assert {"a.pdf", "b.pdf", "ct", "logo"} <= {data for _, _, data in page.contents}


def test_many_sources_are_shown_by_folder_or_host(tmp_path: Path) -> None:
    some = [picture(f"scans/{i}.png") for i in range(50)]
    some += [picture(f"https://example.org/{i}.png") for i in range(20)]
    page = page_of(tmp_path, some)
    assert "Verdicts by folder" in page.text_of("h3")
    wanted = {f"#text={quote(phrase)}" for phrase in ('in:"scans"', 'in:"example.org"')}
    assert wanted <= {attrs.get("href") for tag, attrs in page.tags if tag == "a"}
    assert {"scans", "example.org"} <= set(page.text_of("a"))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_never_becomes_markup(tmp_path: Path, text: str) -> None:
    plain = page_of(tmp_path, [picture("x"), failure("y")], THUMBNAIL)
    record = Record(**{**row_of(picture(text)), "locator": text, "kind": text, "error": text})
    hostile = page_of(tmp_path, [record, failure(text)], THUMBNAIL)
    # Where a long name may break says nothing.
    tags = [tag for tag, _ in hostile.tags if tag != "wbr"]
    assert tags == [tag for tag, _ in plain.tags]
    assert {name for _, attrs in hostile.tags for name in attrs} == {
        name for _, attrs in plain.tags for name in attrs
    }
    assert [row["source"] for row in hostile.rows()] == [text, text]


@settings(max_examples=25, deadline=None)
@given(st.lists(records, max_size=3))
def test_no_record_breaks_the_page(
    tmp_path_factory: pytest.TempPathFactory, some: list[Record]
) -> None:
    page = page_of(tmp_path_factory.getbasetemp(), some)
    assert page.rows() == [row_of(record) for record in some]
    assert sum(tag == "img" for tag, _ in page.tags) == 1


def test_the_browser_may_run_only_the_script_of_the_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, [picture("a.pdf")])
    (policy,) = [
        str(attrs["content"])
        for tag, attrs in page.tags
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    parts = {}
    for tag in ("style", "script"):
        text = "".join(data for name, attrs, data in page.contents if name == tag and not attrs)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        parts[f"{tag}-src"] = f"'sha256-{digest}'"
    # Also forms and the base of links, which the default does not cover.
    nothing = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    assert allowed == {**nothing, **parts, "img-src": "data:"}


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path, [picture("a.pdf")], THUMBNAIL)
    for tag, attrs in page.tags:
        assert tag not in {"link", "iframe", "base", "object"}
        assert not attrs.keys() & {"src", "style"}, "the policy forbids both"
        assert (attrs.get("href") or "#").startswith("#")
        assert not any(name.startswith("on") for name in attrs)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(", text)


def test_every_control_has_a_name(tmp_path: Path) -> None:
    text = (page_of(tmp_path, []), (tmp_path / "report.html").read_text(encoding="utf-8"))[1]
    for control in re.finditer(r"<(?:input|select)\b", text):
        before = text[: control.start()]
        assert before.rfind("<label") > before.rfind("</label")
    assert '<html lang="en">' in text


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.e2e
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_browser_shows_the_pictures(tmp_path: Path) -> None:
    some = [picture("<b>a.pdf", i) for i in range(3)] + [failure("bad\u202e.pdf")]
    page_of(tmp_path, some, THUMBNAIL)
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--virtual-time-budget=2000",
    ]
    shown = subprocess.run(
        [
            str(BROWSER),
            *flags,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            (tmp_path / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    page = Page(shown)
    cards = [attrs for tag, attrs in page.tags if tag == "button" and attrs.get("class") == "card"]
    assert len(cards) == 3
    assert "<b>a.pdf page 1, image 0" in str(cards[0]["aria-label"])
    images = [str(attrs["src"]) for tag, attrs in page.tags if tag == "img" and "src" in attrs]
    assert images == ["data:image/webp;base64," + base64.b64encode(THUMBNAIL).decode()] * 3
    assert "bad\\u202e.pdf" in page.text_of("td")


def test_an_empty_scan_makes_a_page_too(tmp_path: Path) -> None:
    page = page_of(tmp_path, [])
    assert page.rows() == []
    assert "No picture got a verdict." in page.text_of("p")


def test_records_beyond_what_a_browser_can_bear_are_counted_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "MOST_RECORDS", 10)
    page = page_of(tmp_path, [picture("a.pdf", i) for i in range(25)])
    assert len(page.rows()) == 10
    assert "the first 10 of 25 records" in " ".join(page.text_of("p"))
    assert page.text_of("strong")[0] == "25"


def test_thumbnails_beyond_the_budget_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "MOST_THUMBNAIL_BYTES", 3 * len(THUMBNAIL))
    page = page_of(tmp_path, [picture("a.pdf", i) for i in range(5)], THUMBNAIL)
    assert ["thumbnail" in row for row in page.rows()] == [True] * 3 + [False] * 2
    assert "2 pictures have no preview" in " ".join(page.text_of("p"))


def test_the_page_appears_on_closing_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    report = ReportPage(str(tmp_path / "report.html"))
    report.add(picture("a.pdf"))
    assert (tmp_path / "report.html").read_text() == "old"
    report.close()
    report.close()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_a_file_of_the_user_beside_the_page_stays(tmp_path: Path) -> None:
    neighbour = tmp_path / "report.html.tmp"
    neighbour.write_text("mine")
    with ReportPage(str(tmp_path / "report.html")) as page:
        page.add(picture("a.png"))
    assert neighbour.read_text() == "mine"
    assert set(tmp_path.iterdir()) == {neighbour, tmp_path / "report.html"}


def test_a_page_is_a_html_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.html"):
        ReportPage(str(tmp_path / "report.pdf"))


def test_a_missing_folder_is_noticed_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        ReportPage(str(tmp_path / "absent" / "report.html"))
