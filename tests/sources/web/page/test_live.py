from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx
import pytest

from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Finding, Problem, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.web.options import WebOptions
from medsift.sources.web.page.live import read_url
from tests.sources.web.looking import Seen, look, png

PAGE = "https://example.org/a/page.html"
OPTIONS = WebOptions(ignore_robots=True, retries=0)


class Web:
    """Pages and files by address, without a network."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | str | httpx.Response] = {}
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def __setitem__(self, url: str, content: bytes | str | httpx.Response) -> None:
        self.pages[url] = content

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.asked.append(str(request.url))
        content = self.pages.get(str(request.url))
        if content is None:
            return httpx.Response(404)
        if isinstance(content, httpx.Response):
            return content
        data = content.encode() if isinstance(content, str) else content
        return httpx.Response(200, stream=httpx.ByteStream(data))

    def read(
        self, url: str = PAGE, options: WebOptions = OPTIONS, limits: Limits = DEFAULT_LIMITS
    ) -> list[Seen]:
        def source(blob: Blob, context: Context) -> Iterator[Finding]:
            return read_url(blob.where.source, context, options, httpx.MockTransport(self.answer))

        return look(source, Blob(Provenance(url)), limits)


def page(html: str) -> Web:
    web = Web()
    web[PAGE] = f"<html>{html}"
    return web


def test_pictures_of_a_page_come_in_order_with_their_addresses() -> None:
    web = page("<img src=b.png><img src=/c.png><style>p{background:url(//e.net/d.png)}</style>")
    web["https://example.org/a/b.png"] = png(1)
    web["https://example.org/c.png"] = png(2)
    web["https://e.net/d.png"] = png(3)
    assert [(s.locator, s.url, s.content, s.index) for s in web.read()] == [
        ("img 1", "https://example.org/a/b.png", png(1), 1),
        ("img 2", "https://example.org/c.png", png(2), 2),
        ("style 1", "https://e.net/d.png", png(3), 3),
    ]


def test_each_address_is_fetched_once() -> None:
    web = page("<img src=b.png><img src=./b.png#x><img srcset='b.png 2x'>")
    web["https://example.org/a/b.png"] = png()
    assert len(web.read()) == 1
    assert web.asked.count("https://example.org/a/b.png") == 1


def test_many_pictures_are_fetched_ahead_and_still_come_in_order() -> None:
    web = page("".join(f"<img src={n}.png>" for n in range(50)))
    for n in range(50):
        web[f"https://example.org/a/{n}.png"] = png(n)
    assert [seen.content for seen in web.read()] == [png(n) for n in range(50)]


def test_where_the_largest_is_not_to_be_had_the_next_one_serves() -> None:
    web = page("<img src=small.png srcset='large.png 2x'>")
    web["https://example.org/a/small.png"] = png()
    [seen] = web.read()
    assert (seen.url, seen.content) == ("https://example.org/a/small.png", png())


def test_a_picture_that_is_gone_is_a_failure_and_the_others_are_not() -> None:
    web = page("<img src=gone.png><img src=b.png>")
    web["https://example.org/a/b.png"] = png()
    first, second = web.read()
    assert (first.status, first.reason) == ("failed", "not_found")
    assert second.content == png()


def test_the_address_after_redirects_is_the_base_of_the_page() -> None:
    web = Web()
    web[PAGE] = httpx.Response(301, headers={"location": "https://e.net/b/"})
    web["https://e.net/b/"] = "<html><img src=c.png>"
    web["https://e.net/b/c.png"] = png()
    assert [seen.url for seen in web.read()] == ["https://e.net/b/c.png"]


def test_an_address_of_a_picture_is_handed_on_by_its_content() -> None:
    web = Web()
    web[PAGE] = png()  # whatever its name says
    [seen] = web.read()
    assert (seen.content, seen.url) == (png(), PAGE)


def test_the_charset_of_the_header_counts() -> None:
    web = Web()
    web[PAGE] = httpx.Response(
        200,
        headers={"content-type": "text/html; charset=windows-1251"},
        content="<html><img src='снимок.png'>".encode("cp1251"),
    )
    web["https://example.org/a/%D1%81%D0%BD%D0%B8%D0%BC%D0%BE%D0%BA.png"] = png()
    assert [seen.content for seen in web.read()] == [png()]


def test_a_page_that_is_gone_is_one_failure() -> None:
    [seen] = Web().read()
    assert (seen.status, seen.reason) == ("failed", "not_found")


def test_a_page_without_pictures_is_reported() -> None:
    assert [seen.reason for seen in page("<p>text").read()] == ["no_image"]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://127.0.0.1/", "http://[", "ftp://a.b/"]
)
def test_an_address_that_may_not_be_fetched_is_one_failure(url: str) -> None:
    [seen] = Web().read(url)
    assert (seen.status, seen.reason) == ("failed", "fetch_failed")


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("file:///etc/passwd", "outside_folder"),
        ("http://127.0.0.1/a.png", "fetch_failed"),
        ("http://169.254.169.254/latest/meta-data/", "fetch_failed"),
        ("http://[::1]/a.png", "fetch_failed"),
        ("C:\\a.png", "outside_folder"),
        ("cid:a", "not_found"),
    ],
)
def test_a_page_cannot_point_its_reader_at_private_places(reference: str, reason: str) -> None:
    web = page(f"<img src='{reference}'>")
    assert [seen.reason for seen in web.read()] == [reason]
    assert web.asked == [PAGE]


def test_pictures_inside_the_page_need_no_request() -> None:
    web = page("<img src='data:image/png,abc'>")
    assert [(seen.url, seen.content) for seen in web.read()] == [("data:image/png", b"abc")]
    assert web.asked == [PAGE]


def test_linked_pictures_are_fetched_only_where_that_is_wanted() -> None:
    web = page("<a href=large.png><img src=small.png></a>")
    web["https://example.org/a/small.png"] = png(1)
    web["https://example.org/a/large.png"] = png(2)
    assert [seen.content for seen in web.read()] == [png(1)]
    options = replace(OPTIONS, linked_pictures=True)
    assert [seen.content for seen in web.read(options=options)] == [png(2), png(1)]


def test_style_sheets_are_fetched_for_their_pictures() -> None:
    web = page("<link rel=stylesheet href=/css/a.css>")
    web["https://example.org/css/a.css"] = "p { background: url(b.png) }"
    web["https://example.org/css/b.png"] = png()
    assert [seen.url for seen in web.read()] == ["https://example.org/css/b.png"]


def test_frames_of_the_same_host_belong_to_the_page() -> None:
    web = page("<frameset><frame src=b.html><frame src=https://ads.example.net/></frameset>")
    web["https://example.org/a/b.html"] = "<html><img src=c.png>"
    web["https://example.org/a/c.png"] = png()
    assert png() in [seen.content for seen in web.read()]
    assert "https://ads.example.net/" not in web.asked


def site(pages: int) -> Web:
    web = page("".join(f"<a href={n}.html>{n}</a>" for n in range(pages)))
    for n in range(pages):
        web[f"https://example.org/a/{n}.html"] = (
            f"<html><a href=page.html>x</a><a href=https://e.net/>y</a><img src={n}.png>"
            f"<a href=deep{n}.html></a>"
        )
        web[f"https://example.org/a/{n}.png"] = png(n)
    return web


def test_links_are_followed_only_where_that_is_wanted_and_on_the_same_host() -> None:
    assert [seen.reason for seen in site(3).read()] == ["no_image"]
    web = site(3)
    found = web.read(options=replace(OPTIONS, crawl=True, max_depth=1))
    assert [seen.content for seen in found if seen.content] == [png(0), png(1), png(2)]
    assert web.asked.count(PAGE) == 1
    assert not any("e.net" in url or "deep" in url for url in web.asked)


def test_a_crawl_goes_as_many_links_far_as_allowed() -> None:
    for depth in (0, 1, 2, 3):
        web = page('<a href="1.html">on</a>')
        addresses = [PAGE, *(PAGE.rpartition("/")[0] + f"/{n}.html" for n in (1, 2, 3, 4))]
        for number, address in enumerate(addresses[1:], start=1):
            web[address] = f'<html><a href="{number + 1}.html">on</a>'
        web.read(options=replace(OPTIONS, crawl=True, max_depth=depth))
        assert web.asked == addresses[: depth + 1]


def test_a_crawl_ends_after_as_many_pages_as_allowed() -> None:
    web = site(30)
    web.read(options=replace(OPTIONS, crawl=True, max_pages=4))
    assert sum(url.endswith(".html") for url in web.asked) == 4


@pytest.mark.parametrize("tag", ["noindex", "noai", "noimageai", "noimageindex", "none"])
def test_pictures_and_pages_that_want_to_be_left_alone_are(tag: str) -> None:
    web = page("<img src=b.png>")
    web["https://example.org/a/b.png"] = httpx.Response(
        200, headers={"x-robots-tag": tag}, content=png()
    )
    assert [(seen.status, seen.reason) for seen in web.read()] == [("skipped", "robots_tag")]
    tagged = page(f"<meta name=robots content={tag}><img src=b.png>")
    assert [(seen.status, seen.reason) for seen in tagged.read()] == [("skipped", "robots_tag")]
    assert tagged.asked == [PAGE]


def test_tags_can_be_ignored_by_those_who_may() -> None:
    web = page("<meta name=robots content=noindex><img src=b.png>")
    web["https://example.org/a/b.png"] = httpx.Response(
        200, headers={"x-robots-tag": "noai"}, content=png()
    )
    assert [s.content for s in web.read(options=replace(OPTIONS, ignore_tags=True))] == [png()]


def test_what_robots_txt_forbids_is_skipped() -> None:
    web = page("<img src=b.png>")
    web["https://example.org/robots.txt"] = "User-agent: *\nDisallow: /a/b.png"
    [seen] = web.read(options=replace(OPTIONS, ignore_robots=False))
    assert (seen.status, seen.reason) == ("skipped", "robots")


def test_a_picture_that_is_too_long_is_a_failure() -> None:
    web = page("<img src=b.png>")
    web["https://example.org/a/b.png"] = bytes(2000)
    [seen] = web.read(options=replace(OPTIONS, picture_bytes=1000))
    assert (seen.status, seen.reason) == ("failed", "limit_exceeded")


def test_what_a_page_makes_its_reader_fetch_is_bounded_in_all() -> None:
    web = page("<img src=b.png><img src=c.png><img src=d.png>")
    for name in "bcd":
        web[f"https://example.org/a/{name}.png"] = bytes(1000)
    options = replace(OPTIONS, concurrency=1)
    found = web.read(options=options, limits=replace(DEFAULT_LIMITS, inflated_bytes=1500))
    assert [seen.reason for seen in found] == ["", "limit_exceeded", "limit_exceeded"]
    assert "https://example.org/a/d.png" not in web.asked


class Handler(BaseHTTPRequestHandler):
    pages: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        content = self.pages.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_arguments: Any) -> None:
        """Keep the tests quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    """A site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_a_site_on_this_machine_is_read_over_real_connections(server: str) -> None:
    Handler.pages = {
        "/": b"<html><img src=a.png><img src=/b.png><img src=gone.png>",
        "/a.png": png(1),
        "/b.png": png(2),
    }
    options = WebOptions(allow_private=True, ports=(int(server.partition(":")[2]),))

    def source(blob: Blob, context: Context) -> Iterator[Finding]:
        return read_url(blob.where.source, context, options)

    found = look(source, Blob(Provenance(f"http://{server}/")))
    assert [(seen.content, seen.reason) for seen in found] == [
        (png(1), ""),
        (png(2), ""),
        (b"", "not_found"),
    ]


def test_a_site_on_this_machine_is_refused_by_default(server: str) -> None:
    Handler.pages = {"/": png()}
    options = WebOptions(ports=(int(server.partition(":")[2]),))
    [finding] = read_url(f"http://{server}/", Context(), options)
    assert isinstance(finding, Problem)
    assert "loopback" in finding.error


def test_a_page_that_starts_with_plain_text_is_a_page_where_the_site_says_so() -> None:
    web = Web()
    web[PAGE] = httpx.Response(
        200, headers={"content-type": "text/html"}, content=b"Hello. <img src=b.png>"
    )
    web["https://example.org/a/b.png"] = png()
    assert [seen.content for seen in web.read()] == [png()]


def test_pixels_that_track_readers_are_not_fetched() -> None:
    web = page("<img src=https://t.example.net/p.gif width=1 height=1><img src=b.png width=400>")
    web["https://example.org/a/b.png"] = png()
    assert [(seen.url, seen.reason) for seen in web.read()] == [
        ("https://t.example.net/p.gif", "too_small"),
        ("https://example.org/a/b.png", ""),
    ]
    assert "https://t.example.net/p.gif" not in web.asked


def test_documents_that_a_crawl_finds_are_read_too() -> None:
    web = page("<a href=paper.pdf>paper</a>")
    web["https://example.org/a/paper.pdf"] = b"%PDF-1.7 ..."
    found = web.read(options=replace(OPTIONS, crawl=True))
    assert b"%PDF-1.7 ..." in [seen.content for seen in found]


def test_links_that_are_not_to_be_followed_are_not() -> None:
    web = page("<meta name=robots content=nofollow><a href=b.html>b</a><img src=a.png>")
    web["https://example.org/a/a.png"] = png()
    web.read(options=replace(OPTIONS, crawl=True))
    assert "https://example.org/a/b.html" not in web.asked


def test_pictures_in_frames_alone_are_enough() -> None:
    web = page("<frameset><frame src=b.html></frameset>")
    web["https://example.org/a/b.html"] = "<html><img src=c.png>"
    web["https://example.org/a/c.png"] = png()
    assert [seen.content for seen in web.read()] == [png()]


def test_a_refresh_is_followed_like_a_redirect() -> None:
    web = page("<meta http-equiv=refresh content='0; url=https://e.net/b.html'>")
    web["https://e.net/b.html"] = "<html><img src=c.png>"
    web["https://e.net/c.png"] = png()
    assert [seen.content for seen in web.read()] == [png()]


def test_a_refresh_in_the_header_is_followed() -> None:
    web = Web()
    stream = httpx.ByteStream(b"please wait")
    web[PAGE] = httpx.Response(200, headers={"refresh": "0;url=/b.html"}, stream=stream)
    web["https://example.org/b.html"] = "<html><img src=c.png>"
    web["https://example.org/c.png"] = png()
    assert png() in [seen.content for seen in web.read()]


def test_refreshes_end() -> None:
    web = Web()
    for n in range(50):
        head = f"<meta http-equiv=refresh content='0; url=https://h{n + 1}.net/'>"
        web[f"https://h{n}.net/"] = f"<html>{head}"
    web.read("https://h0.net/")
    assert len([url for url in web.asked if url.endswith(".net/")]) == OPTIONS.redirects + 1


def test_documents_that_a_page_shows_within_itself_are_read() -> None:
    web = page("<object data=a.pdf type=application/pdf></object><embed src=a.pdf>")
    web["https://example.org/a/a.pdf"] = b"%PDF-1.7"
    assert [seen.content for seen in web.read()] == [b"%PDF-1.7"]


def test_a_page_that_begins_with_a_drawing_is_a_page() -> None:
    web = Web()
    stream = httpx.ByteStream(b"<svg><rect/></svg><img src=b.png>")
    web[PAGE] = httpx.Response(200, headers={"content-type": "text/html"}, stream=stream)
    web["https://example.org/a/b.png"] = png()
    assert [seen.content for seen in web.read()] == [png()]


def test_what_is_only_supposed_is_asked_for_and_not_missed() -> None:
    web = page("<img src=a.png data-x=b.png data-y=gone.png><script>c = 'd.png'</script>")
    web["https://example.org/a/a.png"] = png(1)
    web["https://example.org/a/b.png"] = png(2)
    assert [seen.content for seen in web.read()] == [png(1), png(2)]
    assert "https://example.org/a/d.png" not in web.asked
