from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from medsift.core.errors import LimitError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Picture, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.registry import findings
from medsift.sources.web.page.html import read
from tests.sources.web.looking import Seen, look, png

Save = Callable[..., Blob]
SCAN = png()


def test_pictures_beside_the_page_are_handed_on_in_order_with_their_place(save: Save) -> None:
    page = save(
        "<img src='page_files/b.png'><p style='background: url(./a.png)'>",
        **{"page_files/b.png": png(1), "a.png": png(2)},
    )
    assert look(read, page) == [
        Seen("img 1", "page_files/b.png", png(1), "", "skipped", 1),
        Seen("p 1 style", "./a.png", png(2), "", "skipped", 2),
    ]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("a%20b.png", "a b.png"),
        ("a.png?v=2", "a.png"),
        ("a.png?v=2", "a.png?v=2"),
        ("a%20b.png", "a%20b.png"),
        ("sub\\a.png", "sub/a.png"),
        ("./sub/../a.png#x", "a.png"),
        ("%C3%A9.png", "é.png"),
        ("é.png", "é.png"),
        ("a.png", "a.png"),
    ],
)
def test_file_names_are_found_as_pages_write_them(save: Save, reference: str, name: str) -> None:
    [seen] = look(read, save(f"<meta charset=utf-8><img src='{reference}'>", **{name: SCAN}))
    assert seen.content == SCAN
    assert seen.url == reference


def test_a_file_address_within_the_folder_is_followed(save: Save, tmp_path: Path) -> None:
    address = (tmp_path / "site" / "a.png").resolve().as_uri()
    [seen] = look(read, save(f"<img src='{address}'>", **{"a.png": SCAN}))
    assert seen.content == SCAN


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.png",
        "../../../../../../etc/passwd",
        "..\\secret.png",
        "%2e%2e/secret.png",
        "..%2fsecret.png",
        "x/../../secret.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "FILE:///etc/passwd",
        "file://localhost/etc/passwd",
        "file://server/share/secret.png",
        "\\\\server\\share\\secret.png",
        "C:\\Windows\\secret.png",
        "link.png",
        "linked/secret.png",
    ],
)
def test_nothing_outside_of_the_folder_is_read(save: Save, tmp_path: Path, reference: str) -> None:
    (tmp_path / "secret.png").write_bytes(SCAN)
    page = save(f"<img src='{reference}'>")
    (tmp_path / "site" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "site" / "linked").symlink_to(tmp_path)
    [seen] = look(read, page)
    assert seen.content == b""
    assert (seen.status, seen.reason) == ("skipped", "outside_folder")


