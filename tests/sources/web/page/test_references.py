from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.core.errors import LimitError
from medsift.sources.web.page import collect
from medsift.sources.web.page.parse import parse_page, references
from medsift.sources.web.page.references import Address, Reference

BASE = "https://example.org/a/page.html"


def found(html: str, base: str = "https://e.org/") -> list[str]:
    """Preferred addresses, below the base."""
    return [r.url.removeprefix("https://e.org/") for r in references(html, base) if not r.linked]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<img src=a.png>", ["a.png"]),
        ("<IMG SRC='a.png'/>", ["a.png"]),
        ("<img src=a.png srcset='b.png 2x, c.png 3x'>", ["c.png"]),
        ("<img srcset='b.png 100w, c.png 900w'>", ["c.png"]),
        ("<img src='a.png?x=1&amp;y=2'>", ["a.png?x=1&y=2"]),
        ("<picture><source srcset='a.webp 800w'><img src=b.png></picture>", ["a.webp"]),
        ("<picture><source srcset=a.webp></picture>", ["a.webp"]),
        ("<video poster=a.png><source src=b.mp4></video>", ["a.png"]),
        ("<input type=image src=a.png><input type=text src=b.png>", ["a.png"]),
        ("<svg><image href=a.png /><image xlink:href=b.png /></svg>", ["a.png", "b.png"]),
        ("<svg><filter><feImage href=a.png /></filter></svg>", ["a.png"]),
        ("<image src=a.png>", ["a.png"]),
        ("<my-picture src=a.png></my-picture><x-y poster=b.jpg href=c></x-y>", ["a.png", "b.jpg"]),
        ("<object data=a.png></object><object data=b.html></object>", ["a.png"]),
        ("<object type=image/png data=a></object><embed src=b.jpg>", ["a", "b.jpg"]),
        ("<object type=text/html data=a.png></object>", []),
        ("<body background=a.png><table background=b.png>", ["a.png", "b.png"]),
        ("<p style=\"background:url('a.png')\">", ["a.png"]),
        ("<style>p { background: url(a.png) }</style>", ["a.png"]),
        ("<link rel=icon href=a.ico><link rel='shortcut icon' href=b.png>", []),
        ("<link rel=preload as=image href=a.png imagesrcset='b.png 2x'>", ["b.png"]),
        ("<link rel=preload as=script href=a.js>", []),
        ("<link rel=image_src href=a.png>", ["a.png"]),
        ("<meta property=og:image content=a.png>", ["a.png"]),
        ("<meta name=twitter:image content=a.png>", ["a.png"]),
        ("<meta itemprop=image content=a.png>", ["a.png"]),
        ("<iframe srcdoc='&lt;img src=a.png>'></iframe>", ["a.png"]),
        ("<template><img src=a.png></template>", ["a.png"]),
        ("<!-- <img src=a.png> --><textarea><img src=b.png></textarea>", []),
        ("<script>'<img src=a.png>'</script>", []),
        ("<img src=''><img src='#'><img src='javascript:x'><img>", []),
    ],
)
def test_elements_that_show_pictures(html: str, expected: list[str]) -> None:
    assert found(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<img data-src=a.png>", ["a.png"]),
        ("<img src=small.png data-src=a.png>", ["a.png", "small.png"]),
        ("<img src='data:,x' data-original=a.png>", ["a.png", "data:,x"]),
        ("<img data-srcset='a.png 100w, b.png 200w' data-src=a.png>", ["b.png"]),
        ("<img data-lazy=a.png><img data-lazy-src=b.png>", ["a.png", "b.png"]),
        ("<img src=s.gif data-lazy=true>", ["s.gif"]),
        ("<img src=s.gif data-src='{width}/a.png'>", ["s.gif"]),
        ("<img data-src=a.png><noscript><img src=a.png></noscript>", ["a.png"]),
        ("<noscript><img src=a.png></noscript>", ["a.png"]),
        ("<div data-bg=a.png></div><div data-bg='url(b.png)'></div>", ["a.png", "b.png"]),
        ("<div data-background-image=a.png data-src=b.js></div>", ["a.png"]),
        ("<picture><source data-srcset='b.webp 2x'><img data-src=a.png></picture>", ["a.png"]),
        ("<img src=a-300x200.png data-orig-file=a.png>", ["a.png", "a-300x200.png"]),
        ("<div data-url=/next data-image=a.png></div>", ["a.png"]),
    ],
)
def test_pictures_that_scripts_load_late(html: str, expected: list[str]) -> None:
    assert found(html) == expected


