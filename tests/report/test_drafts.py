"""Files that are made beside the one that they will replace."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.report.drafts import draft_beside, sweep


@pytest.mark.parametrize("name", ["out.csv", "[a]*?.csv"])
def test_drafts_that_a_kill_left_are_swept_up_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    left = [draft_beside(path) for _ in range(3)]
    assert len(set(left)) == 3
    others = [
        path,
        draft_beside(tmp_path / "other.csv"),
        tmp_path / f".{name}.tmp",
        tmp_path / f".{name}.notes.tmp",
        tmp_path / f"{name}.0123abcd.tmp",
    ]
    for other in others:
        other.touch()
    sweep(path)
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_where_nothing_was_left_nothing_is_done(tmp_path: Path) -> None:
    sweep(tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []
