"""E-books by chapter, OpenDocument files by slide or sheet."""

from __future__ import annotations

import base64

from tests.sources.archive.making import zipped
from tests.sources.inside import pictures, png, problems, scan
from tests.sources.office.making import epub, opendocument


def test_pictures_of_a_book_are_told_by_chapter() -> None:
    media = {"OPS/img/a.png": png(1), "OPS/img/b c.png": png(2), "OPS/cover.png": png(3)}
    chapters = [
        "<p>words</p>",
        "<img src='../img/a.png'/><svg><image xlink:href='../img/b%20c.png'/></svg>",
    ]
    found = scan(epub(chapters, media))
    assert pictures(found) == [
        ("chapter 2, image 1", "OPS/img/a.png"),
        ("chapter 2, image 2", "OPS/img/b c.png"),
        ("member OPS/cover.png", "OPS/cover.png"),
    ]
    assert {f.where.source_type for f in found} == {"office"}
    assert problems(found) == []


def test_a_book_may_hold_pictures_in_its_text_and_refer_to_the_web() -> None:
    inline = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    found = scan(epub([f"<img src='{inline}'/><img src='https://example.org/a.png'/>"], {}))
    assert [locator for locator, _ in pictures(found)] == ["chapter 1, image 1"]
    assert problems(found) == [("remote", "chapter 1, image 2")]


def test_a_book_without_a_table_of_parts_still_gives_its_pictures() -> None:
    book = zipped(("mimetype", b"application/epub+zip"), ("x/a.png", png()))
    assert pictures(scan(book)) == [("member x/a.png", "x/a.png")]


def test_parts_of_a_book_under_copy_protection_are_told() -> None:
    locked = b"<e><CipherReference URI='OPS/img/a.png'/></e>"
    media = {"META-INF/encryption.xml": locked, "OPS/img/a.png": b"\x17\x93" * 50}
    found = scan(epub(["<img src='../img/a.png'/>"], media))
    assert problems(found) == [("encrypted", "chapter 1, image 1")]


def test_pictures_of_a_presentation_are_told_by_slide() -> None:
    content = (
        "<draw:page/><draw:page><draw:image xlink:href='Pictures/a.png'/>"
        "<draw:image xlink:href='https://example.org/b.png'/></draw:page>"
    )
    media = {"Pictures/a.png": png(), "Thumbnails/thumbnail.png": png(1)}
    found = scan(opendocument("presentation", content, media))
    assert pictures(found) == [
        ("slide 2, image 1", "Pictures/a.png"),
        ("member Thumbnails/thumbnail.png", "Thumbnails/thumbnail.png"),
    ]
    assert problems(found) == [("remote", "slide 2, image 2")]


def test_pictures_of_a_spreadsheet_are_told_by_sheet_and_those_of_a_text_by_order() -> None:
    table = "<o:table/><o:table><draw:image xlink:href='Pictures/a.png'/></o:table>"
    media = {"Pictures/a.png": png()}
    sheets = scan(opendocument("spreadsheet", f"<o:spreadsheet>{table}</o:spreadsheet>", media))
    text = scan(opendocument("text", f"<o:text>{table}</o:text>", media))
    assert pictures(sheets) == [("sheet 2, image 1", "Pictures/a.png")]
    assert pictures(text) == [("image 1", "Pictures/a.png")]


def test_an_encrypted_document_is_told() -> None:
    manifest = b"<m><file-entry full-path='content.xml'><encryption-data/></file-entry></m>"
    found = scan(opendocument("text", "", {"META-INF/manifest.xml": manifest}))
    assert problems(found) == [("encrypted", "")]