def test_sizes_of_one_picture_stay_together_with_the_largest_first() -> None:
    html = "<picture><source srcset='a.webp 400w'><img src=c.jpg srcset='b.jpg 800w'></picture>"
    [reference] = references(html, BASE)
    assert [a.written for a in reference.addresses] == ["b.jpg", "a.webp", "c.jpg"]


def test_an_address_counts_once_and_where_it_comes_first() -> None:
    html = "<img src=b.png><img src=a.png><img src='./b.png#x'><p style='background:url(a.png)'>"
    assert [(r.url, r.element) for r in references(html, "https://e.org/")] == [
        ("https://e.org/b.png", "img 1"),
        ("https://e.org/a.png", "img 2"),
    ]


def test_a_noscript_twin_in_another_size_is_the_same_picture() -> None:
    html = "<img data-srcset='a-1.png 1x, a-2.png 2x'><noscript><img src=a-1.png></noscript>"
    assert found(html) == ["a-2.png"]


def test_a_common_stand_in_does_not_hide_the_picture_that_it_stands_for() -> None:
    html = "<img src=x.gif srcset='a.png 2x'><img src=x.gif srcset='b.png 2x'>"
    assert found(html) == ["a.png", "b.png"]


def test_json_ld_names_pictures_in_several_ways() -> None:
    html = """<script type="application/ld+json">
    {"@graph": [{"@type": "Article", "image": ["a.png", {"@type": "ImageObject", "url": "b.png"}],
     "thumbnailUrl": "c.png", "url": "page.html"},
     {"@type": ["ImageObject"], "contentUrl": "d.png", "url": "other.html"}]}</script>"""
    assert found(html) == ["a.png", "b.png", "c.png", "d.png"]


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"image": 1}', "null", '"a.png"'])
def test_json_ld_that_is_no_use_is_passed_over(text: str) -> None:
    assert found(f"<script type=application/ld+json>{text}</script><img src=b.png>") == ["b.png"]


def test_the_first_base_element_counts() -> None:
    html = "<base href=/b/><base href=/c/><img src=a.png>"
    assert found(html) == ["b/a.png"]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_page_that_ends_within_its_picture_has_one(quote: str) -> None:
    page = f"<p>words<img src={quote}data:image/png;base64,iVBORw0KGgo"
    assert [r.url for r in references(page, BASE)] == ["data:image/png;base64,iVBORw0KGgo"]
    assert references("<p>words<img src='a.png", BASE) == references("<p>words", BASE)


def test_linked_pictures_are_marked_and_linked_pages_are_not_pictures() -> None:
    page = parse_page("<a href=big.jpg><img src=small.jpg></a><a href=next.html>", BASE)
    assert [(r.url, r.linked) for r in page.references] == [
        ("https://example.org/a/big.jpg", True),
        ("https://example.org/a/small.jpg", False),
    ]
    assert page.links == ("https://example.org/a/next.html",)


def test_robots_directives_are_collected() -> None:
    page = parse_page("<meta name=ROBOTS content='NoIndex, noimageai'>", BASE)
    assert page.robots == {"noindex", "noimageai"}


def test_style_sheets_are_told_apart_from_pictures() -> None:
    html = "<link rel=stylesheet href=a.css><style>@import 'b.css'</style>"
    assert [s.written for s in parse_page(html, BASE).stylesheets] == ["a.css", "b.css"]


