"""What models remember of their training, for adapting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medsift.classify import memory, store
from medsift.classify.card import read_card
from medsift.core.errors import ModelError


def _memory() -> memory.Memory:
    rng = np.random.default_rng(0)
    base = rng.dirichlet(np.ones(3), 6)
    return memory.Memory(
        centre=rng.normal(size=5).astype(np.float32),
        axes=rng.normal(size=(5, 2)).astype(np.float32),
        rows=rng.normal(size=(6, 2)).astype(np.float32),
        base=base,
        targets=np.array([0, 1, 2, 0, 1, 2]),
        groups=np.array([0, 0, 1, 1, 2, 2]),
    )


@pytest.mark.parametrize("folder", list(store.bundled()), ids=lambda folder: folder.name)
def test_bundled_models_can_be_adapted(folder: Path) -> None:
    # Made with python -m medsift.adaptation.remember whenever the networks change.
    classes = read_card(folder).classes
    remembered = memory.load(folder / memory.MEMORY_FILE, len(classes))
    assert set(remembered.targets.tolist()) == set(range(len(classes)))


def test_it_comes_back_as_it_was_stored_but_for_rounding(tmp_path: Path) -> None:
    before = _memory()
    before.save(tmp_path / "memory.npz")
    after = memory.load(tmp_path / "memory.npz", 3)
    assert after.targets.tolist() == before.targets.tolist()
    assert after.groups.tolist() == before.groups.tolist()
    np.testing.assert_allclose(after.centre, before.centre, rtol=0.001)
    np.testing.assert_allclose(after.axes, before.axes, atol=0.02)
    np.testing.assert_allclose(after.rows, before.rows, atol=0.02)
    np.testing.assert_allclose(after.base, before.base, rtol=0.01)


def test_one_of_another_model_is_refused(tmp_path: Path) -> None:
    _memory().save(tmp_path / "memory.npz")
    with pytest.raises(ModelError, match="fit"):
        memory.load(tmp_path / "memory.npz", 4)


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "memory.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ModelError, match="read"):
        memory.load(tmp_path / "memory.npz", 3)
