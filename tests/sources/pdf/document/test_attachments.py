"""Files inside of PDFs are followed for real: PDFs in PDFs, portfolios, down to a depth."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Finding, Picture, Provenance
from medsift.sources.base import Blob, Budget, Context
from medsift.sources.registry import findings
from tests.sources.pdf.making_pdfs import Pdf, draw, problems, scene


def _found(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    context = Context(limits=limits, recurse=findings, budget=Budget(limits))
    return list(findings(Blob(Provenance("outer.pdf"), data=data), context))


def _pictures(found: list[Finding]) -> list[Picture]:
    return [f for f in found if isinstance(f, Picture)]


def _holding(files: dict[str, bytes], picture: int | None = None, catalog: str = "") -> bytes:
    """A PDF with embedded files, in a name tree of two levels, and a page."""
    pdf = Pdf()
    kids = []
    for name, content in files.items():
        stream = pdf.add("/Type /EmbeddedFile", content)
        spec = pdf.add(f"/Type /Filespec /F ({name}) /UF ({name}) /EF << /F {stream} 0 R >>")
        kids.append(pdf.add(f"/Limits [({name}) ({name})] /Names [({name}) {spec} 0 R]"))
    tree = " ".join(f"{kid} 0 R" for kid in kids)
    pdf.catalog = f"/Names << /EmbeddedFiles << /Kids [{tree}] >> >> {catalog}"
    if picture is None:
        pdf.page("")
    else:
        pdf.page(draw("Im", 10, 20, 80, 60), {"Im": pdf.picture(scene(seed=picture))})
    return pdf.to_bytes()


def _png(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(scene(seed=seed)).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_picture_of_a_pdf_in_a_pdf_is_found_and_placed() -> None:
    inner = _holding({"scan.png": _png(2)}, picture=1)
    own, below, deepest = _pictures(_found(_holding({"inner.pdf": inner}, picture=0)))
    assert [p.where.locator for p in (own, below, deepest)] == [
        "page 1, image 1",
        "member inner.pdf, page 1, image 1",
        "member inner.pdf/scan.png",
    ]
    assert [p.where.member for p in (below, deepest)] == ["inner.pdf", "inner.pdf/scan.png"]
    assert {p.where.source for p in (own, below, deepest)} == {"outer.pdf"}
    for number, picture in enumerate((own, below, deepest)):
        assert np.array_equal(picture.pixels, scene(seed=number))
        assert picture.where.index == number + 1


def _associated(tree: bool = False) -> bytes:
    """A PDF with one file that is associated with the document, and again with its page."""
    pdf = Pdf()
    stream = pdf.add("/Type /EmbeddedFile", _png(1))
    spec = pdf.add(f"/Type /Filespec /F (a.png) /AFRelationship /Data /EF << /F {stream} 0 R >>")
    names = f"/Names << /EmbeddedFiles << /Names [(a.png) {spec} 0 R] >> >>" if tree else ""
    pdf.catalog = f"/AF [{spec} 0 R] {names}"
    pdf.page("", extra=f"/AF [{spec} 0 R]")
    return pdf.to_bytes()


@pytest.mark.parametrize("tree", [False, True])
def test_files_that_are_only_associated_are_found_and_no_file_twice(tree: bool) -> None:
    (picture,) = _pictures(_found(_associated(tree)))
    assert picture.where.locator == "member a.png"
    assert np.array_equal(picture.pixels, scene(seed=1))


@pytest.mark.parametrize("packets", [False, True])
def test_pictures_of_a_form_are_found(packets: bool) -> None:
    digits = base64.b64encode(_png(1)).decode()
    xml = f"<subform><image contentType='image/png'>{digits}</image></subform>".encode()
    pdf = Pdf()
    stream = pdf.add("", b"<?xml version='1.0'?>" + xml)
    plain = pdf.add("", b"<config>words</config>")
    form = f"[(config) {plain} 0 R (template) {stream} 0 R]" if packets else f"{stream} 0 R"
    pdf.catalog = f"/AcroForm << /Fields [] /XFA {form} >>"
    pdf.page("BT ET")
    (picture,) = _pictures(_found(pdf.to_bytes()))
    assert np.array_equal(picture.pixels, scene(seed=1))
    assert picture.where.member.startswith("form.xml")


def test_a_form_without_pictures_is_not_worth_a_word() -> None:
    pdf = Pdf()
    stream = pdf.add("", b"<?xml version='1.0'?><subform><image>none</image></subform>")
    pdf.catalog = f"/AcroForm << /Fields [] /XFA {stream} 0 R >>"
    pdf.page("BT ET")
    assert [problem.reason for problem in problems(_found(pdf.to_bytes()))] == ["no_image"]


def test_an_associated_file_is_bounded_like_any_other() -> None:
    found = _found(_associated(), replace(DEFAULT_LIMITS, members=0))
    assert not _pictures(found)
    assert "limit_exceeded" in {problem.reason for problem in problems(found)}


def test_a_file_without_a_name_is_called_by_its_place_among_the_annotations() -> None:
    pdf = Pdf()
    stream = pdf.add("/Type /EmbeddedFile", _png(1))
    spec = pdf.add(f"/Type /Filespec /EF << /F {stream} 0 R >>")
    note = pdf.add("/Type /Annot /Subtype /Text /Rect [9 9 20 20] /Contents (see below)")
    pinned = pdf.add(f"/Type /Annot /Subtype /FileAttachment /Rect [50 9 60 20] /FS {spec} 0 R")
    pdf.page("", extra=f"/Annots [{note} 0 R {pinned} 0 R]")
    # PDFium gives no content of it. That it is there is told.
    (told,) = problems(_found(pdf.to_bytes()))
    assert (told.where.member, told.status, told.reason) == (
        "attachment 2",
        "failed",
        "undecodable",
    )


def test_a_portfolio_is_its_files_and_its_cover() -> None:
    files = {"a.png": _png(1), "b.pdf": _holding({}, picture=2), "notes.txt": b"no picture\n"}
    data = _holding(files, picture=0, catalog="/Collection << /Type /Collection /View /D >>")
    found = _found(data)
    assert [p.where.member for p in _pictures(found)] == ["", "a.png", "b.pdf"]
    # Every file is accounted for, also one that holds nothing.
    assert [(p.where.member, p.status) for p in problems(found)] == [("notes.txt", "skipped")]


def test_a_file_that_is_too_large_costs_itself_alone() -> None:
    files = {"a.png": _png(1) + bytes(100_000), "b.png": _png(2)}
    pdf = Pdf()
    specs = []
    for name, content in files.items():
        entries = "/Type /EmbeddedFile /Filter /FlateDecode"
        stream = pdf.add(entries, zlib.compress(content))
        specs.append(pdf.add(f"/Type /Filespec /F ({name}) /EF << /F {stream} 0 R >>"))
    names = " ".join(f"({number}) {spec} 0 R" for number, spec in enumerate(specs))
    pdf.catalog = f"/Names << /EmbeddedFiles << /Names [{names}] >> >>"
    pdf.page("")
    found = _found(pdf.to_bytes(), replace(DEFAULT_LIMITS, file_bytes=100_000))
    assert [(p.where.member, p.reason) for p in problems(found)] == [("a.png", "limit_exceeded")]
    assert [p.where.member for p in _pictures(found)] == ["b.png"]


def test_nesting_ends_at_the_limit_and_says_so() -> None:
    data = _holding({}, picture=0)
    for level in range(1, 4):
        data = _holding({"next.pdf": data}, picture=level)
    found = _found(data, replace(DEFAULT_LIMITS, depth=2))
    assert len(_pictures(found)) == 3
    [problem] = problems(found)
    assert (problem.status, problem.reason) == ("failed", "limit_exceeded")
    assert problem.where.member == "next.pdf/next.pdf/next.pdf"


def test_a_broken_file_inside_costs_itself_alone() -> None:
    files = {"a.pdf": b"%PDF-1.4 and nothing more", "b.png": _png(1)}
    found = _found(_holding(files, picture=0))
    assert [p.where.member for p in _pictures(found)] == ["", "b.png"]
    assert [(p.where.member, p.status) for p in problems(found)] == [("a.pdf", "failed")]


def test_a_file_that_holds_itself_many_times_ends_at_the_budget() -> None:
    data = _holding({}, picture=0)
    for _ in range(3):
        data = _holding({f"{number}.pdf": data for number in range(10)})
    found = _found(data, replace(DEFAULT_LIMITS, members=50))
    assert 0 < len(_pictures(found)) <= 50
    assert "limit_exceeded" in {p.reason for p in problems(found)}
