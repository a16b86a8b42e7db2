"""Mail messages and mailboxes: attachments, and nothing of what people wrote."""

from __future__ import annotations

import base64
import struct
from dataclasses import asdict
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.picture import Picture, Problem
from tests.sources.archive.making import zipped
from tests.sources.inside import crashed, mutated, pdf, pictures, png, problems, scan, small
from tests.sources.office.making import docx


def message(text: str = "Dear Ann, as promised.") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Bob <bob@example.org>", "ann@example.org"
    mail["Subject"] = "About the patient"
    mail.set_content(text)
    return mail


def attach(mail: EmailMessage, name: str, content: bytes) -> None:
    mail.add_attachment(content, "application", "octet-stream", filename=name)


def test_attachments_are_found_in_order_and_by_content() -> None:
    mail = message()
    for name, content in (("scan.dat", png()), ("notes.txt", b"text"), ("page.pdf", pdf())):
        attach(mail, name, content)
    found = scan(mail.as_bytes())
    assert pictures(found) == [
        ("attachment 1", "scan.dat"),
        ("attachment 3, page 1, image 1", "page.pdf"),
    ]
    assert problems(found) == [("unsupported", "1 member without pictures")]
    assert [f.where.index for f in found] == [1, 2, None]
    assert {f.where.source_type for f in found} == {"mail"}


def test_a_pdf_in_a_document_in_an_archive_in_a_mail_is_found() -> None:
    mail = message()
    report = docx({"word/embeddings/a.pdf": pdf()}, ("r1", "package", "embeddings/a.pdf"))
    attach(mail, "all.zip", zipped(("b/report.docx", report)))
    (found,) = scan(mail.as_bytes(), "mail.eml")
    assert found.where.member == "all.zip/b/report.docx/word/embeddings/a.pdf"
    assert found.where.locator == "attachment 1, member b/report.docx, object 1, page 1, image 1"
    assert (found.where.source, found.where.source_type) == ("mail.eml", "mail")
    assert (found.where.index, found.where.page) == (1, 1)