def test_the_charset_of_the_page_counts_for_its_addresses() -> None:
    html = '<meta charset="windows-1251"><img src="снимок.png">'.encode("cp1251")
    assert references(html, BASE)[0].addresses[0].written == "снимок.png"


@given(st.text(alphabet="<>/='\" aimgsrctyle!-&;[]?", max_size=120))
def test_any_text_is_read_without_an_exception(html: str) -> None:
    references(html, BASE)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(html: bytes) -> None:
    references(html, BASE)


@pytest.mark.parametrize(
    "unit",
    [
        "<div>", "<b><p>", "<table>", "<svg>", "<", "<!--", "&notit", "<script><!--", "<title>",
        "</x>", "<a b='", "<noscript>", "<picture>", "<img srcset='", "<iframe srcdoc='", "<style>",
        "<source srcset='a 1x'>", "<p style='background:url('>", "<![CDATA[", "<select><option>",
    ],
)  # fmt: skip
def test_hostile_pages_take_time_in_proportion_to_their_length(unit: str) -> None:
    started = time.perf_counter()
    references(unit * (60_000 // len(unit)), BASE)
    assert time.perf_counter() - started < 10.0


def test_a_page_of_too_many_elements_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "_MOST_ELEMENTS", 100)
    assert references("<img src=a.png>" * 100, BASE)
    with pytest.raises(LimitError):
        references("<img src=a.png>" * 101, BASE)


@pytest.mark.shared
def test_real_pages_give_pictures(shared: Path) -> None:
    pages = sorted((shared / "docs" / "html").rglob("*.html"))[::6]
    counts = [len(references(page.read_bytes(), BASE)) for page in pages]
    assert len(pages) > 10
    assert sum(counts) > 100


def test_another_reference_to_the_same_picture_adds_its_sizes() -> None:
    html = "<meta property=og:image content=a.png><img src=c.png srcset='a.png 9w, b.png 8w'>"
    [reference] = references(html, BASE)
    assert reference.element == "meta og:image"
    assert [a.written for a in reference.addresses] == ["a.png", "b.png", "c.png"]


def test_a_picture_that_is_linked_and_shown_counts_as_shown() -> None:
    [reference] = references("<a href=a.png><img src=a.png></a>", BASE)
    assert not reference.linked


@pytest.mark.parametrize(
    "html",
    [
        "<img src=s.gif data-orig-src=a.png>",
        "<img src=s.gif nitro-lazy-src=a.png>",
        "<img src=s.gif file=a.png>",
        "<img src=s.gif data-anything='a.png'>",
        "<img src=s.gif data-anything-srcset='a.png 2x'>",
        "<img src=s.gif data-settings='{&quot;full&quot;: &quot;a.png&quot;}'>",
        "<div data-lazy-bg=a.png></div>",
        "<div data-set='background: url(a.png)'></div>",
        "<li data-gallery=\"['a.png']\"></li>",
        "<amp-img src=a.png></amp-img>",
        "<amp-anim src=a.png></amp-anim>",
        "<amp-video poster=a.png></amp-video>",
        "<svg:svg><svg:image xlink:href=a.png /></svg:svg>",
        "<svg><image l:href=a.png /></svg>",
        "<h:html><h:body><h:img src='a.png'/></h:body></h:html>",
        "<object type='application/octet-stream' data=a.png></object>",
        "<svg></svg><img src=a.png>",
    ],
)
def test_what_browsers_load_is_found_wherever_it_is_written(html: str) -> None:
    assert "a.png" in found(html)


@pytest.mark.parametrize("name", ["data-hd-src", "data-ll-src", "lazy-src", "late:src"])
def test_attributes_named_like_src_need_no_name_of_a_picture(name: str) -> None:
    assert found(f"<img src=s.gif {name}='/show?id=7'>") == ["s.gif", "show?id=7"]


@pytest.mark.parametrize(
    "html",
    [
        "<img src=s.gif alt=a.png title=b.png>",
        "<div data-name='photo png'></div>",
        "<div data-template='{name}.png'></div>",
        "<a download=a.png href=/x>x</a>",
        "<div onclick=\"show('a.png')\" id=b.png class=c.png></div>",
    ],
)
def test_what_only_names_a_picture_is_no_reference(html: str) -> None:
    assert [url for url in found(html) if url != "s.gif"] == []


def test_pictures_for_other_screens_are_told_apart() -> None:
    html = """<picture><source media="(min-width: 9px)" srcset="a.png 1x, b.png 2x">
      <source media="(orientation: portrait)" srcset="c.webp" type="image/webp">
      <source media="(orientation: portrait)" srcset="c.jpg">
      <source srcset="d.webp" type="image/webp"><img src="d.jpg"></picture>"""
    assert found(html) == ["d.webp", "b.png", "c.webp"]


@pytest.mark.parametrize("name", ["title", "script", "style", "iframe", "textarea", "noscript"])
@pytest.mark.parametrize("written", ["<{}/>", "<{} />", "<{} id='a'/>", '<{} lang="x" />'])
def test_elements_that_end_themselves_do_not_swallow_the_page(name: str, written: str) -> None:
    assert found(f"<html>{written.format(name)}<body><img src='a.png'/></body></html>") == ["a.png"]


def test_a_slash_in_a_value_does_not_end_an_element() -> None:
    assert found("<script src=/a/>'<img src=a.png>'</script><img src=b.png>") == ["b.png"]


def test_addresses_in_scripts_are_supposed_and_only_linked() -> None:
    html = r"""<script type="application/json">{"a": "x\/a.png", "b": [1]}</script>
      <script>var url = 'b.jpg?w=3'; var c = "no.js"; var d = "${x}.png"</script>"""
    seen = references(html, "https://e.org/")
    assert [r.url for r in seen] == ["https://e.org/x/a.png", "https://e.org/b.jpg?w=3"]
    assert all(r.linked and r.supposed for r in seen)


@pytest.mark.parametrize(
    ("html", "frames", "refreshes"),
    [
        ("<iframe src=a.html></iframe><frame src=b.html>", ["a.html", "b.html"], []),
        (
            "<object data=a.pdf type=application/pdf></object><embed src=b.pdf>",
            ["a.pdf", "b.pdf"],
            [],
        ),
        ("<embed src=a.swf type=application/x-shockwave-flash>", [], []),
        ("<meta http-equiv=Refresh content='0; url=a.html'>", [], ["a.html"]),
        ("<meta http-equiv=refresh content=\"5;URL='a.html'\">", [], ["a.html"]),
        ("<meta http-equiv=refresh content='30'>", [], []),
        ("<iframe src='about:blank'></iframe><iframe src='data:text/html,x'></iframe>", [], []),
    ],
)
def test_pages_within_and_instead_of_a_page(
    html: str, frames: list[str], refreshes: list[str]
) -> None:
    page = parse_page(html, "https://e.org/")
    assert [a.written for a in page.frames] == frames
    assert [a.written for a in page.refreshes] == refreshes


@pytest.mark.parametrize(
    "piece",
    ["<title ", "<script a='", '<style a="b" ', "<img a='\"x", "<div d='[\"\\/a", '<script>"a\\/'],
)
def test_repeated_beginnings_take_no_quadratic_time(piece: str) -> None:
    started = time.process_time()
    references(piece * 20_000 + ".png", "https://e.org/")
    assert time.process_time() - started < 20


def test_what_nobody_says_of_a_reference_is_not_so() -> None:
    address = Address("https://example.org/a.png", "a.png")
    reference = Reference((address, Address("b.png", "b.png")), "img 1")
    assert (reference.linked, reference.tiny, reference.supposed) == (False, False, False)
    assert (reference.caption, reference.figure) == ("", "")
    assert reference.url == address.url
