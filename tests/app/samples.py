"""Found pictures that tests make up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from medsift.app.user_session import Found
from medsift.core.record import Record
from tests.decode.test_panels import laid_out

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


def compound(number: int = 1, **values: Any) -> Found:
    """A figure of two panels, 300 by 200, the second of which is not medical."""
    whole = found(number, width=300, height=200, kind="multipanel", panels=2, **values)
    panels = tuple(
        replace(
            whole.record,
            locator=f"{whole.record.locator}, panel {letter}",
            panels=None,
            panel=place,
            panel_bbox=box,
            label=label,
            kind=kind,
        )
        for place, (letter, box, label, kind) in enumerate(
            (
                ("a", (0, 0, 140, 200), "medical", "ct"),
                ("b", (160, 0, 300, 200), "non_medical", "chart"),
            ),
            1,
        )
    )
    return replace(whole, panels=panels)


def figure() -> Image.Image:
    """Two scans beside each other, as in a printed figure."""
    return Image.fromarray(laid_out([(6, 6, 206, 206), (226, 6, 426, 206)], (255, 255, 255)))
