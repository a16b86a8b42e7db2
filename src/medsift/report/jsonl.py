"""JSON Lines: one record a line, UTF-8, the fields in the order of the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from medsift.report.values import Row

HEADER = b""
"""A JSONL file begins with its first record."""


def encode(row: Row) -> bytes:
    """One line, with its end."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read(path: Path) -> Iterator[Row]:
    """Rows of a file; a last line without an end, left by a kill, is passed over.

    Raises
    ------
    ValueError
        A line is not a JSON object.
    """
    with path.open("rb") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                return
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("a line is not a JSON object")
            yield row
