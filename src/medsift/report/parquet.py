"""Parquet: typed columns, for pandas, DuckDB, Spark and whatever else reads Arrow.

A Parquet file has its directory at its end and cannot be appended to, so it is made in one
go from rows that were collected as JSON Lines, see ``report.writers``; reading gives such lines
again. Both are done by a library, in a process of its own, see :mod:`medsift.core.arrow`.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from medsift.core import arrow
from medsift.core.errors import OutputError
from medsift.core.record import FIELDS, FieldType
from medsift.report import jsonl
from medsift.report.values import Row

_GROUP_ROWS = 65_536
"""Rows of a row group: few enough to be held in memory while it is made."""


def write_table(rows: Iterator[Row], path: Path, columns: Mapping[str, FieldType]) -> None:
    """Make a Parquet file of rows with columns of one's own.

    Parameters
    ----------
    rows : iterator of dict
    path : Path
    columns : mapping of str to str
        Names of all columns, in order, to their types.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with tempfile.TemporaryFile(dir=path.parent) as lines:
        lines.writelines(map(jsonl.encode, rows))
        lines.seek(0)
        _write(cast("BinaryIO", lines), path, columns, {})


def write(rows: Path, path: Path, facts: Mapping[str, str] | None = None) -> None:
    """Make a Parquet file of rows in JSON Lines; memory does not grow with their number.

    Parameters
    ----------
    rows : Path
        As :mod:`medsift.report.jsonl` writes them.
    path : Path
    facts : mapping, optional
        Kept in the directory of the file, as key-value metadata.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    try:
        with rows.open("rb") as lines:
            _write(lines, path, FIELDS, facts or {})
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def read(path: Path) -> Iterator[Row]:
    """Rows of a file that :func:`write` made.

    Raises
    ------
    ValueError
        It is no Parquet file, or has other columns.
    """
    with _reading(path, ()) as lines:
        if list(json.loads(next(lines)).items()) != list(FIELDS.items()):
            raise ValueError("its columns are not the fields of a record")
        yield from map(json.loads, lines)


def read_texts(path: Path, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Some text columns of a file, which may have others.

    Parameters
    ----------
    path : Path
    names : sequence of str
        Columns; those that the file lacks are left out.

    Raises
    ------
    ValueError
        It is no Parquet file.
    """
    with _reading(path, names) as lines:
        next(lines)
        for line in lines:
            yield {name: value or "" for name, value in json.loads(line).items()}


def _write(
    lines: BinaryIO, path: Path, columns: Mapping[str, FieldType], facts: Mapping[str, str]
) -> None:
    with path.open("wb") as stream:
        words = (json.dumps(columns), json.dumps(facts), str(_GROUP_ROWS))
        code = subprocess.run(  # noqa: S603
            _child("write", *words),
            stdin=lines,
            stdout=stream,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
    if code:
        number = code if code in errno.errorcode and code > 1 else errno.EIO
        raise OSError(number, os.strerror(number))


@contextmanager
def _reading(path: Path, names: Sequence[str]) -> Iterator[Iterator[bytes]]:
    """The types of columns as one line of JSON, and a line for each row.

    Raises
    ------
    ValueError
        They end before the file does.
    """
    with (
        path.open("rb") as file,
        subprocess.Popen(  # noqa: S603
            _child("read", json.dumps(names)),
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            yield _lines(process)
        finally:
            process.kill()


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    found = False
    for line in cast("BinaryIO", process.stdout):
        found = True
        if line.endswith(b"\n"):
            yield line
    if process.wait() or not found:
        raise ValueError("not a Parquet file, or a damaged one")


def _child(*words: str) -> list[str]:
    folder = arrow.installed_at()
    if folder is None:
        raise OSError(errno.ENOENT, "arro3-io is not installed")
    child = str(Path(__file__).with_name("parquet_child.py"))
    return [sys.executable, "-I", "-S", child, folder, *words]
