"""Cards show text from outside as text."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from medsift.app import cards
from medsift.app.user_session import Found
from medsift.core.record import Record
from tests.app.samples import compound, found

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


def drawn_over(html: str) -> str:
    """The lines that are laid over a picture."""
    (lines,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return base64.b64decode(lines).decode()


def test_a_figure_shows_its_panels_in_the_colours_of_their_verdicts() -> None:
    for html in (cards.card(compound()), cards.big(b"webp", "alt", of=compound())):
        lines = drawn_over(html)
        assert 'viewBox="0 0 300 200"' in lines
        edges = re.findall(r'x="(\d+)" y="0" width="140"[^>]+stroke="(#\w{6})"', lines)
        assert edges == [("0", "#0f6f8c"), ("160", "#5b6470")]
        # What the boxes show is told in words, too.
        assert 'class="ms-boxes" alt=""' in html
    text = Reader(cards.card(compound())).text
    assert "2 panels, 1 of them medical" in text
    told = Reader(cards.panels(compound())).text
    for part in ("Panel a", "Panel b", "Medical", "Not medical", "CT", "Chart"):
        assert part in told
    assert "svg" not in cards.card(found())


def test_boxes_of_a_picture_that_is_turned_are_those_of_what_one_sees() -> None:
    assert 'viewBox="0 0 200 150"' in drawn_over(cards.card(_turned()))


def _turned() -> Found:
    # Stored 150 wide and 200 high; seen 200 wide, with panels over all of it.
    whole = compound()
    panels = tuple(
        replace(panel, panel_bbox=box)
        for panel, box in zip(whole.panels, ((0, 0, 95, 150), (105, 0, 200, 150)), strict=True)
    )
    return replace(whole, record=replace(whole.record, width=150, height=200), panels=panels)


@given(TEXTS, TEXTS)
def test_no_text_of_a_panel_becomes_markup(locator: str, kind: str) -> None:
    figure = compound()
    panels = tuple(replace(p, locator=locator, kind=kind, label=kind) for p in figure.panels)
    hostile = replace(figure, panels=panels)
    plain = Reader(cards.panels(figure) + cards.big(b"", "", of=figure))
    read = Reader(cards.panels(hostile) + cards.big(b"", "", of=hostile))
    assert set(read.tags) <= set(plain.tags)
    assert read.names <= plain.names
    lines = [Reader(drawn_over(cards.big(b"", "", of=each))) for each in (figure, hostile)]
    assert lines[0].tags == lines[1].tags
    assert lines[0].names == lines[1].names


def test_captions_and_the_pictures_of_one_figure_are_told() -> None:
    each = found(caption_label="Figure 3", caption="A <scan>.", figure="figure-3")
    text = Reader(cards.facts(each, [4, 5])).text
    assert "Figure 3 A <scan>." in text
    assert "together with picture 4, picture 5" in text
    assert "Figure 3, page 1, image 1" in Reader(cards.card(each)).text
