"""Passwords, damage and limits of whole documents."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.errors import DecodeError, EncryptedError, InputError
from medsift.core.picture import Picture
from medsift.sources.pdf.document.opening import open_document, open_second, saved_plainly
from medsift.sources.pdf.placement.placements import placements_of
from medsift.sources.pdf.reader import _MOST_DAMAGED
from tests.sources.pdf.making_pdfs import Pdf, draw, findings, lowered, pictures, problems, scene


def _with_pages(count: int = 1) -> Pdf:
    pdf = Pdf()
    number = pdf.picture(scene())
    for _ in range(count):
        pdf.page(draw("Im", 10, 20, 80, 60), {"Im": number})
    return pdf


def _locked(user: str, owner: str) -> bytes:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(_with_pages().to_bytes()))
    writer.encrypt(user, owner, algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_file_with_only_an_owner_password_opens() -> None:
    [found] = pictures(_locked("", "secret"))
    assert found.pixels.shape == (60, 80, 3)


def test_a_file_with_a_user_password_asks_for_it() -> None:
    with pytest.raises(EncryptedError, match="none was given"):
        findings(_locked("open", "secret"))


def test_a_wrong_password_is_told_apart_from_a_missing_one() -> None:
    with pytest.raises(EncryptedError, match="given password"):
        findings(_locked("open", "secret"), password="other")


@pytest.mark.parametrize("password", ["open", "secret"])
def test_either_password_opens_the_file(password: str) -> None:
    [found] = pictures(_locked("open", "secret"), password=password)
    assert found.pixels.shape == (60, 80, 3)


def test_a_broken_cross_reference_table_is_repaired() -> None:
    data = _with_pages().to_bytes()
    start, end = data.index(b"xref\n"), data.index(b"trailer")
    [found] = pictures(data[:start] + b"xref\n0 1\nrubbish\n" + data[end:])
    assert found.pixels.shape == (60, 80, 3)


def test_a_file_cut_off_before_its_trailer_is_repaired() -> None:
    data = _with_pages().to_bytes()
    [found] = pictures(data[: data.index(b"xref\n")])
    assert found.pixels.shape == (60, 80, 3)


@pytest.mark.parametrize("lost", [b"/Type /Catalog", b"/Type /Pages"])
def test_a_file_that_lost_its_root_is_repaired(lost: bytes) -> None:
    data = _with_pages().to_bytes()
    data = data[: data.index(b"xref\n")].replace(b"/Type /Catalog", b"/Nothing /Left00")
    [found] = pictures(data.replace(lost, b"/Nothing /Left0"))
    assert found.pixels.shape == (60, 80, 3)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\x00<<[(" * 200])
def test_what_is_no_pdf_becomes_a_decode_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        findings(data)


def test_pages_beyond_the_limit_are_said_to_be_unread() -> None:
    found = findings(_with_pages(3), limits=lowered(pages=2))
    assert len([f for f in found if isinstance(f, Picture)]) == 2
    [problem] = problems(found)
    assert problem.reason == "limit_exceeded"
    assert "3 pages" in problem.error


def test_pictures_beyond_the_limit_are_said_to_be_left_out() -> None:
    found = findings(_with_pages(3), limits=lowered(pictures=2))
    assert len([f for f in found if isinstance(f, Picture)]) == 2
    [problem] = problems(found)
    assert problem.reason == "limit_exceeded"


def test_an_image_with_too_many_pixels_is_not_decoded() -> None:
    found = findings(_with_pages(), limits=lowered(pixels=80 * 60 - 1))
    [problem] = found
    assert problem == problems(found)[0]
    assert problems(found)[0].reason == "limit_exceeded"


def test_a_mask_bomb_is_not_decoded() -> None:
    pdf = Pdf()
    bomb = pdf.image(34862, 4332, b"\x00" * 1000, "/ColorSpace /DeviceGray /BitsPerComponent 8")
    tiny = pdf.picture(scene(2, 2), f"/SMask {bomb} 0 R")
    pdf.page(draw("Im", 10, 20, 80, 60), {"Im": tiny})
    [problem] = problems(findings(pdf))
    assert problem.reason == "limit_exceeded"
    assert "mask" in problem.error


def test_a_damaged_page_does_not_take_the_others_with_it() -> None:
    pdf = _with_pages(2)
    broken = pdf.add("/Type /Nonsense")
    pdf.pages.insert(1, broken)
    found = findings(pdf)
    assert [f.where.page for f in found if isinstance(f, Picture)] == [1, 3]


def test_a_damaged_image_does_not_take_the_others_with_it() -> None:
    pdf = Pdf()
    jpx = pdf.add(
        "/Type /XObject /Subtype /Image /Width 50 /Height 50 /Filter /JPXDecode "
        "/ColorSpace /DeviceRGB /BitsPerComponent 8",
        b"not a picture",
    )
    pdf.page(
        draw("Bad", 10, 20, 80, 60) + draw("Im", 10, 300, 80, 60),
        {"Bad": jpx, "Im": pdf.picture(scene())},
    )
    bad, good = findings(pdf)
    assert problems([bad])[0].reason == "undecodable"
    assert isinstance(good, Picture)


def test_a_page_count_that_lies_does_not_flood_the_records() -> None:
    pdf = _with_pages()
    data = pdf.to_bytes().replace(b"/Count 1 ", b"/Count 9999 ")
    found = findings(data)
    assert len([f for f in found if isinstance(f, Picture)]) == 1
    *pages, last = problems(found)
    assert [p.where.page for p in pages] == list(range(2, 2 + _MOST_DAMAGED))
    assert (last.where.page, last.error) == (
        None,
        f"limit_exceeded: {_MOST_DAMAGED} damaged pages; the rest were not read",
    )


def test_what_a_parser_raises_becomes_the_problem_of_one_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []

    def sometimes(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("surprise")
        return placements_of(*args)

    monkeypatch.setattr("medsift.sources.pdf.page.placements_of", sometimes)
    first, second = findings(_with_pages(2))
    assert problems([first])[0].reason == "undecodable"
    assert (first.where.page, second.where.page) == (1, 2)
    assert isinstance(second, Picture)


def test_a_plain_copy_of_a_locked_file_can_be_read_by_both_libraries() -> None:
    with open_document(_locked("", "secret"), "") as document:
        reader = open_second(saved_plainly(document), "")
        assert not reader.is_encrypted
        assert len(reader.pages) == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_flipped_bytes_never_raise_anything_but_input_errors(data: st.DataObject) -> None:
    content = bytearray(_with_pages(2).to_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        findings(bytes(content), limits=lowered(pixels=1_000_000))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20_000))
def test_a_cut_off_file_never_raises_anything_but_input_errors(length: int) -> None:
    with suppress(InputError):
        findings(_with_pages(2).to_bytes()[:length])
