"""Labelled folders, with and without the levels below the label."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.core.errors import UsageError
from medsift.evaluation.labelled import find_examples


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def test_levels_below_the_label_are_kind_and_source(tmp_path: Path) -> None:
    touch(tmp_path / "medical/ct/hospital/a.png")
    touch(tmp_path / "non_medical/photo/b.png")
    touch(tmp_path / "non_medical/c.png")
    found = [(e.path.name, e.label, e.kind, e.source) for e in find_examples(tmp_path)]
    assert found == [
        ("a.png", "medical", "ct", "hospital"),
        ("c.png", "non_medical", "", ""),
        ("b.png", "non_medical", "photo", ""),
    ]


def test_deeper_levels_belong_to_the_source(tmp_path: Path) -> None:
    touch(tmp_path / "medical/ct/hospital/patient/1/a.png")
    (example,) = find_examples(tmp_path)
    assert (example.source, example.group) == ("hospital", "hospital")


def test_without_sources_the_kind_is_the_group(tmp_path: Path) -> None:
    touch(tmp_path / "medical/ct/a.png")
    (example,) = find_examples(tmp_path)
    assert example.group == "medical/ct"


def test_hidden_files_are_no_examples(tmp_path: Path) -> None:
    touch(tmp_path / "medical/.thumbs/a.png")
    touch(tmp_path / "medical/b.png")
    assert [e.path.name for e in find_examples(tmp_path)] == ["b.png"]


@pytest.mark.parametrize("made", ["", "cats/a.png"])
def test_a_folder_without_labels_is_a_usage_error(tmp_path: Path, made: str) -> None:
    if made:
        touch(tmp_path / made)
    with pytest.raises(UsageError, match="medical"):
        find_examples(tmp_path)


def test_a_missing_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        find_examples(tmp_path / "nowhere")
