"""Fixtures of the tests of outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.core.record import Record

from .scans import contents, scan


@pytest.fixture
def undisturbed(tmp_path: Path) -> list[list[Record]]:
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    scan(folder)
    return contents(folder)
