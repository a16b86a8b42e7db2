"""What an earlier scan found, and what people said of pictures, as far as a later scan needs it.

Any output of any version will do, in CSV, JSON Lines or Parquet: only a few columns are read, by
name. What people said is a table with a line for each picture, as the review desk of the app gives
it in ``corrections.csv``, by itself or in its zip file.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from medsift.core.errors import UsageError
from medsift.core.taxonomy import KINDS
from medsift.report import jsonl, parquet
from medsift.report.summary import LABELS

BY_PERSON = "judged_by_person"
"""The ``reason`` of a record whose label a person gave."""

_COLUMNS = ("source", "sha256", "status", "label", "kind", "reason", "file")
_LISTED = "corrections.csv"
_MOST_BYTES = 256 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{16,64}")
_NEEDED = 16
"""Hexadecimal digits that tell pictures apart; the names of exported pictures have no more."""


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """A row of an earlier output, or a judgement.

    Attributes
    ----------
    source : str
        As outputs write it; empty for a judgement that is in no output.
    digest : str
        The first 16 hexadecimal digits of the SHA-256; empty where there is no picture.
    judgement : str
        The kind, or without one the label, that a person gave; empty otherwise.
    """

    source: str
    digest: str
    judgement: str


def digest_of(sha256: str) -> str:
    """What pictures are told apart by."""
    return sha256[:_NEEDED]


def read(name: str) -> Iterator[BaselineRow]:
    """Rows of an earlier output, or judgements.

    Parameters
    ----------
    name : str
        ``.csv``, ``.jsonl``, ``.parquet``, or the ``.zip`` of the app's review desk.

    Raises
    ------
    UsageError
        There is no such file, or it is something else.
    """
    path = Path(name)
    try:
        for row in _rows(path):
            yield _earlier(row)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error
    except (ValueError, KeyError, csv.Error, zipfile.BadZipFile, NotImplementedError) as error:
        raise UsageError(f"{name} is no output of a scan and no list of judgements: {error}") from (
            error
        )


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from parquet.read_texts(path, _COLUMNS)
    elif suffix == ".jsonl":
        for row in jsonl.read(path):
            yield {name: str(row.get(name) or "") for name in _COLUMNS}
    elif suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from _listed(archive)
    elif suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from _table(stream)
    else:
        raise ValueError("its name must end in .csv, .jsonl, .parquet or .zip")


def _listed(archive: zipfile.ZipFile) -> Iterator[dict[str, str]]:
    names = [name for name in archive.namelist() if name.rsplit("/", 1)[-1] == _LISTED]
    if not names:
        raise ValueError(f"there is no {_LISTED} in it")
    if archive.getinfo(names[0]).file_size > _MOST_BYTES:
        raise ValueError(f"its {_LISTED} is too large")
    yield from _table(io.StringIO(archive.read(names[0]).decode("utf-8-sig"), newline=""))


def _table(stream: TextIO) -> Iterator[dict[str, str]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows = csv.DictReader(stream, strict=True)
    names = set(rows.fieldnames or ())
    if not (names >= {"source", "sha256"} or names >= {"file", "label"}):
        raise ValueError("its first line names other columns")
    for row in rows:
        yield {n: (row.get(n) or "").removeprefix("'") for n in _COLUMNS if n in names}


def _earlier(row: Mapping[str, str]) -> BaselineRow:
    label, kind = row.get("label", ""), row.get("kind", "")
    listed = "file" in row and bool(row["file"])
    sha256 = row.get("sha256") or (_of_name(row["file"]) if listed else "")
    by_person = listed or BY_PERSON in row.get("reason", "").split(", ")
    judgement = (kind if kind in KINDS else label) if by_person else ""
    if by_person and (judgement not in KINDS and judgement not in LABELS):
        raise ValueError(f"a judgement of {kind or label!r}")
    if listed and not sha256:
        raise ValueError(f"{row['file']!r} does not tell which picture it is of")
    return BaselineRow("" if listed else row["source"], digest_of(sha256), judgement)


def _of_name(file: str) -> str:
    """Digest in the name of an exported picture."""
    stem = file.replace("\\", "/").rsplit("/", 1)[-1].split(".", 1)[0]
    return stem if _DIGEST.fullmatch(stem) else ""
