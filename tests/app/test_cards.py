"""Cards show text from outside as text."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from medsift.app import cards
from medsift.core.record import Record
from tests.app.samples import found

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
TEXTS = st.text(max_size=30) | st.sampled_from([HOSTILE, "<!--", "&lt;b&gt;", "' onload='x"])


class Reader(HTMLParser):
    """Notes tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXTS, TEXTS, TEXTS)
def test_no_name_becomes_markup(source: str, locator: str, kind: str) -> None:
    each = found(source=source, locator=locator, kind=kind, member=source, url=locator)
    plain = Reader(cards.card(found()) + cards.facts(found(member="a", url="b")))
    read = Reader(cards.card(each) + cards.facts(each))
    assert set(read.tags) <= set(plain.tags)
    assert read.names <= plain.names


@given(TEXTS, TEXTS)
def test_no_error_becomes_markup(source: str, error: str) -> None:
    records = [Record(source, status="failed", reason="undecodable", error=error)]
    read = Reader(cards.problems(records))
    assert read.tags == ["ul", "li", "strong"]
    assert source.replace("\r", "\n") in read.text.replace("\r", "\n")


def test_a_card_tells_verdict_probability_kind_and_place() -> None:
    text = Reader(cards.card(found())).text
    for part in ("Medical", "90 % medical", "CT", "page 1, image 1", "paper.pdf"):
        assert part in text


def test_previews_have_a_description() -> None:
    assert 'alt="Picture 1: Medical, CT, from paper.pdf page 1, image 1"' in cards.card(found())


def test_an_answer_is_shown_beside_the_verdict() -> None:
    assert "You: Not medical: Chart" in cards.card(found(), "chart")


def test_counts_have_separators() -> None:
    assert "<strong>12,345</strong> pictures" in cards.counts([(12345, "pictures")])
