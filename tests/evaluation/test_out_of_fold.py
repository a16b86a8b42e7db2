"""Answers over folds are kept in an archive that all fitting reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medsift.core.errors import ModelError
from medsift.evaluation.out_of_fold import OutOfFold

ANSWERS = OutOfFold(
    ("medical/ct/s/a.png", "non_medical/photo/s/b.png"),
    ("g", "h"),
    ("ct", "photo"),
    np.array([[0.75, 0.25], [0.5, 0.5]]),
)


def test_an_archive_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run" / "out-of-fold.npz"
    ANSWERS.write(path)
    found = OutOfFold.read(path)
    assert (found.keys, found.groups, found.classes) == (
        ANSWERS.keys,
        ANSWERS.groups,
        ANSWERS.classes,
    )
    assert np.array_equal(found.probabilities, ANSWERS.probabilities)


def test_a_small_archive_is_exact_where_an_answer_is_nearly_sure(tmp_path: Path) -> None:
    sure = OutOfFold(("medical/ct/s/a.png",), ("g",), ("ct", "photo"), np.array([[0.99993, 7e-5]]))
    sure.write(tmp_path / "a.npz", small=True)
    (row,) = OutOfFold.read(tmp_path / "a.npz").probabilities
    assert row.sum() == pytest.approx(1, abs=1e-12)
    assert 1 - row[0] == pytest.approx(7e-5, rel=1e-3)


def test_an_archive_without_names_still_tells_what_belongs_together() -> None:
    keys = ("medical/ct/s/a.png", "medical/ct/s/b.png", "non_medical/photo/t/a.png")
    found = OutOfFold(keys, ("g", "g", "h"), ("ct",), np.ones((3, 1))).without_names()
    (one, other, third) = (key.split("/") for key in found.keys)
    assert [key[:2] for key in (one, other, third)] == [["medical", "ct"]] * 2 + [
        ["non_medical", "photo"]
    ]
    assert one[2] == other[2] != third[2]
    assert one[3] == third[3] != other[3]
    assert found.groups[0] == found.groups[1] != found.groups[2]
    assert not set("gst") & {*found.groups, one[2], third[2]}
    assert not any("png" in key for key in found.keys)


def test_what_is_no_archive_of_answers_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", numbers=np.zeros(3))
    (tmp_path / "b.npz").write_bytes(b"nothing")
    for name in ("a.npz", "b.npz", "missing.npz"):
        with pytest.raises(ModelError, match="holds no answers over folds"):
            OutOfFold.read(tmp_path / name)
