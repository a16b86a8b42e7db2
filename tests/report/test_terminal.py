from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsift.report.terminal import columns, harmless, harmless_lines, padded, shortened


@given(st.text(st.characters()))
def test_harmless_text_is_printable(text: str) -> None:
    assert harmless(text).isprintable()


@pytest.mark.parametrize("text", ["scan 1.png", "café", "日本語", "🩺"])
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[2J", "\\x1b[2J"), ("a\u202eb", "a\\u202eb"), ("\U000e0041", "\\U000e0041")],
)
def test_what_could_deceive_is_spelled_out(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_lines_stay_lines() -> None:
    assert harmless_lines("a\x1b[2J\nb\r\n") == "a\\x1b[2J\nb\\x0d\n"


@pytest.mark.parametrize(("text", "wide"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_width_is_counted_as_terminals_do(text: str, wide: int) -> None:
    assert columns(text) == wide


@given(st.text(st.characters()).map(harmless), st.integers(1, 30), st.booleans())
def test_padded_text_fills_its_column_exactly(text: str, width: int, keep_end: bool) -> None:
    assert columns(padded(text, width, keep_end)) == width


def test_a_column_that_is_too_narrow_loses_the_end_of_its_text() -> None:
    assert padded("0123456789", 7) == "012345…"
    assert padded("0123456789", 7, keep_end=True) == "01…6789"
    assert padded("0123", 7, keep_end=True) == "0123   "


def test_text_that_fits_is_not_shortened() -> None:
    assert shortened("12345", 5) == "12345"


def test_the_ellipsis_stands_where_text_is_missing() -> None:
    assert shortened("0123456789", 5) == "0123…"
    assert shortened("0123456789", 7, keep_end=True) == "01…6789"
