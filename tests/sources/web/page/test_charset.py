from __future__ import annotations

import pytest

from medsift.sources.web.page.charset import decode_text


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        ("é".encode(), "", "é"),
        ("é".encode("cp1252"), "", "é"),
        (b"\xef\xbb\xbf" + "é".encode(), "iso-8859-1", "é"),
        ("é".encode("utf-16"), "", "é"),
        ("<html>é".encode("utf-16-le"), "utf-8", "<html>é"),
        ("<html>é".encode("utf-16-be"), "", "<html>é"),
        ("ж".encode("cp1251"), "windows-1251", "ж"),
        (b'<meta charset="koi8-r">' + "ж".encode("koi8-r"), "", '<meta charset="koi8-r">ж'),
        (b"<meta charset=gb2312>" + "肺".encode("gb2312"), "", "<meta charset=gb2312>肺"),
        (b"<meta charset=iso-8859-1>\x93", "", "<meta charset=iso-8859-1>“"),
        (b"<meta charset=utf-16>\xc3\xa9", "", "<meta charset=utf-16>é"),
        (
            b"<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'>"
            + "胸".encode("shift_jis"),
            "",
            "<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'>胸",
        ),
        (
            b"<?xml version='1.0' encoding='latin1'?>\xe9",
            "",
            "<?xml version='1.0' encoding='latin1'?>é",
        ),
    ],
)
def test_text_is_decoded_as_browsers_do(content: bytes, declared: str, expected: str) -> None:
    assert decode_text(content, declared) == expected


@pytest.mark.parametrize("label", ["utf-7", "base64", "rot13", "zip", "idna", "nonsense", "x" * 99])
def test_a_label_that_names_no_safe_text_encoding_is_ignored(label: str) -> None:
    assert decode_text(b"+ADw-img", label) == "+ADw-img"


def test_bytes_that_do_not_fit_are_replaced() -> None:
    assert decode_text(b"a\xffb", "utf-8") == "a\N{REPLACEMENT CHARACTER}b"
