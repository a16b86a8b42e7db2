"""Found pictures that tests make up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medsift.app.user_session import Found
from medsift.core.record import Record

SHA = "ab" * 32


def found(number: int = 1, path: Path | None = Path("upload.pdf"), **values: Any) -> Found:
    """A picture with a verdict; keywords are fields of its record."""
    record = {
        "source": "paper.pdf",
        "source_type": "pdf",
        "locator": f"page 1, image {number}",
        "page": 1,
        "bbox": (10.0, 20.0, 110.0, 120.0),
        "sha256": SHA,
        "width": 64,
        "height": 48,
        "format": "jpeg",
        "label": "medical",
        "p_medical": 0.9,
        "confidence": 0.9,
        "kind": "ct",
        "p_kind": 0.8,
        "model": "test 1",
    }
    return Found(number, 0, Record(**{**record, **values}), b"webp", path)
