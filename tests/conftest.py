"""Fixtures that several parts of the tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The labelled images and documents that may lie beside the project."""
    folder = Path(os.environ.get("MEDSIFT_SHARED", ROOT.parent / "shared"))
    if not (folder / "docs").is_dir():
        pytest.skip("no shared documents beside the project")
    return folder
