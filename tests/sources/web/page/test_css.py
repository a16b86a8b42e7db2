from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.sources.web.page.css import addresses_in, parse_css


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("background: url(a.png)", ["a.png"]),
        ("background: URL( 'a b.png' ) no-repeat", ["a b.png"]),
        ('background-image: url("a.png"), url("b.png")', ["a.png", "b.png"]),
        (r"background: url(a\ b\).png)", ["a b).png"]),
        (r"background: url('\61 .png')", ["a.png"]),
        (r'background: url("\000061b.png")', ["ab.png"]),
        ("p { content: url(a.png) } q { border-image: url(b.png) 30 }", ["a.png", "b.png"]),
        ("/* url(no.png) */ background: url(a.png)", ["a.png"]),
        ("p::after { content: 'url(no.png)' }", []),
        ("filter: url(#blur)", []),
        ("background: url()", []),
        ("background: url('')", []),
        ("background: url(a.png", ["a.png"]),
        ("--scan: url(a.png)", ["a.png"]),
        ("background: my-url(no.png)", []),
        ("background: url(data:image/png;base64,AA==)", ["data:image/png;base64,AA=="]),
        ("@media print { p { background: url(a.png) } }", ["a.png"]),
    ],
)
def test_pictures_of_a_style(css: str, expected: list[str]) -> None:
    assert [group[0] for group in parse_css(css).pictures] == expected


def test_fonts_are_not_pictures() -> None:
    css = "@font-face { font-family: x; src: url(f.woff), url(g.woff) } p {background: url(a.png)}"
    assert parse_css(css).pictures == (("a.png",),)


def test_an_image_set_is_one_picture_with_the_sharpest_first() -> None:
    css = """p { background: image-set("a.png" 1x, url(b.png) 2x,
             "c.avif" type("image/avif") 192dpi) } q { background: url(d.png) }"""
    assert parse_css(css).pictures == (("b.png", "c.avif", "a.png"), ("d.png",))


def test_a_prefixed_image_set_counts_and_does_not_swallow_what_follows() -> None:
    css = "background: -webkit-image-set(url(a.png) 1x, url(b.png) 1.5x), url(c.png)"
    assert parse_css(css).pictures == (("b.png", "a.png"), ("c.png",))


def test_imports_are_style_sheets_and_not_pictures() -> None:
    sheet = parse_css("@import 'a.css' screen; @import url(b.css); p { background: url(c.png) }")
    assert sheet.imports == ("a.css", "b.css")
    assert sheet.pictures == (("c.png",),)


def test_a_bare_value_is_an_address_itself() -> None:
    assert addresses_in("a.png") == ["a.png"]
    assert addresses_in("url(a.png)") == ["a.png"]


@given(st.text(alphabet="url()'\"\\ {};@/*a.x#\n-", max_size=80))
def test_any_text_is_read_without_an_exception(css: str) -> None:
    parse_css(css)


@pytest.mark.parametrize(
    "unit",
    ["url(", 'url("', "/*", "\\", "image-set(", '"', "@import ", "a:url(b)\\", "url(  ", "1"],
)
def test_hostile_styles_take_time_in_proportion_to_their_length(unit: str) -> None:
    started = time.perf_counter()
    parse_css(unit * (120_000 // len(unit)))
    assert time.perf_counter() - started < 5.0


@pytest.mark.parametrize(
    "piece", ["type(", "url(", "url( ", "image-set(", "'", '"', "/*", "@x", "("]
)
def test_repeated_beginnings_take_no_quadratic_time(piece: str) -> None:
    started = time.process_time()
    parse_css(piece * 50_000)
    parse_css("url(" + " " * 50_000 + "x y")
    assert time.process_time() - started < 10
