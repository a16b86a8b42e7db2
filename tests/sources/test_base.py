"""Blobs, and the budget of what is inside them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from medsift.core.errors import LimitError, NotFoundError
from medsift.core.limits import MIB, Limits
from medsift.core.picture import Provenance
from medsift.sources.base import Blob, Budget


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(3 * MIB))
    assert Blob(Provenance("a"), path=path).read() == bytes(3 * MIB)


def test_reading_takes_memory_by_the_size_of_the_file_not_of_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"small")
    tracemalloc.start()
    Blob(Provenance("a"), path=path).read(Limits(file_bytes=500 * MIB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * MIB


@pytest.mark.parametrize("size", [11, 3 * MIB])
def test_more_than_the_limit_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(size))
    with pytest.raises(LimitError):
        Blob(Provenance("a"), path=path).read(Limits(file_bytes=10))


def test_a_file_that_says_that_it_is_empty_is_read_to_its_end() -> None:
    path = Path("/proc/self/status")
    if not path.is_file():
        pytest.skip("no /proc here")
    assert b"Name:" in Blob(Provenance("status"), path=path).read()


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Blob(Provenance("a"), path=tmp_path / "a").read()


def test_a_budget_is_shared_and_ends() -> None:
    budget = Budget(Limits(members=3, inflated_bytes=100))
    budget.spend(members=2, inflated_bytes=60)
    with pytest.raises(LimitError, match="members"):
        budget.spend(members=2)
    with pytest.raises(LimitError, match="inflates"):
        Budget(Limits(inflated_bytes=100)).spend(inflated_bytes=101)
