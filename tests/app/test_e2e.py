"""The app as people use it: a real browser, real uploads, real downloads."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from medsift.evaluation.labelled import find_examples
from medsift.report.writers import read_rows
from tests.app.driving import (
    SECONDS,
    chromium,
    chromium_path,
    give,
    open_tab,
    opened,
    running_app,
    served,
    uploader,
)
from tests.app.samples import figure
from tests.samples import dicom_file, jpeg, locked, picture, write_pdf

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        chromium_path() is None,
        reason="no Chromium: apt-get install chromium, or set MEDSIFT_CHROMIUM to its path",
    ),
]

expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("site")
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(jpeg(picture(number)))
    (folder / "page.html").write_text(
        "<!doctype html><title>Pictures</title><img src=1.jpg><img src=2.jpg><img src=gone.jpg>"
    )
    with served(folder) as port:
        yield port


@pytest.fixture(scope="module")
def app(site: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("app")
    words = ("--model", "fast", "--workers", "1", "--allow-private", "--allow-port", str(site))
    with running_app(folder, *words) as url:
        yield url
    assert not list(folder.glob("medsift-*")), "temporary files were left behind"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, app: str) -> Iterator[Page]:
    asked: list[str] = []
    page = opened(browser, app, accept_downloads=True)
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.context.close()
    strangers = [url for url in asked if not url.startswith((app, "data:", "blob:"))]
    assert not strangers, "the page asked somebody else"


def cards(page: Page) -> Locator:
    return page.locator(".ms-frame")


def show_all(page: Page) -> None:
    """Show the uncertain ones as well, if there are any."""
    if page.get_by_role("switch", name="Show uncertain").is_enabled():
        page.get_by_text("Show uncertain").click()


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_bytes()


def test_images_are_uploaded_filtered_and_taken_away(page: Page, tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(jpeg(picture(1)))
    (tmp_path / "two.jpg").write_bytes(jpeg(picture(2)))
    (tmp_path / "<b>three.png").write_bytes((tmp_path / "two.jpg").read_bytes()[:100])
    with zipfile.ZipFile(tmp_path / "folders.zip", "w") as archive:
        archive.write(dicom_file("MR_small.dcm"), "scans/mr/slice.dcm")
    names = ("one.jpg", "two.jpg", "<b>three.png", "folders.zip")
    give(page, *(tmp_path / name for name in names))
    show_all(page)
    expect(cards(page)).to_have_count(3)
    expect(page.locator(".ms-problems").first).to_contain_text("<b>three.png: It is damaged")
    assert page.locator("img").count() == 3
    assert all(alt.startswith("Picture ") for alt in _attributes(page.locator("img"), "alt"))

    page.get_by_label("Name contains").fill("one")
    page.get_by_label("Name contains").press("Enter")
    expect(cards(page)).to_have_count(1)
    page.get_by_role("button", name="Download", exact=True).click()
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "CSV").decode())))
    assert [row["source"] for row in rows] == ["one.jpg"]
    lines = downloaded(page, "JSONL").splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["one.jpg"]
    (tmp_path / "out.parquet").write_bytes(downloaded(page, "Parquet"))
    assert [row["source"] for row in read_rows(tmp_path / "out.parquet")] == ["one.jpg"]


def test_a_pdf_shows_each_picture_on_its_page(page: Page, tmp_path: Path) -> None:
    write_pdf(tmp_path / "paper.pdf", [picture(1), picture(2), picture(3)])
    open_tab(page, "PDF and documents")
    give(page, tmp_path / "paper.pdf")
    show_all(page)
    expect(cards(page)).to_have_count(3)
    expect(page.get_by_text("page 3, image 1")).to_be_visible()
    page.get_by_role("button", name="Look closer at 3").press("Enter")
    dialog = page.get_by_role("dialog")
    drawn = dialog.get_by_alt_text("Page 3 of paper.pdf, with a frame around picture 3")
    expect(drawn).to_be_visible()
    assert drawn.evaluate("image => image.naturalWidth") == 1200
    dialog.get_by_text("Picture", exact=True).click()
    expect(dialog.get_by_alt_text("Picture 3: ")).to_be_visible()
    expect(dialog.get_by_role("row", name="SHA-256")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(cards(page)).to_have_count(3)


LONG = 400
"""Pictures of a document that takes longer to read than a busy browser to press a button."""


def test_results_of_a_long_document_come_while_it_is_read_and_it_can_be_stopped(
    page: Page, tmp_path: Path
) -> None:
    write_pdf(tmp_path / "long.pdf", [picture(i, (900, 700)) for i in range(LONG)])
    open_tab(page, "PDF and documents")
    uploader(page).set_input_files(tmp_path / "long.pdf")
    page.get_by_text("Results", exact=True).wait_for()
    expect(page.get_by_text(f" of {LONG}")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped: one input was not finished.")).to_be_visible()
    found = int(page.locator(".ms-counts strong").first.inner_text())
    assert 0 < found < LONG


def test_a_page_of_the_web_is_read(page: Page, site: int) -> None:
    open_tab(page, "Web address")
    page.get_by_label("Address of a web page").fill(f"http://127.0.0.1:{site}/page.html")
    page.get_by_role("button", name="Find the medical images").click()
    page.get_by_text("Results", exact=True).wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="detached")
    show_all(page)
    expect(cards(page)).to_have_count(2)
    expect(page.locator(".ms-problems").first).to_contain_text("gone.jpg: It was not found.")


def test_a_metadata_address_is_refused_even_where_private_ones_are_allowed(page: Page) -> None:
    open_tab(page, "Web address")
    page.get_by_label("Address of a web page").fill("http://169.254.169.254/latest/meta-data")
    page.get_by_role("button", name="Find the medical images").click()
    expect(page.locator(".ms-problems")).to_contain_text("It could not be fetched.")


def test_answers_are_given_in_the_grid_and_become_training_data(page: Page, tmp_path: Path) -> None:
    data = jpeg(picture(5))
    (tmp_path / "one.jpg").write_bytes(data)
    (tmp_path / "two.jpg").write_bytes(jpeg(picture(6)))
    give(page, tmp_path / "one.jpg", tmp_path / "two.jpg")
    show_all(page)
    page.get_by_text("Correct verdicts").click()
    answer = page.get_by_role("combobox", name="Right answer for 1")
    # With the keyboard alone.
    answer.press("ArrowDown")
    answer.press_sequentially("fundus", delay=50)
    expect(page.get_by_role("option", name="Medical: Fundus")).to_be_visible()
    answer.press("ArrowDown")
    answer.press("Enter")
    expect(page.get_by_text("You: Medical: Fundus")).to_be_visible()
    content = downloaded(page, "Download 1 answer (zip)")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "out")
    (example,) = find_examples(tmp_path / "out" / "labelled")
    assert (example.label, example.kind, example.source) == ("medical", "fundus", "uploads")
    assert example.path.read_bytes() in (data, (tmp_path / "two.jpg").read_bytes())


def test_many_pictures_come_in_pages_and_tell_why(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(60):
            archive.writestr(f"folder/{number}.jpg", jpeg(picture(number)))
    give(page, tmp_path / "many.zip")
    show_all(page)
    expect(page.get_by_text("1 to 24 of 60")).to_be_visible()
    expect(cards(page)).to_have_count(24)
    page.get_by_role("combobox", name="Order").click()
    page.get_by_role("option", name="As found").click()
    page.get_by_role("button", name="Page 3").press("Enter")
    expect(page.get_by_text("49 to 60 of 60")).to_be_visible()
    expect(cards(page)).to_have_count(12)
    page.get_by_role("button", name="Look closer at 49").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Why this verdict?").click()
    overlay = dialog.get_by_alt_text("Coloured by what speaks for and against")
    expect(overlay).to_be_visible()
    assert overlay.evaluate("image => image.naturalWidth") == 160


def test_a_locked_pdf_is_opened_with_the_keyboard(page: Page, tmp_path: Path) -> None:
    write_pdf(tmp_path / "plain.pdf", [picture(1), picture(2)])
    (tmp_path / "locked.pdf").write_bytes(locked(tmp_path / "plain.pdf", "sesame"))
    open_tab(page, "PDF and documents")
    uploader(page).set_input_files(tmp_path / "locked.pdf")
    field = page.get_by_label("Password for locked.pdf")
    assert field.get_attribute("type") == "password"
    field.fill("sesame")
    field.press("Enter")
    page.get_by_text("Results", exact=True).wait_for()
    show_all(page)
    expect(cards(page)).to_have_count(2)
    expect(field).to_have_count(0)


def test_pictures_are_leafed_through_and_zoomed_by_keys(page: Page, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(picture(number, (900, 700))))
    give(page, *sorted(tmp_path.iterdir()))
    show_all(page)
    page.get_by_role("button", name="Look closer at 1").press("Enter")
    dialog = page.get_by_role("dialog")
    head = dialog.locator(".ms-summary strong")
    expect(head).to_have_text("Picture 1")
    expect(dialog.get_by_role("button", name="Previous")).to_be_disabled()
    for expected in ("Picture 2", "Picture 3"):
        page.keyboard.press("ArrowRight")
        expect(head).to_have_text(expected)
    page.keyboard.press("ArrowLeft")
    expect(head).to_have_text("Picture 2")
    page.keyboard.press("z")
    region = dialog.get_by_role("region", name="Picture at 2 times its size")
    expect(region).to_be_visible()
    assert region.evaluate("e => e.scrollWidth > e.clientWidth")
    assert faults(page) == []
    # The verdict is seen without scrolling.
    assert head.evaluate("e => e.getBoundingClientRect().bottom < window.innerHeight")


def test_a_figure_shows_its_panels(page: Page, tmp_path: Path) -> None:
    figure().save(tmp_path / "figure.png")
    give(page, tmp_path / "figure.png")
    show_all(page)
    expect(page.get_by_text("2 panels, ")).to_be_visible()
    page.get_by_role("button", name="Look closer at 1").press("Enter")
    dialog = page.get_by_role("dialog")
    drawn = dialog.get_by_alt_text("Picture 1: ")
    expect(drawn).to_be_visible()
    expect(dialog.get_by_role("row", name="Panel b")).to_be_visible()
    _shot(page, "panels")
    # The boxes lie where the panels do: of the second, of 432 pixels, from 226 to 426.
    with Image.open(io.BytesIO(drawn.screenshot())) as shot:
        row = np.asarray(shot.convert("RGB")).astype(int)[shot.height // 2]
    edges = [
        (np.abs(row - colour).max(axis=1) < 12).nonzero()[0] / len(row)
        for colour in ((15, 111, 140), (91, 100, 112), (143, 91, 0))
    ]
    for place in (226 / 432, 426 / 432):
        assert min(abs(x - place) for found in edges for x in found) < 0.01
    assert faults(page) == []


def test_a_loop_is_one_card_that_opens(page: Page, tmp_path: Path) -> None:
    frames = [picture(number) for number in range(5)]
    frames[0].save(tmp_path / "loop.gif", save_all=True, append_images=frames[1:], duration=100)
    (tmp_path / "one.jpg").write_bytes(jpeg(picture(9)))
    give(page, tmp_path / "loop.gif", tmp_path / "one.jpg")
    show_all(page)
    expect(cards(page)).to_have_count(2)
    page.get_by_role("button", name=re.compile(r"Look closer at \d+, \d frames")).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 of 2")).to_be_visible()
    slider = dialog.get_by_role("slider")
    at = int(slider.input_value())
    before = dialog.locator(".ms-summary strong").inner_text()
    slider.press("ArrowRight")
    expect(slider).to_have_value(str(at + 1))
    expect(dialog.locator(".ms-summary strong")).not_to_have_text(before)
    expect(dialog.get_by_text("1 of 2")).to_be_visible()
    _shot(page, "frames")
    assert faults(page) == []
    dialog.get_by_role("button", name="Next").press("Enter")
    expect(dialog.get_by_text("2 of 2")).to_be_visible()
    expect(slider).to_have_count(0)


REVIEWED = int(os.environ.get("MEDSIFT_E2E_REVIEWED", "30"))
"""Pictures of the review; 200 take minutes."""


def test_a_review_by_keys_alone_loses_nothing_by_a_reload(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(REVIEWED):
            archive.writestr(f"folder/{number}.jpg", jpeg(picture(number)))
    give(page, tmp_path / "many.zip")
    said: dict[int, str] = {}
    half = REVIEWED // 2
    _answer_by_keys(page, half, said)
    page.reload()
    page.get_by_text("Results", exact=True).wait_for()
    _answer_by_keys(page, REVIEWED - half, said)
    assert sorted(said) == list(range(1, REVIEWED + 1))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="agree with you")).to_be_visible()
    page.get_by_role("button", name="Answers as a table").click()
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "Answers, CSV").decode())))
    assert len(rows) == REVIEWED
    assert {row["reviewed_label"] for row in rows} <= {"medical", "non_medical"}
    assert all(row["reviewed_kind"] and row["reviewed_at"] for row in rows)
    session = json.loads(downloaded(page, "Save session"))
    assert len(session["answers"]) == REVIEWED
    assert Counter(a["reviewed_label"] for a in session["answers"]) == Counter(
        row["reviewed_label"] for row in rows
    )


def _answer_by_keys(page: Page, number: int, said: dict[int, str]) -> None:
    page.get_by_role("switch", name="Correct verdicts").press("Space")
    page.get_by_role("button", name="Answer one by one").press("Enter")
    head = page.get_by_role("dialog").locator(".ms-summary")
    for count in range(number):
        expect(head).not_to_contain_text("You:")
        picture_number = int(re.findall(r"\d+", head.locator("strong").inner_text())[0])
        said[picture_number] = "1MN2"[count % 4]
        page.keyboard.press(said[picture_number].lower())
        last = len(said) == REVIEWED
        if last:
            expect(head).to_contain_text("You:")
        else:
            expect(head.locator("strong")).not_to_have_text(f"Picture {picture_number}")


def test_the_first_page_offers_a_sample(page: Page) -> None:
    expect(page.get_by_text("Nothing leaves the computer")).to_be_visible()
    page.get_by_role("button", name="Try it with a sample").press("Enter")
    page.get_by_text("Results", exact=True).wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="detached")
    show_all(page)
    expect(cards(page)).to_have_count(3)
    expect(page.get_by_text("Nothing leaves the computer")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 800, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_shows_all_without_sideways_scrolling(
    browser: Browser, app: str, scheme: str, width: int
) -> None:
    size: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page = opened(browser, app, **size)
    page.get_by_role("button", name="Try it with a sample").wait_for()
    uploader(page).wait_for(state="attached")
    _shot(page, f"first-{width}-{scheme}")
    assert _fits(page)
    assert faults(page) == []
    page.get_by_role("button", name="Try it with a sample").click()
    page.get_by_text("Results", exact=True).wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="detached")
    page.get_by_role("switch", name="Correct verdicts").press("Space")
    one_by_one = page.get_by_role("button", name="Answer one by one")
    one_by_one.wait_for()
    _shot(page, f"review-{width}-{scheme}")
    assert _fits(page)
    one_by_one.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_alt_text("Picture ")).to_be_visible()
    _shot(page, f"closer-{width}-{scheme}")
    assert _fits(page)
    assert faults(page) == []
    page.context.close()


def _fits(page: Page) -> bool:
    return bool(page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth"))


def _shot(page: Page, name: str) -> None:
    folder = os.environ.get("MEDSIFT_E2E_SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_what_is_ours(
    browser: Browser, app: str, scheme: str, tmp_path: Path
) -> None:
    (tmp_path / "one.jpg").write_bytes(jpeg(picture(1)))
    (tmp_path / "two.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    page = opened(browser, app, color_scheme=scheme)
    assert (brightness(page) < 100) is (scheme == "dark")
    give(page, *tmp_path.iterdir())
    show_all(page)
    page.get_by_text("Correct verdicts").click()
    expect(page.get_by_role("combobox", name="Right answer for 1")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Look closer at 1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("row", name="SHA-256")).to_be_visible()
    assert faults(page) == []
    page.context.close()


def faults(page: Page) -> list[tuple[str, str]]:
    """What axe finds, but for the one thing that is Streamlit's own."""
    return [
        (fault["id"], node["html"])
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
        if (fault["id"], "stFileUploaderDropzone" in node["html"]) != _STREAMLITS
    ]


def brightness(page: Page) -> float:
    """Of the background, 0 to 255."""
    colour = page.locator("[data-testid=stApp]").evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    return max(map(float, re.findall(r"\d+", colour)[:3]))


_STREAMLITS = ("presentation-role-conflict", True)


def test_two_users_do_not_see_each_other(
    page: Page, browser: Browser, app: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.jpg").write_bytes(jpeg(picture(7)))
    give(page, tmp_path / "mine.jpg")
    other = opened(browser, app)
    expect(other.get_by_text("Web address")).to_be_visible()
    assert other.get_by_text("Results", exact=True).count() == 0
    other.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_needs_no_sideways_scrolling(
    browser: Browser, app: str, scheme: str, tmp_path: Path
) -> None:
    (tmp_path / f"{'long name ' * 12}.jpg").write_bytes(jpeg(picture(8)))
    narrow: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    page = opened(browser, app, **narrow)
    give(page, *tmp_path.iterdir())
    show_all(page)
    expect(cards(page)).to_have_count(1)
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    page.context.close()


def _attributes(found: Locator, name: str) -> list[str]:
    return [each.get_attribute(name) or "" for each in found.all()]
