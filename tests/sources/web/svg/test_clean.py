from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.errors import DecodeError, InputError, LimitError
from medsift.sources.web.svg.clean import DRAWING_BYTES, Drawing, cleaned

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' viewBox="0 0 100 50">'
)
DANGEROUS = re.compile(
    r"script|foreignObject|image|filter|mask|marker|pattern|import|font-face|http:(?!//www\.w3)"
    r"|file:|data:|onload|iframe|@|\\",
    re.IGNORECASE,
)


def clean(inside: str) -> Drawing:
    return cleaned(f"{HEAD}{inside}<rect width='9' height='9'/></svg>".encode())


def test_shapes_styles_and_inner_references_stay() -> None:
    svg = clean(
        "<style>.a, #b { fill: #f00; stroke: url(#g) }</style>"
        "<defs><linearGradient id='g'><stop offset='1' stop-color='red'/></linearGradient></defs>"
        "<g class='a' transform='scale(2)' style='opacity:.5'><path id='p' d='M0 0L9 9'/></g>"
        "<use xlink:href='#p' clip-path='url(#c)'/>"
    ).svg.decode()
    for kept in (
        ".a, #b{fill:#f00;stroke:url(#g)}",
        '<stop offset="1" stop-color="red">',
        '<g class="a" transform="scale(2)" style="opacity:.5">',
        '<use xlink:href="#p" clip-path="url(#c)">',
    ):
        assert kept in svg


@pytest.mark.parametrize(
    "hostile",
    [
        "<image href='file:///etc/passwd'/>",
        "<image xlink:href='data:image/svg+xml,x'/>",
        "<svg:image href='a.png'/>",
        "<use href='file:///a.svg#b'/>",
        "<use xlink:href=' http://a.org/b.svg#c'/>",
        "<script>alert(1)</script>",
        "<foreignObject><iframe src='file:///etc/passwd'/></foreignObject>",
        "<g onload='alert(1)'/>",
        "<filter id='f'><feGaussianBlur stdDeviation='9999'/></filter><g filter='url(#f)'/>",
        "<g style='filter:blur(9999px)'/>",
        "<g style='fi/**/lter:blur(9999px);FILTER/**/:blur(1px)'/>",
        "<g style='fill:url(http://a.org/#b)'/>",
        "<g style='fill:u\\72l(http://a.org/)'/>",
        "<g fill='url(#a) url(file:///b)'/>",
        "<g fill='URL( file:///b)'/>",
        "<style>@import 'http://a.org/a.css'; a { fill: red }</style>",
        "<style>@font-face { src: url(file:///a.ttf) } .a { filter: blur(9px) }</style>",
        "<style><![CDATA[ /* } */ .a{mask:url(file:///x)} ]]></style>",
        "<style>a{fill:red}<script>b</script></style>",
        "<pattern id='p'><rect/></pattern><mask id='m'/><marker id='k'/>",
        "<switch><g/><image/></switch>",
    ],
)
def test_what_is_not_harmless_goes(hostile: str) -> None:
    assert not DANGEROUS.findall(clean(hostile).svg.decode())


def test_what_stands_after_something_left_out_stays() -> None:
    svg = clean("<mask><g><rect x='1'/></g></mask><g id='after'/>").svg.decode()
    assert 'x="1"' not in svg
    assert '<g id="after"></g>' in svg


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ("width='2000' height='1000'", (1024, 512)),
        ("width='800' height='600'", (800, 600)),
        ("width='100mm' height='200mm'", (378, 756)),
        ("viewBox='0 0 100 50'", (512, 256)),
        ("width='100%' height='100%' viewBox='0,0,10,1000000'", (1, 1024)),
        ("width='1e300' height='-5' viewBox='a b c d'", (512, 256)),
        ("", (512, 256)),
    ],
)
def test_the_size_is_bounded(attributes: str, size: tuple[int, int]) -> None:
    drawing = cleaned(f"<svg {attributes}><path d='M0 0L1 1'/></svg>".encode())
    assert (drawing.width, drawing.height) == size
    assert f'width="{size[0]}" height="{size[1]}"' in drawing.svg.decode()


@pytest.mark.parametrize(
    "svg",
    [
        b"<svg>",
        b"<svg><rect></svg>",
        b"<svg/>",
        b"<svg><g/></svg>",
        b"<html><rect/></html>",
        b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg><rect/></svg>",
        b"<?xml version='1.0' encoding='zip'?><svg><rect/></svg>",
    ],
)
def test_what_is_no_plain_drawing_is_refused(svg: bytes) -> None:
    with pytest.raises(DecodeError):
        cleaned(svg)


def test_a_document_type_alone_is_fine() -> None:
    head = b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/svg11.dtd'>"
    assert b"DOCTYPE" not in cleaned(head + b"<svg><rect/></svg>").svg


@pytest.mark.parametrize(
    "svg",
    [
        b"<svg>" + b"<g>" * 300 + b"<rect/>" + b"</g>" * 300 + b"</svg>",
        b"<svg>" + b"<g/>" * 100_001 + b"</svg>",
        b"<svg>" + b" " * DRAWING_BYTES + b"</svg>",
    ],
)
def test_too_much_is_refused(svg: bytes) -> None:
    with pytest.raises(LimitError):
        cleaned(svg)


def test_elements_are_counted_to_the_last() -> None:
    most = b"<svg>" + b"<g/>" * 99_998 + b"<rect/></svg>"
    assert cleaned(most).svg.endswith(b"<rect></rect></svg>")
    with pytest.raises(LimitError):
        cleaned(most.replace(b"<rect/>", b"<rect/><g/>"))


PIECES = ["<g ", "style='", "fill:url(", "#a", ")", "'", "/>", ">", "</g>", "a", ";", "}", "{"]
PIECES += ["<style>", "</style>", "@x{", "filter:", "/*", "*/", "<image href='file:a'/>"]


@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=25,
    )
)
def test_nothing_slips_through(parts: list[str]) -> None:
    with contextlib.suppress(InputError):
        assert not DANGEROUS.findall(clean("".join(parts)).svg.decode())


def test_prefixes_are_those_that_the_drawing_declares() -> None:
    svg = cleaned(
        b'<v:svg xmlns:v="http://www.w3.org/2000/svg" xmlns:l="http://www.w3.org/1999/xlink"'
        b' width="90" height="90"><v:style>.a{fill:red}</v:style>'
        b'<v:g id="g"><v:circle r="9"/></v:g>'
        b'<v:use l:href="#g"/><v:use l:href="file:///a.svg#b"/></v:svg>'
    ).svg.decode()
    assert '<g id="g"><circle r="9"></circle></g><use xlink:href="#g"></use><use></use>' in svg
    assert "<style>.a{fill:red}</style>" in svg


@pytest.mark.parametrize("piece", ["a", "{a", "a{", "}", "/*"])
def test_styles_without_end_take_no_quadratic_time(piece: str) -> None:
    started = time.process_time()
    clean(f"<style>{piece * 100_000}</style>")
    assert time.process_time() - started < 10
