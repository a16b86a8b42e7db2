from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from medsift.core.errors import (
    DecodeError,
    FetchError,
    InputError,
    LimitError,
    NotFoundError,
    TimedOutError,
)
from medsift.sources.web.fetching.answer import Answer
from medsift.sources.web.fetching.cache import Cache
from medsift.sources.web.fetching.errors import PassingError, SlowError
from medsift.sources.web.fetching.fetch import Fetcher, user_agent
from medsift.sources.web.options import WebOptions
from tests.sources.web.network import Network, http

URL = "https://example.org/a.png"
OPTIONS = WebOptions(ignore_robots=True, retries=2)


class Site:
    """A transport without a network: answers in order, and remembers what was asked."""

    def __init__(
        self, *answers: httpx.Response | InputError, options: WebOptions = OPTIONS
    ) -> None:
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []
        self._answers = list(answers)
        self.fetcher = Fetcher(options, httpx.MockTransport(self._answer), self.waits.append)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, InputError):
            raise answer
        return answer


def answer(content: bytes = b"", status: int = 200, **headers: str) -> httpx.Response:
    """An answer whose body is not decoded by anybody but the code under test."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, stream=httpx.ByteStream(content))


def test_an_answer_tells_its_address_type_and_charset() -> None:
    site = Site(answer(b"abc", content_type="Text/HTML; charset='utf-8'"))
    found = site.fetcher.fetch(URL + "#part", 10)
    assert (found.url, found.content) == (URL, b"abc")
    assert (found.content_type, found.charset) == ("text/html", "utf-8")


def test_the_user_agent_is_honest() -> None:
    site = Site(answer())
    site.fetcher.fetch(URL, 10)
    agent = site.asked[0].headers["user-agent"]
    assert agent.startswith("medsift/")
    assert "+http" in agent
    assert "Mozilla" not in agent
    assert "me@example.org" in user_agent(WebOptions(contact="me@example.org\r\nX: y"))
    assert "\n" not in user_agent(WebOptions(contact="me@example.org\r\nX: y"))


def test_no_cookies_and_no_referrer_are_sent() -> None:
    site = Site(answer(set_cookie="id=1"))
    site.fetcher.fetch(URL, 10)
    site.fetcher.fetch(URL + "?2", 10)
    assert "cookie" not in site.asked[1].headers
    assert "referer" not in site.asked[1].headers


def test_redirects_are_followed_from_where_they_stand() -> None:
    site = Site(
        answer(status=302, location="b/c.png"),
        answer(status=307, location="//cdn.example.net/d.png"),
        answer(b"abc"),
    )
    assert site.fetcher.fetch(URL, 10).url == "https://cdn.example.net/d.png"
    assert [str(request.url) for request in site.asked] == [
        URL,
        "https://example.org/b/c.png",
        "https://cdn.example.net/d.png",
    ]


def test_endless_redirects_end() -> None:
    site = Site(answer(status=301, location="/again"))
    with pytest.raises(FetchError, match="redirects"):
        site.fetcher.fetch(URL, 10)
    assert len(site.asked) == OPTIONS.redirects + 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotFoundError), (410, NotFoundError), (403, FetchError), (204, FetchError)],
)
def test_a_refusal_is_final(status: int, error: type[InputError]) -> None:
    site = Site(answer(status=status))
    with pytest.raises(error):
        site.fetcher.fetch(URL, 10)
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_that_may_pass_is_tried_again_after_growing_waits(status: int) -> None:
    site = Site(answer(status=status), answer(status=status), answer(b"abc"))
    assert site.fetcher.fetch(URL, 10).content == b"abc"
    assert 0.5 <= site.waits[0] <= 0.75
    assert 1.0 <= site.waits[1] <= 1.5


def test_a_broken_connection_is_tried_again_and_then_given_up() -> None:
    site = Site(PassingError("reset"))
    with pytest.raises(FetchError, match="reset"):
        site.fetcher.fetch(URL, 10)
    assert len(site.asked) == 3
    assert 0.5 <= site.waits[0] <= 0.75
    assert 1.0 <= site.waits[1] <= 1.5


def test_a_silence_is_tried_again_but_not_a_site_that_used_up_its_time() -> None:
    site = Site(SlowError("silent"), answer(b"abc"))
    assert site.fetcher.fetch(URL, 10).content == b"abc"
    site = Site(TimedOutError("over"), answer(b"abc"))
    with pytest.raises(TimedOutError, match="over"):
        site.fetcher.fetch(URL, 10)


def test_the_site_says_how_long_to_wait() -> None:
    site = Site(answer(status=503, retry_after="7"), answer(b"abc"))
    site.fetcher.fetch(URL, 10)
    assert site.waits == [7.0]


def test_a_wait_until_a_date_is_understood() -> None:
    import time

    site = Site(answer(status=429, retry_after=formatdate(time.time() + 9, usegmt=True)), answer())
    site.fetcher.fetch(URL, 10)
    assert 5.0 <= site.waits[0] <= 9.0


@pytest.mark.parametrize("wait", ["3600", "999999999999"])
def test_a_wait_that_is_too_long_is_a_failure_now(wait: str) -> None:
    site = Site(answer(status=503, retry_after=wait))
    with pytest.raises(FetchError):
        site.fetcher.fetch(URL, 10)
    assert len(site.asked) == 1


@pytest.mark.parametrize("wait", ["soon", "-5", "", "Mon, 99 Foo 2020"])
def test_a_wait_that_is_nonsense_is_ignored(wait: str) -> None:
    site = Site(answer(status=503, retry_after=wait), answer(b"abc"))
    assert site.fetcher.fetch(URL, 10).content == b"abc"


def deflate(content: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("", b"abc" * 100),
        ("identity", b"abc" * 100),
        ("gzip", gzip.compress(b"abc" * 100, mtime=0)),
        ("X-GZIP", gzip.compress(b"abc" * 100, mtime=0)),
        ("deflate", deflate(b"abc" * 100, 15)),
        ("deflate", deflate(b"abc" * 100, -15)),
    ],
)
def test_compressed_answers_are_read(coding: str, packed: bytes) -> None:
    site = Site(answer(packed, content_encoding=coding))
    assert site.fetcher.fetch(URL, 1000).content == b"abc" * 100


def test_only_codings_that_can_be_bounded_are_asked_for() -> None:
    site = Site(answer())
    site.fetcher.fetch(URL, 10)
    assert site.asked[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x" * 1000])
def test_other_codings_are_refused(coding: str) -> None:
    site = Site(answer(b"abc", content_encoding=coding))
    with pytest.raises(FetchError, match="not asked for"):
        site.fetcher.fetch(URL, 1000)


@pytest.mark.parametrize("packed", [b"no gzip", gzip.compress(b"abc" * 100, mtime=0)[:-12]])
def test_damaged_compression_is_a_decode_error(packed: bytes) -> None:
    site = Site(answer(packed, content_encoding="gzip"))
    with pytest.raises(DecodeError):
        site.fetcher.fetch(URL, 1000)


def test_a_bomb_is_noticed_before_it_is_in_memory() -> None:
    import tracemalloc

    bomb = gzip.compress(bytes(40 << 20), 9)
    site = Site(answer(bomb, content_encoding="gzip"))
    tracemalloc.start()
    with pytest.raises(LimitError):
        site.fetcher.fetch(URL, 4 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 << 20


def test_an_answer_that_says_that_it_is_too_long_is_not_read() -> None:
    read: list[int] = []

    def body() -> Iterator[bytes]:
        read.append(1)
        yield b""

    site = Site(httpx.Response(200, headers={"content-length": "1001"}, content=body()))
    with pytest.raises(LimitError):
        site.fetcher.fetch(URL, 1000)
    assert read == []


def test_an_answer_that_never_ends_is_cut_off() -> None:
    def body() -> Iterator[bytes]:
        while True:
            yield bytes(100)

    site = Site(httpx.Response(200, content=body()))
    with pytest.raises(LimitError):
        site.fetcher.fetch(URL, 100_000)


def test_an_answer_that_trickles_is_given_up() -> None:
    import time

    def body() -> Iterator[bytes]:
        while True:
            time.sleep(0.01)
            yield b"a"

    options = replace(OPTIONS, total_seconds=0.1)
    site = Site(httpx.Response(200, content=body()), options=options)
    with pytest.raises(TimedOutError):
        site.fetcher.fetch(URL, 100_000)


def test_headers_without_end_are_refused() -> None:
    network = Network(
        names={"example.org": [["93.184.215.14"]]},
        answers={"93.184.215.14": [b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1_000_000]},
    )
    with pytest.raises(FetchError):
        network.fetcher().fetch("http://example.org/", 1000)


@pytest.mark.parametrize("wire", [b"", b"\0" * 100, b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_a_fetch_error(wire: bytes) -> None:
    network = Network(names={"example.org": [["93.184.215.14"]]}, answers={"93.184.215.14": [wire]})
    with pytest.raises(FetchError):
        network.fetcher().fetch("http://example.org/", 1000)


def test_a_body_that_ends_early_is_a_fetch_error() -> None:
    network = Network(
        names={"example.org": [["93.184.215.14"]]},
        answers={"93.184.215.14": [http(b"abc").replace(b"Length: 3", b"Length: 9")]},
    )
    with pytest.raises(FetchError):
        network.fetcher().fetch("http://example.org/", 1000)


def test_an_unchanged_answer_comes_from_the_cache(tmp_path: Path) -> None:
    options = replace(OPTIONS, cache=tmp_path / "cache")
    first = Site(
        answer(b"abc", etag='"1"', last_modified="x", x_robots_tag="noai"), options=options
    )
    first.fetcher.fetch(URL, 10)
    second = Site(answer(status=304), options=options)
    found = second.fetcher.fetch(URL, 10)
    assert (found.content, sorted(found.tags)) == (b"abc", ["noai"])
    assert second.asked[0].headers["if-none-match"] == '"1"'
    assert second.asked[0].headers["if-modified-since"] == "x"


def test_a_changed_answer_replaces_the_one_in_the_cache(tmp_path: Path) -> None:
    options = replace(OPTIONS, cache=tmp_path)
    for content in (b"abc", b"def"):
        assert (
            Site(answer(content, etag="1"), options=options).fetcher.fetch(URL, 10).content
            == content
        )
    assert Site(answer(status=304), options=options).fetcher.fetch(URL, 10).content == b"def"


def test_what_is_too_long_now_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    options = replace(OPTIONS, cache=tmp_path)
    Site(answer(b"abcdef", etag="1"), options=options).fetcher.fetch(URL, 10)
    site = Site(answer(b"abcdef"), options=options)
    with pytest.raises(LimitError):
        site.fetcher.fetch(URL, 3)


@pytest.mark.parametrize("headers", [{}, {"etag": "1", "cache_control": "private, No-Store"}])
def test_what_cannot_or_may_not_be_kept_is_not(tmp_path: Path, headers: dict[str, str]) -> None:
    options = replace(OPTIONS, cache=tmp_path)
    Site(answer(b"abc", 200, **headers), options=options).fetcher.fetch(URL, 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"\xff"])
def test_a_damaged_cache_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    options = replace(OPTIONS, cache=tmp_path)
    Site(answer(b"abc", etag="1"), options=options).fetcher.fetch(URL, 10)
    for path in tmp_path.glob("*.json"):
        path.write_bytes(damage)
    site = Site(answer(b"new"), options=options)
    assert site.fetcher.fetch(URL, 10).content == b"new"
    assert "if-none-match" not in site.asked[0].headers


def test_content_that_was_changed_in_the_cache_is_not_trusted(tmp_path: Path) -> None:
    options = replace(OPTIONS, cache=tmp_path)
    Site(answer(b"abc", etag="1"), options=options).fetcher.fetch(URL, 10)
    for path in tmp_path.glob("*.bin"):
        path.write_bytes(b"xyz")
    assert Site(answer(b"new"), options=options).fetcher.fetch(URL, 10).content == b"new"


def keep(folder: Path, most: int, *names: str, size: int = 1000) -> Cache:
    """A cache that was given answers, one after the other, each used later than the one before."""
    cache = Cache(folder, most)
    for age, name in enumerate(names, -len(names)):
        given = Answer(name, name.encode() * (size // len(name)), etag="1", storable=True)
        cache.put(name, given)
        for path in cache._paths(name):
            if path.exists():
                os.utime(path, (1e9 + age, 1e9 + age))
    return cache


def test_the_cache_keeps_its_limit_and_what_was_used_last(tmp_path: Path) -> None:
    names = [f"https://example.org/{number:02}" for number in range(50)]
    cache = keep(tmp_path, 20_000, *names)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 20_000 * 17 / 16
    kept = [name for name in names if cache.get(name)]
    assert kept == names[-len(kept) :]
    assert len(kept) >= 8


def test_what_is_used_stays_in_the_cache(tmp_path: Path) -> None:
    names = [f"https://example.org/{number:02}" for number in range(10)]
    cache = keep(tmp_path, 20_000, *names)
    assert cache.get(names[0])
    for number in range(10, 30):
        keep(tmp_path, 20_000, f"https://example.org/{number}")
    assert cache.get(names[0])
    assert not cache.get(names[1])


def test_an_answer_that_would_fill_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = keep(tmp_path, 100_000, URL, size=50_000)
    assert cache.get(URL) is None


def test_files_of_others_in_the_folder_of_the_cache_are_left_alone(tmp_path: Path) -> None:
    mine = [tmp_path / "thesis.json", tmp_path / "data.bin", tmp_path / "a.part"]
    for path in mine:
        path.write_bytes(b"0" * 50_000)
        os.utime(path, (1, 1))
    torn = tmp_path / "medsift-abc123.part"
    torn.write_bytes(b"0")
    os.utime(torn, (1, 1))
    keep(tmp_path, 20_000, *(f"https://example.org/{number:02}" for number in range(30)))
    assert all(path.stat().st_size == 50_000 for path in mine)
    assert not torn.exists()


@pytest.mark.parametrize(
    "target",
    [
        "https://ann:secret@example.org/b.png",
        "https://127.0.0.1/b.png",
        "https://[::1]/b.png",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/b.png",
        "https://localhost/b.png",
        "https://example.org:22/b.png",
        "ftp://example.org/b.png",
        "file:///etc/passwd",
        "https://exa mple.org:x/",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_text_of_a_redirect_is_checked_before_anything_is_sent(
    target: str, status: int
) -> None:
    site = Site(answer(status=status, location=target), answer(b"inside"))
    with pytest.raises(FetchError):
        site.fetcher.fetch(URL, 100)
    assert [str(request.url) for request in site.asked] == [URL]
