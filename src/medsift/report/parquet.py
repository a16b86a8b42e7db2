"""Parquet: typed columns, for pandas, DuckDB, Spark and whatever else reads Arrow.

The writer is medsift's own, since the smallest library that writes such files takes 35 MB, a
seventh of what all of medsift may take. It writes flat columns and two of lists, in the plainest
of the ways that the format allows, and :func:`read` reads these again and no others.

A Parquet file has its directory at its end and cannot be appended to, so it is made in one
go from rows that were collected as JSON Lines, see ``report.writers``. Numbers of fields, types
and encodings are those of the format's ``parquet.thrift``,
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from medsift.core.errors import OutputError
from medsift.core.record import FIELDS, FieldType
from medsift.report import jsonl, thrift
from medsift.report.parquet_pages import Page, decode, encode
from medsift.report.thrift import i32, i64, sequence, structure, text
from medsift.report.values import Row

_MAGIC = b"PAR1"
_CREATED_BY = "medsift"
_BATCH_ROWS = 4096
"""Rows of a page."""
_GROUP_ROWS = 65_536
"""Rows of a row group: few enough to be held in memory, compressed, while it is made."""

_INT64, _DOUBLE, _BYTE_ARRAY = 2, 5, 6
_REQUIRED, _OPTIONAL, _REPEATED = 0, 1, 2
_UTF8, _LIST = 0, 3
_PLAIN, _RLE = 0, 3
_GZIP = 2
_TYPES: dict[FieldType, int] = {
    "str": _BYTE_ARRAY,
    "int": _INT64,
    "float": _DOUBLE,
    "bbox": _DOUBLE,
    "box": _INT64,
}


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
    with path.open("wb") as stream:
        _write(rows, stream, {}, columns)


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
        with path.open("wb") as stream:
            _write(jsonl.read(rows), stream, facts or {})
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def read(path: Path) -> Iterator[Row]:
    """Rows of a file that :func:`write` made.

    Raises
    ------
    ValueError
        It is no Parquet file, or has other columns, or was made by another program.
    """
    with path.open("rb") as stream:
        directory = _directory(stream)
        for group in directory.get(4, []):
            yield from _read_group(stream, group)


def read_texts(path: Path, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Some text columns of a file that :func:`write` made, also of one with other columns.

    Parameters
    ----------
    path : Path
    names : sequence of str
        Columns; those that the file lacks are left out.

    Raises
    ------
    ValueError
        It is no Parquet file, or was made by another program.
    """
    with path.open("rb") as stream:
        for group in _directory(stream, any_columns=True).get(4, []):
            places = {}
            try:
                for facts in (chunk[3] for chunk in group[1]):
                    if facts[1] == _BYTE_ARRAY:
                        places[facts[3][0].decode()] = (facts[9], facts[7])
            except (KeyError, TypeError, IndexError, AttributeError) as error:
                raise ValueError("a damaged directory") from error
            there = [name for name in names if name in places]
            columns = []
            for start, length in (places[name] for name in there):
                stream.seek(start)
                columns.append(_values(stream.read(length), "str"))
            for values in zip(*columns, strict=True):
                yield dict(zip(there, values, strict=True))


@dataclass(slots=True)
class _Column:
    pages: list[Page] = field(default_factory=list)


def _write(
    rows: Iterator[Row],
    stream: BinaryIO,
    facts: Mapping[str, str],
    fields: Mapping[str, FieldType] = FIELDS,
) -> None:
    stream.write(_MAGIC)
    groups: list[thrift.Value] = []
    total = waiting = 0
    columns = {name: _Column() for name in fields}
    while batch := list(islice(rows, min(_BATCH_ROWS, _GROUP_ROWS - waiting))):
        for name, kind in fields.items():
            columns[name].pages.append(encode([row[name] for row in batch], kind))
        waiting += len(batch)
        total += len(batch)
        if waiting == _GROUP_ROWS:
            groups.append(_write_group(columns, waiting, stream, fields))
            waiting = 0
    if waiting:
        groups.append(_write_group(columns, waiting, stream, fields))
    said = [structure({1: text(key), 2: text(value)}) for key, value in facts.items()]
    _, directory = structure(
        {
            1: i32(1),
            2: sequence(_schema(fields)),
            3: i64(total),
            4: sequence(groups),
            **({5: sequence(said)} if said else {}),
            6: text(_CREATED_BY),
        }
    )
    stream.write(directory + len(directory).to_bytes(4, "little") + _MAGIC)


