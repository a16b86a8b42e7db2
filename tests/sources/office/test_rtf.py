"""Rich Text Format: pictures as digits and as bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.inside import crashed, pdf, pictures, png, problems, scan
from tests.sources.office.making import compound, docx


def rtf(*groups: bytes) -> bytes:
    return b"{\\rtf1\\ansi text " + b" more ".join(groups) + b"\\par}"


def in_digits(content: bytes, form: bytes = b"pngblip") -> bytes:
    digits = content.hex().encode()
    lines = b"\r\n".join(digits[n : n + 78] for n in range(0, len(digits), 78))
    return (
        b"{\\pict{\\*\\picprop{\\sp{\\sn shapeType}}}\\"
        + form
        + b"\\picw10\\pich10 \r\n"
        + lines
        + b"}"
    )


def test_pictures_in_digits_are_found_in_order() -> None:
    found = scan(rtf(in_digits(png(1)), in_digits(png(2))))
    assert [locator for locator, _ in pictures(found)] == ["image 1", "image 2"]
    assert {f.where.source_type for f in found} == {"office"}


def test_pictures_in_bytes_are_found_whatever_braces_they_hold() -> None:
    content = png(1) + b"}}{\\pict"
    binary = b"{\\pict\\pngblip\\bin%d " % len(content) + content + b"}"
    assert len(pictures(scan(rtf(binary, in_digits(png(2)))))) == 2


def test_a_second_version_for_old_programs_is_passed_over() -> None:
    first = b"{\\*\\shppict" + in_digits(png()) + b"}"
    second = b"{\\nonshppict" + in_digits(b"\1\0\x09\0\0\3", b"wmetafile8") + b"}"
    assert len(scan(rtf(first + second))) == 1


def test_a_second_version_is_passed_over_whatever_it_holds() -> None:
    first = b"{\\*\\shppict" + in_digits(png(1)) + b"}\r\n"
    second = b"{\\nonshppict" + in_digits(png(2)) + b"}"
    third = b"{\\nonshppict\\pngblip " + png(3).hex().encode() + b"}"
    assert len(scan(rtf(first + second))) == 1
    assert len(scan(rtf(first + third))) == 1


def test_a_version_for_old_programs_that_stands_alone_is_a_picture() -> None:
    alone = b"{\\nonshppict" + in_digits(png(2)) + b"}"
    assert len(pictures(scan(rtf(alone)))) == 1
    assert len(pictures(scan(rtf(in_digits(png(1)) + b" and " + alone)))) == 2


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\n", b"\xef\xbb\xbf \n"])
def test_a_mark_or_blank_lines_may_stand_first(before: bytes) -> None:
    assert len(pictures(scan(before + rtf(in_digits(png()))))) == 1


def test_drawings_without_bitmaps_are_told_as_such() -> None:
    drawing = struct.pack("<HHH12sIH", 1, 9, 0x300, bytes(12), 3, 0)
    assert problems(scan(rtf(in_digits(drawing, b"wmetafile8")))) == [("vector", "image 1")]


def test_embedded_objects_are_looked_into() -> None:
    inner = docx({"word/media/a.png": png()}, ("r1", "image", "media/a.png"))
    content = compound({"Package": inner})
    head = struct.pack("<3I", 0x501, 2, 5) + b"Word\0" + struct.pack("<3I", 0, 0, len(content))
    found = scan(rtf(b"{\\object\\objemb{\\*\\objdata " + (head + content).hex().encode() + b"}}"))
    assert [locator for locator, _ in pictures(found)] == ["object 1, object 1, image 1"]


def test_a_text_without_pictures_has_no_image() -> None:
    assert problems(scan(rtf(b"{\\b bold}"))) == [("no_image", "")]


def test_groups_nested_without_end_are_read() -> None:
    assert len(pictures(scan(rtf(b"{" * 50_000 + in_digits(png()))))) == 1


def test_an_escaped_backslash_begins_no_picture() -> None:
    assert problems(scan(rtf(rb"{\\pict 00}"))) == [("no_image", "")]


def test_other_objects_are_found_as_well() -> None:
    native = (
        b"\x02\0a.pdf\0x\0\0\0\3\0"
        + struct.pack("<I", 2)
        + b"t\0"
        + struct.pack("<I", len(pdf()))
        + pdf()
    )
    head = struct.pack("<3I", 0x501, 2, 8) + b"Package\0" + struct.pack("<3I", 0, 0, len(native))
    found = scan(rtf(b"{\\*\\objdata " + (head + native).hex().encode() + b"}"))
    assert [locator for locator, _ in pictures(found)] == ["object 1, page 1, image 1"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"{",
                b"}",
                b"\\pict",
                b"\\bin9 ",
                b"\\bin-5",
                b"0a0",
                b"\\'",
                b"\\objdata",
                b" x",
                b"\\",
            ]
        ),
        max_size=30,
    )
)
def test_any_text_ends_in_findings(words: list[bytes]) -> None:
    found = scan(b"{\\rtf1 " + b"".join(words))
    assert found
    assert list(crashed(found)) == []