def test_a_base_element_leads_nowhere_outside(save: Save, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(SCAN)
    page = save(f"<base href='{tmp_path.as_uri()}/'><img src=secret.png>")
    assert [seen.reason for seen in look(read, page)] == ["outside_folder"]


def test_a_symbolic_link_within_the_folder_is_followed(save: Save, tmp_path: Path) -> None:
    page = save("<img src=b.png>", **{"a.png": SCAN})
    (tmp_path / "site" / "b.png").symlink_to("a.png")
    assert [seen.content for seen in look(read, page)] == [SCAN]


def test_a_missing_file_is_a_failure_that_names_it(save: Save) -> None:
    [seen] = look(read, save("<img src=gone.png>"))
    assert (seen.status, seen.reason) == ("failed", "not_found")
    assert seen.error == "not_found: there is no file gone.png beside the page"


@pytest.mark.parametrize("reference", ["%00.png", "a" * 5000 + ".png", "circle.png", ".", "pipe"])
def test_what_can_be_no_picture_file_is_missing(save: Save, tmp_path: Path, reference: str) -> None:
    page = save(f"<img src='{reference}'>")
    (tmp_path / "site" / "circle.png").symlink_to("circle.png")
    os.mkfifo(tmp_path / "site" / "pipe")
    assert [seen.reason for seen in look(read, page)] == ["not_found"]


def test_the_web_is_left_alone_and_reported(save: Save) -> None:
    [seen] = look(read, save("<img src=//example.org/a.png>"))
    assert (seen.status, seen.reason) == ("skipped", "remote")
    [seen] = look(read, save("<img src=https://example.org/a.png>"))
    assert (seen.status, seen.reason, seen.url) == (
        "skipped",
        "remote",
        "https://example.org/a.png",
    )


def test_a_saved_copy_is_preferred_to_the_web(save: Save) -> None:
    page = save(
        "<img src=a.png srcset='https://example.org/a-2x.png 2x'>"
        "<base href=https://example.org/><img src=b.png>",
        **{"a.png": png(1), "b.png": png(2)},
    )
    assert [seen.content for seen in look(read, page)] == [png(1), png(2)]


def test_a_file_that_two_references_lead_to_counts_once(save: Save) -> None:
    page = save("<img src=a.png><img src=a.png?1><img src=%61.png>", **{"a.png": SCAN})
    assert len(look(read, page)) == 1


def test_pictures_inside_the_page_are_handed_on_without_their_content_in_the_address(
    save: Save,
) -> None:
    uri = "data:image/png;base64," + base64.b64encode(SCAN).decode()
    [seen] = look(read, save(f"<img src='{uri}'>"))
    assert (seen.content, seen.url) == (SCAN, "data:image/png")


def test_a_malformed_picture_inside_the_page_is_a_failure(save: Save) -> None:
    [seen] = look(read, save("<img src='data:image/png'>"))
    assert (seen.status, seen.reason, seen.url) == ("failed", "undecodable", "data:image/png")


def test_a_page_in_place_of_a_picture_is_not_followed(save: Save) -> None:
    page = save("<html><img src=page.html>")
    assert [seen.reason for seen in look(read, page)] == ["not_an_image"]


def test_linked_pictures_count_where_they_are_at_hand_and_are_no_failure_elsewhere(
    save: Save,
) -> None:
    page = save(
        "<a href=a.png>x</a><a href=gone.png>y</a><a href=https://example.org/b.png>z</a>",
        **{"a.png": SCAN},
    )
    assert [(seen.locator, seen.content) for seen in look(read, page)] == [("a 1", SCAN)]


def test_style_sheets_beside_the_page_are_read_with_their_own_base(save: Save) -> None:
    page = save(
        "<link rel=stylesheet href=css/a.css>",
        **{
            "css/a.css": b"@import 'b.css'; p { background: url(../x.png) }",
            "css/b.css": b"@import 'a.css'; q { background: url(y.png) }",
            "x.png": png(1),
            "css/y.png": png(2),
        },
    )
    assert [(seen.locator, seen.content) for seen in look(read, page)] == [
        ("stylesheet css/a.css", png(1)),
        ("stylesheet b.css", png(2)),
    ]


def test_a_picture_of_a_style_sheet_that_is_missing_is_a_failure_too(save: Save) -> None:
    page = save("<link rel=stylesheet href=a.css>", **{"a.css": b"p { background: url(b.png) }"})
    [seen] = look(read, page)
    assert (seen.status, seen.url, seen.locator) == ("failed", "b.png", "stylesheet a.css")


def test_a_page_without_a_folder_says_what_it_cannot_reach() -> None:
    blob = Blob(Provenance("mail.eml", member="page.html"), data=b"<html><img src=a.png>")
    assert [(seen.reason, seen.url) for seen in look(read, blob)] == [("remote", "a.png")]


def test_too_many_pictures_are_an_error_and_those_before_it_count(save: Save) -> None:
    page = save("<img src=a.png><img src=b.png>", **{"a.png": SCAN, "b.png": SCAN})
    stream = read(page, Context(limits=replace(DEFAULT_LIMITS, pictures=1)))
    with pytest.raises(LimitError):
        list(stream)


def test_a_page_that_is_too_long_is_an_error(save: Save) -> None:
    with pytest.raises(LimitError):
        list(read(save("<p>" * 500), Context(limits=replace(DEFAULT_LIMITS, file_bytes=1000))))


@pytest.mark.shared
def test_saved_medical_pages_give_the_pictures_beside_them(shared: Path) -> None:
    folder = shared / "docs" / "html"
    for page in sorted(folder.rglob("*.html"))[::4]:
        for seen in look(read, Blob(Provenance(str(page)), path=page)):
            assert seen.locator
            assert len(seen.url) < 5000
    page = next(folder.glob("unofficial-website/guidelines.html"))
    seen_there = look(read, Blob(Provenance(str(page)), path=page))
    assert sum(bool(seen.content) for seen in seen_there) >= 10


def test_frames_in_the_folder_belong_to_the_page(save: Save) -> None:
    frame = b"<html><img src='../c.png'><iframe src='../page.html'></iframe><iframe src='f.html'>"
    page = save(
        "<html><iframe src='in/f.html'></iframe><img src='a.png'><embed src='b.pdf'>",
        **{"in/f.html": frame, "a.png": png(1), "b.pdf": b"%PDF-1.7", "c.png": png(3)},
    )
    assert [(seen.locator, seen.content) for seen in look(read, page)] == [
        ("img 1", png(1)),
        ("frame page 2, img 1", png(3)),
        ("frame page 3", b"%PDF-1.7"),
    ]


def test_a_page_that_only_leads_on_gives_what_it_leads_to(save: Save) -> None:
    page = save(
        "<meta http-equiv=refresh content='0; url=next.html'>",
        **{"next.html": b"<html><img src=a.png>", "a.png": SCAN},
    )
    assert [seen.content for seen in look(read, page)] == [SCAN]


def test_frames_elsewhere_are_not_read(save: Save, tmp_path: Path) -> None:
    (tmp_path / "out.html").write_bytes(b"<html><img src=a.png>")
    frames = ["../out.html", "/etc/passwd", "https://e.org/", "gone.html"]
    page = save("".join(f"<iframe src='{name}'></iframe>" for name in frames))
    assert [(seen.status, seen.reason) for seen in look(read, page)] == [("failed", "not_found")]


def test_the_pages_that_are_read_are_bounded(save: Save) -> None:
    many = {f"{n}.html": f"<html><iframe src='{n + 1}.html'>".encode() for n in range(150)}
    page = save("<iframe src='0.html'></iframe>", **many)
    assert look(read, page) == []


def test_what_is_only_supposed_is_taken_where_it_is_and_not_missed(save: Save) -> None:
    html = (
        "<img src='a.png' data-x='b.png' data-y='gone.png'><script>x = ['c.png', 'd.png']</script>"
    )
    page = save(html, **{"a.png": png(1), "b.png": png(2), "c.png": png(3)})
    assert [seen.content for seen in look(read, page)] == [png(1), png(2), png(3)]


def test_drawings_of_a_page_are_handed_on(save: Save) -> None:
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>"
    page = save("<img src='a.svg'>", **{"a.svg": drawing})
    assert [seen.content for seen in look(read, page)] == [drawing]


def test_a_page_that_begins_with_a_drawing_gives_its_pictures(save: Save) -> None:
    blob = save("<svg><circle r='9'/></svg><img src='a.png'>", **{"a.png": SCAN})
    context = Context(recurse=findings)
    assert [f.where.url for f in findings(blob, context) if isinstance(f, Picture)] == ["a.png"]
