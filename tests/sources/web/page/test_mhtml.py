from __future__ import annotations

import contextlib
from dataclasses import replace
from email.message import EmailMessage
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.web.page.mhtml import read
from tests.sources.web.looking import look, png


def archive(html: str, *parts: tuple[bytes, str, str]) -> Blob:
    """A message as browsers save it; parts are content, header name and header value."""
    message = MIMEMultipart("related", type="text/html")
    page = MIMEText(html, "html", "utf-8")
    page["Content-Location"] = "https://example.org/a/page.html"
    message.attach(page)
    for content, name, value in parts:
        picture = MIMEImage(content, "png")
        picture[name] = value
        message.attach(picture)
    return Blob(Provenance("page.mhtml"), data=message.as_bytes())


def test_an_address_that_is_relative_to_the_page_leads_to_its_part() -> None:
    blob = archive("<img src='b/a.png'>", (png(1), "Content-Location", "b/a.png"))
    found = look(read, blob)
    assert [(seen.locator, seen.content) for seen in found] == [("img 1", png(1))]


def test_pictures_are_found_by_location_and_by_identifier() -> None:
    blob = archive(
        "<img src='cid:scan@x'><img src='../b.png'><img src='b.png#c'>",
        (png(1), "Content-Location", "https://example.org/b.png"),
        (png(2), "Content-Location", "b.png"),
        (png(3), "Content-ID", "<scan@x>"),
    )
    assert [(seen.locator, seen.content) for seen in look(read, blob)][:2] == [
        ("img 1", png(3)),
        ("img 2", png(1)),
    ]


def test_pictures_that_the_page_does_not_show_come_last() -> None:
    blob = archive(
        "<img src='cid:b'>",
        (png(1), "Content-ID", "<a>"),
        (png(2), "Content-ID", "<b>"),
    )
    assert [(seen.locator, seen.content) for seen in look(read, blob)] == [
        ("img 1", png(2)),
        ("part 2", png(1)),
    ]


def test_what_is_not_in_the_archive_is_not_fetched() -> None:
    seen = look(read, archive("<img src=https://example.net/a.png><img src=cid:gone>"))
    assert [(s.status, s.reason) for s in seen] == [("skipped", "remote"), ("failed", "not_found")]


def test_files_on_disk_are_out_of_reach() -> None:
    seen = look(read, archive("<img src=file:///etc/passwd>"))
    assert [(s.content, s.reason) for s in seen] == [(b"", "not_found")]


def test_a_message_without_parts_is_an_error() -> None:
    message = EmailMessage()
    message.set_content("text")
    with pytest.raises(DecodeError):
        look(read, Blob(Provenance("a.mhtml"), data=message.as_bytes()))


def test_too_many_parts_are_an_error() -> None:
    blob = archive("", (png(), "Content-ID", "<a>"), (png(), "Content-ID", "<b>"))
    with pytest.raises(LimitError):
        look(read, blob, replace(DEFAULT_LIMITS, members=2))


def test_endless_nesting_is_an_error() -> None:
    head = b"".join(
        b"Content-Type: multipart/related; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1200)
    )
    with pytest.raises(InputError):
        look(read, Blob(Provenance("a.mhtml"), data=head))


@given(st.binary(max_size=300))
def test_any_bytes_give_findings_or_an_input_error(tail: bytes) -> None:
    head = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\n"
    with contextlib.suppress(InputError):
        list(read(Blob(Provenance("a.mhtml"), data=head + tail), Context()))


@pytest.mark.parametrize("written", ["a b.png", "a%20b.png", "%61%20b.png"])
@pytest.mark.parametrize("kept", ["a b.png", "a%20b.png"])
def test_addresses_are_compared_without_their_escapes(written: str, kept: str) -> None:
    location = f"https://example.org/a/{kept}"
    blob = archive(f"<img src='{written}'>", (png(1), "Content-Location", location))
    assert [seen.content for seen in look(read, blob)] == [png(1)]


def test_an_archive_may_begin_with_blank_lines() -> None:
    blob = archive("<img src='cid:a'>", (png(1), "Content-ID", "<a>"))
    blob = replace(blob, data=b"\r\n\n" + (blob.data or b""))
    assert [seen.content for seen in look(read, blob)] == [png(1)]


def test_parts_that_are_declared_as_anything_are_told_by_content() -> None:
    blob = archive("<p>", (png(1), "Content-Location", "https://example.org/a.png"))
    data = (blob.data or b"").replace(b"image/png", b"application/octet-stream")
    assert [seen.content for seen in look(read, replace(blob, data=data))] == [png(1)]
