"""Fixtures of the tests of web pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medsift.core.picture import Provenance
from medsift.sources.base import Blob


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Blob]:
    """Write a page and files beside it, below a folder of its own."""

    def _save(html: str | bytes, name: str = "page.html", **files: bytes) -> Blob:
        folder = tmp_path / "site"
        folder.mkdir(exist_ok=True)
        page = folder / name
        page.write_bytes(html if isinstance(html, bytes) else html.encode())
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return Blob(Provenance(str(page)), path=page)

    return _save
