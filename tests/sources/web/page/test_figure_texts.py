"""What a page says of its pictures becomes their caption."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.picture import Picture, Provenance
from medsift.sources.base import Blob, Context, SourceOptions
from medsift.sources.registry import findings
from medsift.sources.web.page.parse import parse_page
from tests.sources.inside import png


def told(html: str) -> list[tuple[str, str, str]]:
    page = parse_page(html, "http://x.org/")
    return [(r.url.rpartition("/")[2], r.caption, r.figure) for r in page.references]


def test_the_caption_of_a_figure_is_that_of_all_its_pictures() -> None:
    html = (
        "<figure><img src=a.png alt=x><img src=b.png>"
        "<figcaption>Figure 2: <b>Two</b> slices<br>of a &lt;liver&gt;.</figcaption></figure>"
        "<p>Text</p><img src=c.png>"
    )
    caption = "Figure 2: Two slices of a <liver>."
    assert told(html) == [
        ("a.png", caption, "figure 1"),
        ("b.png", caption, "figure 1"),
        ("c.png", "", ""),
    ]


@pytest.mark.parametrize(
    ("attributes", "caption"),
    [
        ('alt="A chest film" title="t"', "A chest film"),
        ('alt="" aria-label="label" title="t"', "label"),
        ('title=" two  words "', "two words"),
        ("", ""),
    ],
)
def test_without_one_the_attributes_of_a_picture_say_what_it_is(
    attributes: str, caption: str
) -> None:
    assert told(f"<img src=a.png {attributes}>") == [("a.png", caption, "")]


def test_a_figure_within_a_figure_has_its_own_caption() -> None:
    html = (
        "<figure><figure><img src=a.png><figcaption>(a) One</figcaption></figure>"
        "<img src=b.png><figcaption>Fig. 1 Both</figcaption></figure>"
    )
    assert told(html) == [("a.png", "(a) One", "figure 1"), ("b.png", "Fig. 1 Both", "figure 1")]


def test_scripts_and_styles_are_no_part_of_a_caption() -> None:
    html = "<figure><img src=a.png><figcaption>A<style>p{}</style><script>x</script> film"
    assert told(html) == [("a.png", "A film", "figure 1")]


def test_pictures_of_saved_pages_carry_their_captions_unless_not_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    page = tmp_path / "page.html"
    page.write_text("<html><figure><img src=a.png><figcaption>Fig. 3. A film</figcaption></figure>")

    def captions(wanted: bool) -> list[tuple[str, str, str]]:
        context = Context(options=SourceOptions(captions=wanted), recurse=findings)
        found = findings(Blob(Provenance(str(page)), path=page), context)
        return [(f.caption, f.caption_label, f.figure) for f in found if isinstance(f, Picture)]

    assert captions(True) == [("Fig. 3. A film", "Fig. 3", "figure 1")]
    assert captions(False) == [("", "", "figure 1")]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<figure>", "</figure>", "<figcaption>", "</figcaption>", "<img src=a.png>", "text",
             "<img src=b.png alt=b>", "<picture>", "</picture>", "<script>", "</script>"]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_tags_in_any_order_lose_no_picture(tags: list[str]) -> None:
    html = "".join(tags)
    shown = {name for name, _, _ in told(html)}
    plain = {name for name, _, _ in told(html.replace("fig", "xig"))}
    assert shown == plain
