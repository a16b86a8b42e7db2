"""The last layer of an adapted model is read only where it fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsift.classify.head import Head, load
from medsift.core.errors import ModelError

HEAD = Head(
    widths=np.array([2, 1]),
    centre=np.zeros(3, dtype=np.float32),
    weights=np.eye(3, 2, dtype=np.float32),
    bias=np.array([0.5, -0.5]),
    link=np.array([0, -1]),
    temperature=1.5,
)


def test_it_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    HEAD.save(tmp_path / "head.npz")
    found = load(tmp_path / "head.npz", classes=2, base_classes=1)
    assert found.temperature == 1.5
    for name in ("widths", "centre", "weights", "bias", "link"):
        assert np.array_equal(getattr(found, name), getattr(HEAD, name))


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"widths": np.array([2, 2])},
        {"centre": np.zeros(2, dtype=np.float32)},
        {"bias": np.zeros(3)},
        {"link": np.array([0, 1])},  # a class that the base model does not have
        {"link": np.array([0, -2])},
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    replace(HEAD, **wrong).save(tmp_path / "head.npz")
    with pytest.raises(ModelError, match="does not fit"):
        load(tmp_path / "head.npz", classes=2, base_classes=1)


def test_one_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load(tmp_path / "head.npz", classes=2, base_classes=1)
