"""What outputs hold can be turned back into the very name that a file has."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medsift.report.values import clean_text, original_text


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