def test_inline_pictures_come_once() -> None:
    mail = message()
    mail.add_alternative("<p><img src='cid:a'></p>", subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(png(), "image", "png", cid="<a>")  # type: ignore[union-attr]
    assert pictures(scan(mail.as_bytes())) == [("attachment 1", "part 1")]


def test_remote_pictures_are_counted_and_their_addresses_kept_back() -> None:
    inline = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    html = f"<img src='https://example.org/t?u=ann'><img src='{inline}'><img src='http://x.org/2'>"
    mail = message()
    mail.add_alternative(html, subtype="html")
    found = scan(mail.as_bytes())
    assert [locator for locator, _ in pictures(found)] == ["body, image 1"]
    assert problems(found) == [("remote", "body, 2 remote images")]


def test_nothing_of_the_text_the_addresses_and_the_subject_is_told() -> None:
    mail = message()
    mail.add_alternative("<p>Dear Ann<img src='https://example.org/ann'></p>", subtype="html")
    attach(mail, "a.png", png())
    inner = message()
    attach(inner, "b.png", png(1))
    mail.add_attachment(inner)
    told = str([asdict(f.where) for f in scan(mail.as_bytes())]).lower()
    for word in ("ann", "bob", "example", "patient", "promised"):
        assert word not in told


def test_messages_within_messages_are_read() -> None:
    inner = message()
    attach(inner, "b.png", png(1))
    mail = message()
    mail.add_attachment(inner)
    assert pictures(scan(mail.as_bytes())) == [("attachment 1", "message 1/b.png")]


def test_messages_nested_too_deeply_are_told() -> None:
    mail = message()
    attach(mail, "a.png", png())
    for _ in range(7):
        outer = message()
        outer.add_attachment(mail)
        mail = outer
    assert [reason for reason, _ in problems(scan(mail.as_bytes()))] == ["limit_exceeded"]


def test_names_of_attachments_are_decoded() -> None:
    raw = b"From: a@b.c\r\nTo: d@e.f\r\nContent-Type: image/png\r\n"
    raw += b'Content-Disposition: attachment; filename="=?utf-8?b?cvZ0LnBuZw==?="\r\n'
    raw = raw.replace(b"cvZ0LnBuZw==", base64.b64encode("röt.png".encode()))
    raw += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(png())
    assert pictures(scan(raw)) == [("attachment 1", "röt.png")]


def test_sealed_messages_are_told() -> None:
    mail = message()
    attach(mail, "smime.p7m", b"0\x80\x06\x09*\x86")
    attach(mail, "x.asc", b"-----BEGIN PGP MESSAGE-----\n")
    found = scan(mail.as_bytes())
    assert problems(found) == [("encrypted", "attachment 1"), ("encrypted", "attachment 2")]


def wrapped() -> bytes:
    """Two pictures as Outlook wraps them."""

    def attribute(tag: int, value: bytes) -> bytes:
        return struct.pack("<BII", 2, tag, len(value)) + value + b"\0\0"

    content = b"\x78\x9f\x3e\x22\0\0"
    for name, data in ((b"a.png\0", png(1)), (b"b.png\0", png(2))):
        content += attribute(0x69002, bytes(14)) + attribute(0x18010, name)
        content += attribute(0x6800F, data)
    return content


def test_the_wrapping_of_outlook_is_taken_off() -> None:
    mail = message()
    attach(mail, "winmail.dat", wrapped())
    assert pictures(scan(mail.as_bytes())) == [("attachment 1", "a.png"), ("attachment 2", "b.png")]


def test_the_wrapping_of_outlook_may_be_kept_alone() -> None:
    found = scan(wrapped(), "winmail.dat")
    assert pictures(found) == [("attachment 1", "a.png"), ("attachment 2", "b.png")]
    assert {picture.where.source_type for picture in found} == {"mail"}
    assert problems(scan(wrapped()[:40], "winmail.dat")) == [("no_image", "")]


def test_a_message_saved_as_utf16_is_read() -> None:
    mail = message()
    attach(mail, "a.png", png())
    assert len(pictures(scan(mail.as_bytes().decode().encode("utf-16")))) == 1


def test_a_message_without_attachments_has_no_image() -> None:
    assert problems(scan(message().as_bytes())) == [("no_image", "")]


def test_messages_of_a_mailbox_are_numbered() -> None:
    box = b""
    for name in ("a.png", "b.png"):
        mail = message("words\n\nFrom here on >From there")
        attach(mail, name, png())
        box += b"From bob@example.org Mon Jan  2 03:04:05 2023\n" + mail.as_bytes() + b"\n"
        box += b"From ann@example.org Tue Jan  3 03:04:05 2023\n" + message().as_bytes() + b"\n"
    found = scan(box)
    assert pictures(found) == [
        ("message 1, attachment 1", "message 1/a.png"),
        ("message 3, attachment 1", "message 3/b.png"),
    ]
    assert problems(found) == []
    assert [f.where.index for f in found] == [1, 2]


def test_only_a_line_with_a_date_after_a_blank_one_begins_a_message() -> None:
    line = "From bob@example.org Mon Jan  2 03:04:05 2023"
    quoted = message(f"words\n{line}\nmore\n\nFrom bob@example.org I heard\n")
    attach(quoted, "a.png", png())
    box = f"{line}\n".encode() + quoted.as_bytes() + f"\n{line}\n".encode()
    last = message()
    attach(last, "b.png", png())
    assert pictures(scan(box + last.as_bytes())) == [
        ("message 1, attachment 1", "message 1/a.png"),
        ("message 2, attachment 1", "message 2/b.png"),
    ]


def test_a_mailbox_without_pictures_has_no_image() -> None:
    box = b"From bob@example.org Mon Jan  2 03:04:05 2023\n" + message().as_bytes() + b"\n"
    assert problems(scan(box * 3)) == [("no_image", "")]


def test_one_message_that_is_too_long_does_not_cost_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("medsift.sources.mail.mbox.MESSAGE_BYTES", 5000)
    line = b"From bob@example.org Mon Jan  2 03:04:05 2023\n"
    long, short = message(), message()
    attach(long, "a.png", bytes(9000))
    attach(short, "b.png", png())
    found = scan(line + long.as_bytes() + b"\n" + line + short.as_bytes())
    assert pictures(found) == [("message 2, attachment 1", "message 2/b.png")]
    assert problems(found) == [("limit_exceeded", "message 1")]


def test_a_mail_with_too_many_attachments_ends_by_the_budget() -> None:
    mail = message()
    for n in range(9):
        attach(mail, f"{n}.png", png(n))
    found = scan(mail.as_bytes(), limits=small(members=5))
    assert len(pictures(found)) == 5
    assert [reason for reason, _ in problems(found)] == ["limit_exceeded"]


def _seed() -> bytes:
    mail = message()
    mail.add_alternative("<img src='data:image/png;base64,xx'>", subtype="html")
    attach(mail, "a.png", png())
    mail.add_attachment(message())
    return mail.as_bytes()


_SEED = _seed()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=9))
def test_damage_anywhere_ends_in_findings(changes: list[tuple[int, int]]) -> None:
    found = scan(mutated(_SEED, changes))
    assert found
    assert list(crashed(found)) == []
    assert all(isinstance(f.where.locator, str) for f in found if isinstance(f, Problem))


@pytest.mark.parametrize("missing", range(1, 9))
def test_base64_that_is_cut_anywhere_is_decoded_as_far_as_it_goes(missing: int) -> None:
    head = struct.pack(
        "<2sIHHIIiiHHIIiiII", b"BM", 0, 0, 0, 54, 40, 40, 40, 1, 24, 0, 0, 0, 0, 0, 0
    )
    digits = base64.b64encode(head + bytes(range(240)) * 20).decode()
    raw = "From: a@b.c\r\nTo: d@e.f\r\nMIME-Version: 1.0\r\nContent-Type: image/bmp\r\n"
    raw += f"Content-Transfer-Encoding: base64\r\n\r\n{digits[: -missing - 30]}"
    (found,) = scan(raw.encode())
    assert isinstance(found, Picture)
