"""Word, PowerPoint and Excel files: pictures by place, and what hostile ones cost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.picture import Picture, Problem
from tests.sources.archive.making import with_flags, zipped
from tests.sources.inside import crashed, mutated, pdf, pictures, png, problems, scan, small
from tests.sources.office.making import docx, ooxml, pptx, relationships, showing


def test_pictures_of_a_text_come_in_the_order_in_which_it_shows_them() -> None:
    media = {"word/media/image1.png": png(1), "word/media/image2.png": png(2)}
    found = scan(
        docx(media, ("r9", "image", "media/image2.png"), ("r1", "image", "media/image1.png"))
    )
    assert pictures(found) == [
        ("image 1", "word/media/image2.png"),
        ("image 2", "word/media/image1.png"),
    ]
    assert [f.where.index for f in found] == [1, 2]
    assert {(f.where.source_type, f.where.extraction) for f in found} == {("office", "embedded")}


def test_pictures_of_a_presentation_are_told_by_slide() -> None:
    media = {f"ppt/media/{name}.png": png(n) for n, name in enumerate("abc")}
    a, b = ("r1", "image", "../media/a.png"), ("r2", "image", "../media/b.png")
    found = scan(pptx([[a], [], [b, a]], media))
    assert pictures(found) == [
        ("slide 1, image 1", "ppt/media/a.png"),
        ("slide 3, image 1", "ppt/media/b.png"),
        ("slide 3, image 2", "ppt/media/a.png"),
        ("member ppt/media/c.png", "ppt/media/c.png"),
    ]
    assert problems(found) == []


def test_pictures_of_layouts_come_once_and_last() -> None:
    media = {
        "ppt/media/logo.png": png(),
        "ppt/slideMasters/m1.xml": showing("r1"),
        "ppt/slideMasters/_rels/m1.xml.rels": relationships(("r1", "image", "../media/logo.png")),
    }
    master = ("r5", "slideMaster", "../slideMasters/m1.xml")
    assert pictures(scan(pptx([[master], [master]], media))) == [
        ("member ppt/media/logo.png", "ppt/media/logo.png")
    ]


def test_slides_that_link_to_each_other_keep_their_pictures_apart() -> None:
    media = {"ppt/media/a.png": png()}
    slides = [
        [("r1", "slide", "s1.xml")],
        [("r1", "slide", "s2.xml"), ("r2", "image", "../media/a.png")],
    ]
    assert pictures(scan(pptx(slides, media))) == [("slide 2, image 1", "ppt/media/a.png")]


def test_pictures_of_a_workbook_are_told_by_sheet() -> None:
    parts = {
        "xl/workbook.xml": showing("s1", "s2", tag="sheet", attribute="id"),
        "xl/_rels/workbook.xml.rels": relationships(
            ("s2", "worksheet", "worksheets/b.xml"), ("s1", "worksheet", "worksheets/a.xml")
        ),
        "xl/worksheets/a.xml": b"<x/>",
        "xl/worksheets/b.xml": b"<x/>",
        "xl/worksheets/_rels/b.xml.rels": relationships(("d", "drawing", "../drawings/d.xml")),
        "xl/drawings/d.xml": showing("i"),
        "xl/drawings/_rels/d.xml.rels": relationships(("i", "image", "/xl/media/image1.png")),
        "xl/media/image1.png": png(),
    }
    found = scan(ooxml("xl/workbook.xml", parts))
    assert pictures(found) == [("sheet 2, image 1", "xl/media/image1.png")]


def test_embedded_documents_are_looked_into() -> None:
    media = {"word/embeddings/a.pdf": pdf(), "word/embeddings/b.bin": zipped(("x.png", png()))}
    objects = [("r1", "package", "embeddings/a.pdf"), ("r2", "oleObject", "embeddings/b.bin")]
    assert pictures(scan(docx(media, *objects))) == [
        ("object 1, page 1, image 1", "word/embeddings/a.pdf"),
        ("object 2, member x.png", "word/embeddings/b.bin/x.png"),
    ]


@pytest.mark.parametrize(("links", "placed"), [(6, True), (8, True), (9, False), (40, False)])
def test_parts_are_followed_to_a_bounded_depth(links: int, placed: bool) -> None:
    """A picture below a longer chain is not lost: it comes without its place."""
    parts = {"word/document.xml": b"<x/>", "word/media/a.png": png()}
    chain = ["document.xml", *(f"c{n}.xml" for n in range(links))]
    for part, after in pairwise(chain):
        parts[f"word/{after}"] = b"<x/>"
        parts[f"word/_rels/{part}.rels"] = relationships(("r", "chart", after))
    parts[f"word/_rels/{chain[-1]}.rels"] = relationships(("r", "image", "media/a.png"))
    found = pictures(scan(ooxml("word/document.xml", parts)))
    assert found == [("image 1" if placed else "member word/media/a.png", "word/media/a.png")]


def test_pictures_on_the_web_are_not_fetched() -> None:
    found = scan(
        docx({}, ("r1", "image", "https://example.org/x.png"), ("r2", "image", "file:///C:/x.png"))
    )
    assert problems(found) == [("remote", "image 1"), ("remote", "image 2")]
    assert [f.where.url for f in found] == ["https://example.org/x.png", ""]


@pytest.mark.parametrize("written", ["a%20b.png", "a b.png"])
@pytest.mark.parametrize("kept", ["a%20b.png", "a b.png"])
def test_names_of_parts_are_compared_without_their_escapes(written: str, kept: str) -> None:
    found = scan(docx({f"word/media/{kept}": png()}, ("r1", "image", f"media/{written}")))
    assert [locator for locator, _ in pictures(found)] == ["image 1"]
    assert problems(found) == []


def test_a_picture_that_is_missing_is_told() -> None:
    assert problems(scan(docx({}, ("r1", "image", "media/gone.png")))) == [("not_found", "image 1")]


def test_a_document_within_an_archive_keeps_its_path() -> None:
    inner = docx({"word/media/image1.png": png()}, ("r1", "image", "media/image1.png"))
    (found,) = scan(zipped(("b/c.docx", inner)))
    assert found.where.member == "b/c.docx/word/media/image1.png"
    assert found.where.locator == "member b/c.docx, image 1"
    assert found.where.source_type == "archive"


def test_a_document_is_told_by_content_and_not_by_name() -> None:
    content = docx({"word/media/image1.png": png()}, ("r1", "image", "media/image1.png"))
    assert scan(content, "renamed.zip")[0].where.source_type == "office"
    assert scan(zipped(("a.png", png())), "fake.docx")[0].where.source_type == "archive"


def test_pictures_are_found_without_any_relationships() -> None:
    parts = {"word/document.xml": b"<broken", "word/media/a.png": png(), "word/x.bin": png(1)}
    found = scan(ooxml("word/document.xml", parts))
    assert {member for _, member in pictures(found)} == {"word/media/a.png", "word/x.bin"}


def test_entities_do_not_grow() -> None:
    declared = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 10))
    bomb = f"<!DOCTYPE x [<!ENTITY e0 'lol'>{declared}]><x>&e9;</x>".encode()
    parts = {
        "word/document.xml": bomb,
        "word/_rels/document.xml.rels": bomb,
        "word/media/a.png": png(),
    }
    found = scan(ooxml("word/document.xml", parts))
    assert pictures(found) == [("member word/media/a.png", "word/media/a.png")]


def test_external_entities_are_not_opened() -> None:
    rels = b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x xmlns:a='b'>&undeclared;</x>"
    parts = {"word/document.xml": b"<x/>", "word/_rels/document.xml.rels": rels}
    assert problems(scan(ooxml("word/document.xml", parts))) == [("no_image", "")]


def test_relationships_in_circles_end() -> None:
    parts = {
        "word/document.xml": showing("r1"),
        "word/_rels/document.xml.rels": relationships(("r1", "chart", "a.xml")),
        "word/a.xml": showing("r1"),
        "word/_rels/a.xml.rels": relationships(
            ("r1", "chart", "document.xml"), ("r2", "image", "m.png")
        ),
        "word/m.png": png(),
    }
    assert pictures(scan(ooxml("word/document.xml", parts))) == [("image 1", "word/m.png")]


def test_too_many_pictures_end_the_document() -> None:
    media = {f"word/media/{n}.png": png(n) for n in range(9)}
    found = scan(docx(media), limits=small(pictures=5))
    assert sum(isinstance(f, Picture) for f in found) == 5
    assert [reason for reason, _ in problems(found)] == ["limit_exceeded"]


def test_a_part_that_is_a_bomb_is_left_out() -> None:
    media = {"word/media/zeros.bmp": b"BM" + bytes(12) + b"\x28" + bytes(3_000_000)}
    found = scan(docx(media), limits=small(inflated_bytes=1 << 20))
    assert [reason for reason, _ in problems(found)] == ["limit_exceeded"]


def test_encrypted_parts_are_told() -> None:
    content = with_flags(docx({"word/media/a.png": png()}, ("r1", "image", "media/a.png")), 1)
    found = scan(content)
    assert {f.reason for f in found if isinstance(f, Problem)} == {"encrypted"}


_SEED = docx({"word/media/a.png": png()}, ("r1", "image", "media/a.png"))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_ends_in_findings(changes: list[tuple[int, int]]) -> None:
    found = scan(mutated(_SEED, changes))
    assert found
    assert list(crashed(found)) == []
