"""CSV as RFC 4180 has it: commas, quotes where needed, lines that end in CR LF, UTF-8.

No byte order mark: scripts trip over it more often than spreadsheets miss it (in Excel, open
the file with *Data > From Text/CSV*). The reader accepts one.

Text from outside, such as a file name ``=HYPERLINK(...)``, must not run as a formula when a
spreadsheet opens the file. So a text cell that begins with a character that starts a formula
gets an apostrophe in front, which spreadsheets take for "this is text" (OWASP, *CSV
Injection*). A cell that begins with an apostrophe of its own gets another one, so the rule
can be undone: whoever reads the file takes one leading apostrophe off text cells, as
:func:`read` does. The other formats hold the text as it is.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from medsift.core.record import FIELDS
from medsift.report.values import Row

_STARTS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - full-width forms count too
_APOSTROPHE = "'"


def encode(row: Row) -> bytes:
    """One line, with its end."""
    return _line([_cell(row[name], kind) for name, kind in FIELDS.items()])


def encode_in_columns(row: Row) -> bytes:
    """One line with a cell for each side of boxes, to go with :data:`HEADER_IN_COLUMNS`."""
    cells: list[str] = []
    for name, kind in FIELDS.items():
        if kind == "bbox":
            cells += [_cell(side, "float") for side in row[name] or [None] * 4]
        elif kind == "box":
            cells += [_cell(side, "int") for side in row[name] or [None] * 4]
        else:
            cells.append(_cell(row[name], kind))
    return _line(cells)


def read(path: Path) -> Iterator[Row]:
    """Rows of a file that :func:`encode` or :func:`encode_in_columns` wrote.

    Raises
    ------
    ValueError
        The header or a row is not as written by medsift.
    """
    # Cells are as long as the text in them: a page of error text beats the default limit.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            lines = csv.reader(stream, strict=True)
            names = next(lines, None)
            if names not in (list(FIELDS), _names_in_columns()):
                raise ValueError("the first line does not name the fields of a record")
            in_columns = len(names) > len(FIELDS)
            for cells in lines:
                yield _row(_gathered(cells) if in_columns else cells)
        except csv.Error as error:
            raise ValueError(str(error)) from error


def inert(cell: str) -> str:
    """A text cell that no spreadsheet takes for a formula."""
    starts = cell.startswith(_STARTS_A_FORMULA) or cell.startswith(_APOSTROPHE)
    return _APOSTROPHE + cell if starts else cell


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "str":
        return inert(str(value))
    if kind in ("bbox", "box"):
        return " ".join(repr(v) for v in value)
    return repr(value)


def _names_in_columns() -> list[str]:
    sides = ("x0", "y0", "x1", "y1")
    return [
        column
        for name, kind in FIELDS.items()
        for column in ([f"{name}_{side}" for side in sides] if kind in ("bbox", "box") else [name])
    ]


def _gathered(cells: list[str]) -> list[str]:
    """Put the sides of each box back into one cell."""
    rest = iter(cells)
    gathered = [
        " ".join(islice(rest, 4)).strip() if kind in ("bbox", "box") else next(rest, "")
        for kind in FIELDS.values()
    ]
    if len(cells) != len(_names_in_columns()):
        raise ValueError(f"a row has {len(cells)} cells")
    return gathered


def _row(cells: list[str]) -> Row:
    if len(cells) != len(FIELDS):
        raise ValueError(f"a row has {len(cells)} cells instead of {len(FIELDS)}")
    return {
        name: _parsed(cell, kind) for cell, (name, kind) in zip(cells, FIELDS.items(), strict=True)
    }


def _parsed(cell: str, kind: str) -> Any:
    if kind == "str":
        return cell.removeprefix(_APOSTROPHE)
    if not cell:
        return None
    if kind == "box":
        return [int(v) for v in cell.split()]
    if kind == "bbox":
        return [float(v) for v in cell.split()]
    return int(cell) if kind == "int" else float(cell)


def _line(cells: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode()


HEADER = _line(list(FIELDS))
"""The line of field names that a CSV file begins with."""

HEADER_IN_COLUMNS = _line(_names_in_columns())
"""The same with four columns for a box: ``bbox_x0``, ``bbox_y0``, ``bbox_x1``, ``bbox_y1`` ..."""
