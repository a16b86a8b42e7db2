from __future__ import annotations

import contextlib
import time
from pathlib import Path

import httpx
import pytest

from medsift.core.errors import FetchError
from medsift.sources.web.fetching.answer import keep_out, robots_tags
from medsift.sources.web.fetching.errors import RobotsError
from medsift.sources.web.fetching.fetch import Fetcher
from medsift.sources.web.fetching.robots import Robots
from medsift.sources.web.options import WebOptions


class Site:
    """A site with a robots.txt."""

    def __init__(
        self, rules: str = "", status: int = 200, options: WebOptions | None = None
    ) -> None:
        self.asked: list[str] = []
        self.waits: list[float] = []

        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(str(request.url))
            if request.url.path == "/robots.txt":
                return httpx.Response(status, stream=httpx.ByteStream(rules.encode()))
            return httpx.Response(200, stream=httpx.ByteStream(b"abc"))

        transport = httpx.MockTransport(answer)
        self.fetcher = Fetcher(options or WebOptions(retries=0), transport, self.waits.append)

    def gives(self, path: str) -> bool:
        try:
            self.fetcher.fetch(f"https://example.org{path}", 1000)
        except (RobotsError, FetchError):
            return False
        return True


def test_what_the_site_forbids_is_not_asked_for() -> None:
    site = Site("User-agent: *\nDisallow: /private\n")
    assert site.gives("/a.png")
    assert not site.gives("/private/b.png")
    assert site.asked == ["https://example.org/robots.txt", "https://example.org/a.png"]


def test_rules_for_medsift_count_before_those_for_all() -> None:
    site = Site("User-agent: *\nDisallow: /\n\nUser-agent: MedSift\nAllow: /\nDisallow: /b\n")
    assert site.gives("/a.png")
    assert not site.gives("/b.png")


def test_the_longest_rule_counts_and_wildcards_are_known() -> None:
    site = Site("User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /*.gif$\n")
    assert not site.gives("/a/c.png")
    assert site.gives("/a/b/c.png")
    assert not site.gives("/c.gif")
    assert site.gives("/c.gif?x")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_site_without_rules_forbids_nothing(status: int) -> None:
    assert Site(status=status).gives("/a.png")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_site_whose_rules_cannot_be_read_forbids_everything(status: int) -> None:
    site = Site(status=status)
    assert not site.gives("/a.png")
    assert set(site.asked) == {"https://example.org/robots.txt"}


def test_rules_can_be_ignored_by_those_who_may() -> None:
    site = Site("User-agent: *\nDisallow: /\n", options=WebOptions(ignore_robots=True))
    assert site.gives("/a.png")
    assert site.asked == ["https://example.org/a.png"]


def test_rules_are_read_once_for_each_site() -> None:
    site = Site()
    site.gives("/a")
    site.gives("/b")
    site.fetcher.fetch("https://example.net/", 1000)
    site.fetcher.fetch("http://example.org/", 1000)
    assert [url for url in site.asked if url.endswith("robots.txt")] == [
        "https://example.org/robots.txt",
        "https://example.net/robots.txt",
        "http://example.org/robots.txt",
    ]


def test_the_site_sets_the_pace_within_reason() -> None:
    site = Site("User-agent: *\nCrawl-delay: 3\n")
    site.gives("/a")
    site.gives("/b")
    assert 2.5 < sum(site.waits) <= 6.0
    slow = Site("User-agent: *\nCrawl-delay: 86400\n")
    slow.gives("/a")
    slow.gives("/b")
    assert sum(slow.waits) <= 20.0


@pytest.mark.parametrize(
    "rules",
    [
        "Disallow: /" + "*a" * 2000 + "$\n",
        "Disallow: /" + "%" * 5000,
        "\0\xff" * 1000,
        "User-agent",
    ],
)
def test_hostile_rules_cost_little(rules: str) -> None:
    site = Site("User-agent: *\n" + rules)
    started = time.perf_counter()
    site.gives("/" + "a" * 5000)
    assert time.perf_counter() - started < 2.0


def test_rules_of_endless_length_forbid_everything() -> None:
    assert not Site("#" * 600_000).gives("/a.png")


def test_a_redirect_is_checked_against_the_rules_of_where_it_leads() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            rules = b"User-agent: *\nDisallow: /" if request.url.host == "example.net" else b""
            return httpx.Response(200, stream=httpx.ByteStream(rules))
        return httpx.Response(302, headers={"location": "https://example.net/a"})

    fetcher = Fetcher(WebOptions(retries=0), httpx.MockTransport(answer))
    with pytest.raises(RobotsError, match=r"example\.net"):
        fetcher.fetch("https://example.org/", 1000)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["noai"], {"noai"}),
        (["NoIndex, noimageai"], {"noindex", "noimageai"}),
        (["otherbot: noindex, nofollow"], set()),
        (["otherbot: noindex", "noai"], {"noai"}),
        (["medsift: noindex"], {"noindex"}),
        (["unavailable_after: 25 Jun 2010, noai"], {"unavailable_after", "noai"}),
        ([""], set()),
    ],
)
def test_tags_are_those_for_all_and_for_medsift(values: list[str], expected: set[str]) -> None:
    assert robots_tags(values) == expected


def test_only_tags_about_pictures_and_indexes_keep_out() -> None:
    assert keep_out(frozenset({"noarchive", "noimageai"})) == "noimageai"
    assert keep_out(frozenset({"noarchive", "nofollow"})) == ""


def test_a_site_that_cannot_be_reached_is_a_failure_that_says_why() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise FetchError("connection reset")

    fetcher = Fetcher(WebOptions(retries=0), httpx.MockTransport(answer))
    with pytest.raises(FetchError, match="connection reset"):
        fetcher.fetch("https://example.org/", 1000)


def test_processes_of_one_scan_ask_a_site_for_its_rules_once(tmp_path: Path) -> None:
    options = WebOptions(retries=0, hosts=tmp_path)
    sites = [Site("User-agent: *\nDisallow: /b\n", options=options) for _ in range(3)]
    assert [(site.gives("/a"), site.gives("/b")) for site in sites] == [(True, False)] * 3
    assert [url for site in sites for url in site.asked if "robots" in url] == [
        "https://example.org/robots.txt"
    ]


def test_processes_of_one_scan_share_that_the_rules_cannot_be_read(tmp_path: Path) -> None:
    options = WebOptions(retries=0, hosts=tmp_path)
    assert not Site(status=503, options=options).gives("/a")
    second = Site(options=options)
    assert not second.gives("/a")
    assert second.asked == []


def test_damaged_shared_rules_are_asked_for_again(tmp_path: Path) -> None:
    options = WebOptions(retries=0, hosts=tmp_path)
    Site(options=options).gives("/a")
    (path,) = tmp_path.glob("*.robots")
    path.write_text('["User-agent: *')
    site = Site("User-agent: *\nDisallow: /\n", options=options)
    assert not site.gives("/a")
    assert site.asked == ["https://example.org/robots.txt"]


def test_rules_are_asked_for_again_after_a_day_and_failures_earlier() -> None:
    now, asked = [0.0], []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if len(asked) == 1:
            raise FetchError("down")
        return b""

    robots = Robots(fetch, clock=lambda: now[0])
    target = httpx.URL("https://example.org/a")
    for moment, requests in ((0, 1), (200, 1), (400, 2), (80_000, 2), (90_000, 3)):
        now[0] = moment
        with contextlib.suppress(FetchError):
            robots.check(target)
        assert len(asked) == requests
