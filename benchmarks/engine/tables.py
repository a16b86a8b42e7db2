"""Tables of records, and where two of them part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from medsift.report.writers import read_rows


def rows(path: Path) -> list[dict[str, Any]]:
    """Records of an output; the time that a picture took is set to 0."""
    return [{**row, "ms": 0} for row in read_rows(path)] if path.is_file() else []


def difference(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> str:
    """Where two tables part, for people."""
    if len(found) != len(expected):
        sources = Counter(row["source"] for row in found)
        sources.subtract(Counter(row["source"] for row in expected))
        parts = {Path(source).name: n for source, n in sources.items() if n}
        return f"{len(found)} rows for {len(expected)}: {parts}"
    pairs = [(a, b) for a, b in zip(found, expected, strict=True) if a != b]
    fields = {name: (a[name], b[name]) for a, b in pairs[:3] for name in a if a[name] != b[name]}
    return f"{len(pairs)} rows, the first ones in {fields}"
