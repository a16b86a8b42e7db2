from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.errors import DecodeError, LimitError
from medsift.sources.web.fetching.address import decode_data, names_image, resolve, shown

BASE = "https://example.org/a/page.html"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("b.png", "https://example.org/a/b.png"),
        ("../b.png", "https://example.org/b.png"),
        ("/b.png?c=1#d", "https://example.org/b.png?c=1"),
        ("//cdn.example.net/b.png", "https://cdn.example.net/b.png"),
        ("?b", "https://example.org/a/page.html?b"),
        (" \n b\n.png \t", "https://example.org/a/b.png"),
        ("img\\b.png?c=\\", "https://example.org/a/img/b.png?c=\\"),
        ("HTTP://Example.com/B.png", "HTTP://Example.com/B.png"),
        ("data:image/png,a#b", "data:image/png,a#b"),
        ("C:\\scans\\b.png", "file:///C:/scans/b.png"),
        ("cid:picture@mail", "cid:picture@mail"),
        ("", ""),
        ("#top", ""),
        ("javascript:alert(1)", ""),
        ("about:blank", ""),
        ("blob:https://example.org/1", ""),
        ("mailto:a@example.org", ""),
        ("http://", ""),
        ("http://[::1", ""),
        ("a" * 20_000, ""),
        ("http://example.org:port/", ""),
    ],
)
def test_references_are_resolved_as_browsers_do(reference: str, expected: str) -> None:
    assert resolve(reference, BASE).replace("HTTP", "http") == expected.replace("HTTP", "http")


def test_without_a_base_a_relative_reference_stays_relative() -> None:
    assert resolve("b.png", "") == "b.png"


@pytest.mark.parametrize(
    ("uri", "content"),
    [
        ("data:image/png;base64," + base64.b64encode(b"abcd").decode(), b"abcd"),
        ("data:image/png;base64,YWJj ZA", b"abcd"),
        ("DATA:image/png;charset=x; BASE64 ,YWJjZA%3D%3D", b"abcd"),
        ("data:image/svg+xml,%3Csvg/%3E", b"<svg/>"),
        ("data:,a%20b%zz", b"a b%zz"),
        ("data:;base64,", b""),
    ],
)
def test_data_uris_are_decoded(uri: str, content: bytes) -> None:
    assert decode_data(uri, 100) == content


def test_a_data_uri_without_a_comma_is_malformed() -> None:
    with pytest.raises(DecodeError):
        decode_data("data:image/png;base64", 100)


def test_a_data_uri_may_hold_all_that_is_allowed() -> None:
    uri = "data:image/png;base64," + base64.b64encode(bytes(100)).decode()
    assert decode_data(uri, 100) == bytes(100)


@pytest.mark.parametrize("size", [101, 10_000])
def test_a_data_uri_may_not_hold_more_than_allowed(size: int) -> None:
    with pytest.raises(LimitError):
        decode_data("data:image/png;base64," + base64.b64encode(bytes(size)).decode(), 100)


def test_records_never_show_the_content_of_a_data_uri() -> None:
    assert shown("data:image/PNG;base64,AAAA") == "data:image/png"
    assert shown("data:,secret") == "data:"
    assert len(shown("data:" + "x" * 10_000)) < 250


def test_file_names_tell_pictures() -> None:
    assert names_image("https://example.org/a.JPG?x=1")
    assert names_image("data:image/png,")
    assert not names_image("https://example.org/a.html?x=.png")


@given(st.text(max_size=40))
def test_any_text_resolves_or_is_refused(text: str) -> None:
    resolve(text, BASE)


@given(st.text(alphabet="abAB=%0+/ ,;", max_size=40))
def test_any_base64_gives_bytes_or_a_decode_error(text: str) -> None:
    with contextlib.suppress(DecodeError):
        assert isinstance(decode_data("data:;base64," + text, 1000), bytes)
