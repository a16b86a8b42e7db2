"""Whether an input is what it was, by its stamp."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from medsift.report import stamps
from medsift.report.stamps import By, is_gone, of_error, of_file, same


def test_a_stamp_tells_size_time_and_where_asked_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    os.utime(path, ns=(5, 7))
    assert of_file(path) == "file:3:7"
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert of_file(path, "hash") == f"file:3:7:{digest}"
    assert of_file(tmp_path / "gone") == of_error("unreadable") == "error:unreadable"


@pytest.mark.parametrize(
    ("before", "now", "by", "expected"),
    [
        ("file:3:7", "file:3:7", "time", True),
        ("file:3:7", "file:3:8", "time", False),
        ("file:3:7", "file:4:7", "time", False),
        ("file:3:7:aa", "file:3:7", "time", True),  # the earlier scan knew more
        ("file:3:7:aa", "file:3:8:aa", "hash", True),
        ("file:3:7:aa", "file:3:7:bb", "hash", False),
        ("file:3:7", "file:3:7:aa", "hash", False),  # nobody can tell
        ("file:3:7", "error:unreadable", "hash", False),
        ("error:unreadable", "error:unreadable", "hash", True),
        ("series:3:7:1", "series:3:7:2", "time", False),
        ("web", "web", "hash", True),
    ],
)
def test_what_has_changed(before: str, now: str, by: By, expected: bool) -> None:
    assert same(before, now, by) == expected


def test_what_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert is_gone(str(path), "file:3:7")
    path.touch()
    assert not is_gone(str(path), "file:3:7")
    assert is_gone("series", "series:3:aa")
    assert not is_gone("https://example.org/", stamps.WEB)
