"""Passwords, damage and limits of whole documents."""

from __future__ import annotations

import io

import pytest

from medsift.core.errors import DecodeError, EncryptedError
from medsift.core.picture import Picture
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
    [problem] = problems(findings(pdf, limits=lowered(pixels=10_000_000)))
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