def _write_group(
    columns: dict[str, _Column], rows: int, stream: BinaryIO, fields: Mapping[str, FieldType]
) -> thrift.Value:
    """Write the pages that wait, and tell where they are."""
    chunks = []
    plain_total = 0
    for name, column in columns.items():
        start = stream.tell()
        for page in column.pages:
            stream.write(page.data)
        plain = sum(page.plain_size for page in column.pages)
        chunks.append(_chunk(name, fields[name], column.pages, start, plain, stream.tell() - start))
        plain_total += plain
        column.pages = []
    return structure({1: sequence(chunks), 2: i64(plain_total), 3: i64(rows)})


def _chunk(
    name: str, kind: FieldType, pages: list[Page], start: int, plain: int, packed: int
) -> thrift.Value:
    path = [name, "list", "element"] if kind in ("bbox", "box") else [name]
    facts = {
        1: i32(_TYPES[kind]),
        2: sequence([i32(_PLAIN), i32(_RLE)]),
        3: sequence([text(part) for part in path]),
        4: i32(_GZIP),
        5: i64(sum(page.values for page in pages)),
        6: i64(plain),
        7: i64(packed),
        9: i64(start),
    }
    return structure({2: i64(start), 3: structure(facts)})


def _schema(fields: Mapping[str, FieldType] = FIELDS) -> list[thrift.Value]:
    elements = [structure({4: text("record"), 5: i32(len(fields))})]
    for name, kind in fields.items():
        if kind in ("bbox", "box"):
            elements += _schema_of_list(name, _TYPES[kind])
            continue
        needed = _REQUIRED if kind == "str" else _OPTIONAL
        facts = {1: i32(_TYPES[kind]), 3: i32(needed), 4: text(name)}
        if kind == "str":
            # The logical type, and what older readers know in its place.
            facts |= {6: i32(_UTF8), 10: structure({1: structure({})})}
        elements.append(structure(facts))
    return elements


def _schema_of_list(name: str, element: int) -> list[thrift.Value]:
    logical = structure({3: structure({})})
    return [
        structure({3: i32(_OPTIONAL), 4: text(name), 5: i32(1), 6: i32(_LIST), 10: logical}),
        structure({3: i32(_REPEATED), 4: text("list"), 5: i32(1)}),
        structure({1: i32(element), 3: i32(_REQUIRED), 4: text("element")}),
    ]


def _directory(stream: BinaryIO, any_columns: bool = False) -> dict[int, Any]:
    """Read what the end of the file tells of the rest."""
    head = stream.read(4)
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 8))
    tail = stream.read(8)
    length = int.from_bytes(tail[:4], "little")
    if head != _MAGIC or tail[4:] != _MAGIC or length + 12 > size:
        raise ValueError("not a Parquet file, or only a part of one")
    stream.seek(size - 8 - length)
    directory = thrift.Reader(stream.read(length)).structure()
    if directory.get(6) != _CREATED_BY.encode():
        raise ValueError("a Parquet file of another program")
    if not any_columns and directory.get(2) != _plain_schema():
        raise ValueError("its columns are not the fields of a record")
    return directory


def _plain_schema() -> list[dict[int, Any]]:
    return [thrift.Reader(data).structure() for _, data in _schema()]


def _read_group(stream: BinaryIO, group: dict[int, Any]) -> Iterator[Row]:
    try:
        rows = group[3]
        places = [(chunk[3][9], chunk[3][7]) for chunk in group[1]]
    except (KeyError, TypeError) as error:
        raise ValueError("a damaged directory") from error
    if len(places) != len(FIELDS):
        raise ValueError("a damaged directory")
    columns = []
    for (start, length), kind in zip(places, FIELDS.values(), strict=True):
        stream.seek(start)
        columns.append(_values(stream.read(length), kind))
    found = 0
    for values in zip(*columns, strict=True):
        yield dict(zip(FIELDS, values, strict=True))
        found += 1
    if found != rows:
        raise ValueError("a row group with other than the stated number of rows")


def _values(data: bytes, kind: FieldType) -> Iterator[Any]:
    """Yield the values of a column page by page; only the compressed ones stay in memory."""
    place = 0
    while place < len(data):
        values, place = decode(data, place, kind)
        yield from values
