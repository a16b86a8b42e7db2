"""A table of labels, ``labels.csv`` or ``labels.parquet``, and the files below ``data/``."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from medsift.core.taxonomy import Label
from medsift.evaluation import tables
from medsift.evaluation.formats.files import placed
from medsift.evaluation.labelled import Example

FILES = ("labels.csv", "labels.parquet")
COLUMNS = ("path", "label", "kind", "source", "split")


def write(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder, with the table as CSV."""
    with (folder / FILES[0]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(examples, folder))


def write_parquet(examples: Sequence[Example], folder: Path) -> None:
    """Write the folder, with the table as Parquet."""
    from arro3.core import Array, DataType, Table
    from arro3.io import write_parquet as save

    columns = list(zip(*_rows(examples, folder), strict=True))
    arrays = {
        name: Array(list(column), DataType.string())
        for name, column in zip(COLUMNS, columns, strict=True)
    }
    save(Table.from_pydict(arrays), folder / FILES[1])


def read(path: Path, more: Mapping[str, Label]) -> list[Example]:
    """Read the table, or its folder."""
    if path.is_dir():
        path = next((path / name for name in FILES if (path / name).is_file()), path / FILES[0])
    return tables.read_examples(path, more)


def _rows(examples: Sequence[Example], folder: Path) -> list[tuple[str, ...]]:
    return [
        (f"data/{name}", e.label, e.kind, e.source, e.split)
        for e, name in placed(examples, folder / "data")
    ]
