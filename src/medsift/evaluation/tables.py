"""Labels in a table: CSV, JSON lines or Parquet with the columns path, label, kind, source, split.

Only ``path`` is needed, and one of ``label`` and ``kind``. Paths are absolute, or relative to the
table's folder. Other common names of the columns are understood.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from medsift.core.errors import UsageError
from medsift.core.taxonomy import Label
from medsift.evaluation.labelled import Example
from medsift.evaluation.naming import kind_of, label_of

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")

COLUMNS: dict[str, tuple[str, ...]] = {
    "path": ("path", "file", "file_name", "filename", "filepath", "image", "image_path"),
    "label": ("label", "true_label", "medical"),
    "kind": ("kind", "true_kind", "class", "category", "modality"),
    "source": ("source", "true_source", "dataset", "group", "site"),
    "split": ("split", "subset", "pool"),
}
_TRUE = frozenset({"1", "true", "yes"})
_FALSE = frozenset({"0", "false", "no"})


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a table, as they stand there.

    Raises
    ------
    UsageError
        It cannot be read.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            yield from _parquet(path)
        elif suffix == ".jsonl":
            with path.open(encoding="utf-8") as file:
                yield from (json.loads(line) for line in file if line.strip())
        else:
            csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ",")
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def read_examples(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Labelled pictures that a table lists, in its order.

    Parameters
    ----------
    path : Path
    more : mapping
        Labels of kinds that the taxonomy does not have.

    Raises
    ------
    UsageError
        It cannot be read, lacks a column, or a row does not tell its label.
    """
    return examples_of(rows_of(path), path, more)


def examples_of(
    rows: Iterable[Mapping[str, Any]], path: Path, more: Mapping[str, Label]
) -> list[Example]:
    """Labelled pictures of rows; ``path`` is that of their table."""
    found: list[Example] = []
    names: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise UsageError(f"{path}, row {number}, has no columns")
        if not names:
            names = columns_in(row, path)
        cells = {name: _text(row.get(column)) for name, column in names.items()}
        if not cells["path"]:
            raise UsageError(f"{path}, row {number}, names no file")
        label, kind = _named(cells, more, f"{path}, row {number}")
        found.append(
            Example(
                path.parent / cells["path"],
                label,
                kind,
                cells.get("source", ""),
                cells.get("split", ""),
            )
        )
    if not found:
        raise UsageError(f"{path} lists no pictures")
    return found


def columns_in(row: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Which columns of a table hold what.

    Raises
    ------
    UsageError
        There is no path, or neither label nor kind.
    """
    lower = {str(name).strip().lower(): str(name) for name in row if name is not None}
    names = {
        meaning: next((lower[n] for n in others if n in lower), "")
        for meaning, others in COLUMNS.items()
    }
    names = {meaning: column for meaning, column in names.items() if column}
    if "path" not in names or not {"label", "kind"} & names.keys():
        raise UsageError(
            f"{path} needs the columns path and label or kind; it has {', '.join(lower)}"
        )
    return names


def _named(cells: Mapping[str, str], more: Mapping[str, Label], where: str) -> tuple[Label, str]:
    said, kind = cells.get("label", ""), cells.get("kind", "")
    label = label_of(said)
    if label is None and said.lower() in _TRUE | _FALSE:
        label = "medical" if said.lower() in _TRUE else "non_medical"
    if label is not None:
        return label, kind
    # A label that is a kind: what many call the column.
    name = kind or said
    known = kind_of(name, more) if name else None
    if known is None:
        raise UsageError(
            f"{where}: {name or 'nothing'!r} does not tell whether it is medical; add a column"
            " label, or --kind NAME=LABEL"
        )
    return known[1], known[0]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    from arro3.io import read_parquet

    try:
        for batch in read_parquet(path):
            names = batch.schema.names
            columns = [batch.column(i).to_pylist() for i in range(len(names))]
            yield from (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    except Exception as error:
        raise UsageError(f"{path} is no readable Parquet file: {error}") from error
