"""What outputs hold can be turned back into the very name that a file has."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medsift.core.record import Record
from medsift.report.values import clean_text, original_text, row_of


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("plain.png", "plain.png"),
        ("r\udce9tine.png", "r\\udce9tine.png"),
        ("nul\x00", "nul\\x00"),
        # Names that only look like it stay apart from the names that they look like.
        ("r\\udce9tine.png", "r\\x5cudce9tine.png"),
        ("a\\x5cb", "a\\x5cx5cb"),
        ("C:\\users\\ud", "C:\\users\\ud"),
    ],
)
def test_what_is_no_text_is_spelled_out(name: str, written: str) -> None:
    assert clean_text(name) == written
    assert original_text(written) == name


@given(st.text(st.characters()))
@example("\\\udcff\\x5c\\ud800\x00")
def test_all_names_can_be_had_back(name: str) -> None:
    assert original_text(clean_text(name)) == name
    clean_text(name).encode()


@given(st.binary())
def test_all_bytes_of_a_file_name_can_be_had_back(name: bytes) -> None:
    assert os.fsencode(original_text(clean_text(os.fsdecode(name)))) == name


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("page", 2**63 - 1, 2**63 - 1),
        ("page", 2**63, None),
        ("page", -(2**63) - 1, None),
        ("p_medical", 1, 1.0),
        ("p_medical", float("nan"), None),
        ("p_medical", float("-inf"), None),
        ("bbox", (0.0, 1.5, 2.0, 3.0), [0.0, 1.5, 2.0, 3.0]),
        ("bbox", (0.0, float("nan"), 2.0, 3.0), None),
        ("panel_bbox", (0, 1, 2, 3), [0, 1, 2, 3]),
        ("label", None, ""),
        ("kinds", {"ct": 0.75}, '{"ct":0.75}'),
    ],
)
def test_rows_hold_what_every_output_can_hold(name: str, value: Any, written: Any) -> None:
    held = row_of(replace(Record("a.png"), **{name: value}))[name]
    assert (held, type(held)) == (written, type(written))
