"""Locks on files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from medsift.core.filelock import try_lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")


def test_only_one_has_the_lock_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("wb") as first:
        assert try_lock(first) is True
        with path.open("ab") as second:
            assert try_lock(second) is False
    with path.open("ab") as third:
        assert try_lock(third) is True
