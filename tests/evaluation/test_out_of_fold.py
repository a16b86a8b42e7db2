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


def test_what_is_no_archive_of_answers_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", numbers=np.zeros(3))
    (tmp_path / "b.npz").write_bytes(b"nothing")
    for name in ("a.npz", "b.npz", "missing.npz"):
        with pytest.raises(ModelError, match="holds no answers over folds"):
            OutOfFold.read(tmp_path / name)
