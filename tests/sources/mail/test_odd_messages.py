"""Messages that programs for mail read and the letter of the standards does not."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.decode.sniff import sniff
from medsift.sources.mail.inline import files_in
from tests.sources.archive.making import zipped
from tests.sources.inside import crashed, pdf, pictures, png, problems, scan

HEADER = b"From: a@e.test\nTo: b@e.test\nSubject: t\nMIME-Version: 1.0\n"
IN_BASE64 = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
WITH_PICTURE = HEADER + IN_BASE64 + base64.encodebytes(png())
ONE = [("attachment 1", "part 1")]


def uu(content: bytes, name: bytes = b"a.png") -> bytes:
    lines = [binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45)]
    return b"begin 644 %s\n%s`\nend\n" % (name, b"".join(lines))


@pytest.mark.parametrize(
    "content",
    [
        b"\n \n\r\n" + WITH_PICTURE,
        codecs.BOM_UTF8 + WITH_PICTURE,
        codecs.BOM_UTF8 + b"\n" + WITH_PICTURE,
        b"%d      \n%s<?xml version='1.0'?><plist/>" % (len(WITH_PICTURE), WITH_PICTURE),
        b"From a@e.test somewhen\n" + WITH_PICTURE,
        b">From a@e.test somewhen\n" + WITH_PICTURE,
        WITH_PICTURE.replace(b":", b" :"),
        WITH_PICTURE.replace(b"base64", b" Base64; (as usual)"),
        WITH_PICTURE.replace(b"\n", b"\r\n"),
        WITH_PICTURE.replace(b"\n", b"\r"),
        WITH_PICTURE.replace(b"Content-Transfer-Encoding: base64\n", b""),
        WITH_PICTURE.replace(b"image/png", b"text/plain"),
        WITH_PICTURE.replace(b"image/png", b"text/html; charset=utf-8"),
        WITH_PICTURE.replace(b"image/png", b"image"),
        HEADER + b"Content-Type: image/png\n\n" + png(),
        HEADER + b"Content-Transfer-Encoding: binary\n\n" + png(),
    ],
)
def test_a_picture_is_found_whatever_is_odd_about_the_header(content: bytes) -> None:
    assert sniff(content[:4096]) == "eml"
    assert pictures(scan(content)) == ONE


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_binary_parts_keep_every_byte(ends: bytes) -> None:
    head = HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: x/y\n\n"
    content = head.replace(b"\n", ends) + png() + ends + b"--b--" + ends
    (found,) = scan(content)
    assert getattr(found, "data", None) == png()


@pytest.mark.parametrize("coding", ["base64", "quoted-printable", "7bit"])
def test_a_message_within_a_message_is_decoded(coding: str) -> None:
    encode = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}
    inner = encode.get(coding, bytes)(WITH_PICTURE)
    field = f"Content-Type: message/rfc822\nContent-Transfer-Encoding: {coding}\n\n".encode()
    outer = HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
    content = outer + field + inner + b"\n--b--\n"
    assert pictures(scan(content)) == [("attachment 1", "message 1/part 1")]


def test_a_message_said_to_be_encoded_and_not_is_read_as_it_is() -> None:
    content = HEADER + b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
    assert pictures(scan(content + WITH_PICTURE)) == [("attachment 1", "message 1/part 1")]


@pytest.mark.parametrize("parameter", [b"", b"; boundary=other"])
def test_parts_are_found_without_their_boundary(parameter: bytes) -> None:
    body = b"\n\n--x\n" + IN_BASE64 + base64.encodebytes(png()) + b"--x--\n"
    content = HEADER + b"Content-Type: multipart/mixed" + parameter + body
    assert pictures(scan(content)) == ONE


def test_parts_that_are_encoded_together_are_found() -> None:
    body = b"--x\n" + IN_BASE64 + base64.encodebytes(png()) + b"--x--\n"
    field = b"Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n"
    assert pictures(scan(HEADER + field + base64.encodebytes(body))) == ONE


def test_files_in_the_text_are_found() -> None:
    text = b"see\n" + uu(png()) + b"and\n" + uu(pdf(), b"b/c d.pdf") + b"bye\n"
    found = scan(HEADER + b"\n" + text)
    assert pictures(found) == [
        ("attachment 1", "a.png"),
        ("attachment 2, page 1, image 1", "c d.pdf"),
    ]


def test_files_in_the_text_of_a_notice_are_found() -> None:
    quoted = b"Could not be delivered:\n\n" + WITH_PICTURE
    found = scan(HEADER + b"Content-Type: text/plain\n\n" + quoted)
    assert pictures(found) == ONE


def test_files_in_yenc_are_found() -> None:
    body = b"".join(
        b"=" + bytes([(byte + 106) % 256])
        if (byte + 42) % 256 in b"\0\n\r="
        else bytes([(byte + 42) % 256])
        for byte in png()
    )
    text = b"=ybegin line=128 size=%d name=a.png\n%s\n=yend size=1\n" % (len(png()), body)
    found = scan(HEADER + b"Content-Transfer-Encoding: 8bit\n\n" + text)
    assert pictures(found) == [("attachment 1", "a.png")]


def test_words_and_keys_in_the_text_are_no_files() -> None:
    key = base64.encodebytes(b"\x99\x01" + bytes(range(1, 256)) * 3)
    text = b"begin 644 now\nplease\n\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + key
    assert pictures(scan(HEADER + b"\n" + text)) == []


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content).to_bytes(3, "big")
    return bytes([tag, 0x83]) + size + content


OID_DATA = bytes.fromhex("06092a864886f70d010701")
OID_SIGNED = bytes.fromhex("06092a864886f70d010702")


def signed(content: bytes, pieces: bool = False) -> bytes:
    octets = der(4, content)
    if pieces:  # of indefinite length, as streams are written
        octets = b"\x24\x80" + der(4, content[:50]) + der(4, content[50:]) + b"\0\0"
    inside = der(0x30, OID_DATA, der(0xA0, octets))
    data = der(0x30, b"\x02\x01\x01", b"\x31\x00", inside, b"\x31\x00")
    if pieces:
        data = b"\x30\x80\x02\x01\x01\x31\x00\x30\x80" + OID_DATA + b"\xa0\x80" + octets
        data += b"\0\0\0\0\x31\x00\0\0"
        return b"\x30\x80" + OID_SIGNED + b"\xa0\x80" + data + b"\0\0\0\0"
    return der(0x30, OID_SIGNED, der(0xA0, data))


@pytest.mark.parametrize("pieces", [False, True])
def test_what_is_signed_and_not_sealed_is_read(pieces: bool) -> None:
    inner = signed(IN_BASE64 + base64.encodebytes(png()), pieces)
    field = b'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\n'
    content = HEADER + field + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(inner)
    assert pictures(scan(content)) == ONE


@pytest.mark.parametrize("pieces", [False, True])
def test_files_with_a_signature_around_them_are_read(pieces: bool) -> None:
    content = signed(pdf(), pieces)
    assert pictures(scan(content, "a.pdf.p7m")) == [("member a.pdf, page 1, image 1", "a.pdf")]
    archive = zipped(("a.pdf.p7m", content))
    assert [member for _, member in pictures(scan(archive))] == ["a.pdf.p7m/a.pdf"]


def test_a_signature_alone_is_told() -> None:
    data = der(0x30, b"\x02\x01\x01", b"\x31\x00", der(0x30, OID_DATA), b"\x31\x00")
    content = der(0x30, OID_SIGNED, der(0xA0, data))
    assert problems(scan(content)) == [("encrypted", "")]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 5000), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255))))
def test_damaged_signed_data_fails_in_a_foreseen_way(
    cut: int, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(signed(WITH_PICTURE, pieces=True))
    for position, value in changes:
        content[40 + position % (len(content) - 40)] = value
    assert list(crashed(scan(bytes(content[: 60 + cut])))) == []


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_text_can_be_looked_through(before: bytes, name: bytes) -> None:
    text = before + b"\nbegin 644 " + name + b"\n" + before + b"\n=ybegin name=" + name + b"\n"
    assert all(content for _, content in files_in(text + uu(png())))
