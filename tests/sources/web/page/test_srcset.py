"""Cases of the HTML standard and of web-platform-tests (html/semantics/embedded-content)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.sources.web.page.srcset import Candidate, largest_first, parse_srcset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.png", [Candidate("a.png")]),
        ("a.png, b.png 2x", [Candidate("a.png"), Candidate("b.png", density=2.0)]),
        ("a.png 100w,b.png 200w", [Candidate("a.png", 100), Candidate("b.png", 200)]),
        (" ,, a.png 1.5x , ", [Candidate("a.png", density=1.5)]),
        ("a,b.png 1x", [Candidate("a,b.png")]),
        ("a.png,,, b.png", [Candidate("a.png"), Candidate("b.png")]),
        ("data:image/png;base64,AA== 2x", [Candidate("data:image/png;base64,AA==", density=2.0)]),
        ("a.png 100w 50h", [Candidate("a.png", 100)]),
        ("a.png .5x", [Candidate("a.png", density=0.5)]),
        ("a.png 1e2x", [Candidate("a.png", density=100.0)]),
        ("", []),
        (" , ", []),
    ],
)
def test_candidates_are_read_as_the_standard_says(text: str, expected: list[Candidate]) -> None:
    assert parse_srcset(text) == expected


@pytest.mark.parametrize(
    "descriptors",
    ["0w", "-1w", "1.5w", "1q", "1x 2x", "100w 2x", "50h", "100w 50h 50h", "-1x", "1w (a, b)", "x"],
)
def test_a_candidate_with_bad_descriptors_is_left_out_and_the_next_one_kept(
    descriptors: str,
) -> None:
    assert parse_srcset(f"a.png {descriptors}, b.png") == [Candidate("b.png")]


def test_the_largest_comes_first_and_equal_ones_keep_their_order() -> None:
    candidates = parse_srcset("a 100w, b 800w, c 400w, d 800w")
    assert [c.address for c in largest_first(candidates)] == ["b", "d", "c", "a"]
    assert [c.address for c in largest_first(parse_srcset("a, b 3x, c 2x"))] == ["b", "c", "a"]


@given(st.text(alphabet="a, \t()1x2w.-e", max_size=60))
def test_any_text_gives_candidates_without_spaces_or_commas_at_their_end(text: str) -> None:
    for candidate in parse_srcset(text):
        assert candidate.address
        assert not candidate.address.endswith(",")
        assert " " not in candidate.address
