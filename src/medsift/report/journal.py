"""Which inputs a scan has finished, with what settings, and how far its files were good by then.

The journal lies beside the outputs and stays there, so that a scan can be continued whether it was
interrupted or came to its end. Its first line says what it is about; after that comes a line for
each input whose records are all written, in their order::

    {"medsift_journal": 2, "outputs": ["a.csv", "b.parquet"], "appended": ["a.csv", "b.par..."],
     "fields": ["source", ...], "settings": {"threshold": 0.6, ...}}
    {"done": "scans/1.png", "stamp": "file:5:77", "rows": 1, "failed": 0, "bytes": [5, 4],
     "sums": [7, 8]}
    {"held": "scans/3.png", "stamp": "file:9:78", "failed": 0, "rows": [{"source": ...}]}
    {"done": "scans/2.png", ...}
    {"state": "finished"}

``done`` names the input, not what its records call their source: a crawled page gives records of
many addresses. ``stamp`` tells whether the input has changed since, see
:mod:`medsift.report.stamps`. ``bytes`` and ``sums`` (CRC-32) are of each file up to there.

``held`` is the work on an input that ended before its turn, since one ahead of it takes long: its
rows wait here until they can be written in order, and a kill does not lose them.

One line covers all files of the scan, so they cannot disagree about what is finished, and it
is written after the rows have left the process, so a kill at any moment leaves either both or
no line. On resuming, whatever lies behind the last good line is cut off: the rows of an input
that was not finished, and the torn half of a row. A line whose bytes are not there (the
machine, not the process, went down) ends what counts as good.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import FIELDS
from medsift.report.drafts import draft_beside
from medsift.report.values import Row

VERSION = 2
SUFFIX = ".journal"
_SPOKEN = {"possible_from": "--recall, as a bound of p,", "medsift": "medsift of version"}

Line: TypeAlias = "tuple[dict[str, Any], int, int]"
"""A line of a journal, with the offsets of its start and its end."""


@dataclass(frozen=True, slots=True)
class Good:
    """How far the files of a scan are good, in the order of the files."""

    sizes: tuple[int, ...]
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An input whose records are all written.

    Attributes
    ----------
    key : str
        Names the input.
    stamp : str
        Tells whether it has changed.
    rows, failed : int
        Its records, and how many of them failed.
    good : Good
        How far the files are good with them.
    """

    key: str
    stamp: str
    rows: int
    failed: int
    good: Good

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Entry:
        """From a line of the journal."""
        good = Good(tuple(row["bytes"]), tuple(row["sums"]))
        return cls(row["done"], row["stamp"], int(row["rows"]), int(row["failed"]), good)


@dataclass(frozen=True, slots=True)
class Header:
    """What a journal is about.

    Attributes
    ----------
    outputs : tuple of str
        The files that users read, relative to the folder of the journal, so that it can be moved
        with them.
    appended : tuple of str
        The files that rows are appended to.
    settings : mapping
        What the records depend on, besides the inputs; JSON values.
    """

    outputs: tuple[str, ...]
    appended: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As the first line of a journal."""
        return {
            "medsift_journal": VERSION,
            "outputs": list(self.outputs),
            "appended": list(self.appended),
            "fields": list(FIELDS),
            "settings": dict(self.settings),
        }


class Journal:
    """A journal that is written; made by :meth:`begin`, or opened to go on with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Unbuffered: each line is with the system when the method that writes it returns.
        self._stream = path.open("ab", buffering=0)
        self._end = self._stream.seek(0, os.SEEK_END)

    @classmethod
    def begin(cls, path: Path, header: Header, lines: Iterable[bytes] = ()) -> Journal:
        """Start a journal, in place of any other; it appears whole or not at all.

        Parameters
        ----------
        path : Path
        header : Header
        lines : iterable of bytes
            What it holds besides, as :func:`line_of` makes them.
        """
        draft = draft_beside(path)
        try:
            with draft.open("wb") as stream:
                stream.write(line_of(header.to_dict()))
                stream.writelines(lines)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return cls(path)

    def complete(self, entry: Entry) -> None:
        """Note that all rows of an input are in the files."""
        self._append(
            {
                "done": entry.key,
                "stamp": entry.stamp,
                "rows": entry.rows,
                "failed": entry.failed,
                "bytes": entry.good.sizes,
                "sums": entry.good.sums,
            }
        )

    def hold(self, key: str, stamp: str, rows: Sequence[Row]) -> int:
        """Keep the rows of an input whose turn has not come; gives the place of the line."""
        place = self._end
        self._append(held(key, stamp, rows))
        return place

    def say(self, state: str) -> None:
        """Note that the scan is ``finished``, or goes on: ``resumed``."""
        self._append({"state": state})
        with suppress(OSError):
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Leave the journal where it is, for another run to resume. May be called twice."""
        self._stream.close()

    def remove(self) -> None:
        """Take the journal away: there is nothing that it could tell."""
        self._stream.close()
        self.path.unlink(missing_ok=True)

    def _append(self, row: dict[str, Any]) -> None:
        line = memoryview(line_of(row))
        written = 0
        try:
            while written < len(line):
                written += self._stream.write(line[written:]) or 0
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, self._end)  # or the next line would follow half of one
            raise journal_failed(self.path, error) from error
        self._end += written


def journal_path(output: Path) -> Path:
    """Where the journal of a scan lies whose first output, in order of name, is ``output``."""
    return output.with_name(output.name + SUFFIX)


def held(key: str, stamp: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The line that keeps the rows of an input until its turn comes."""
    failed = sum(row["status"] == "failed" for row in rows)
    return {"held": key, "stamp": stamp, "failed": failed, "rows": list(rows)}


def line_of(row: Mapping[str, Any]) -> bytes:
    """A line of a journal."""
    # ASCII only: keys come back exactly, also file names that are not valid text.
    return json.dumps(row, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def lines(path: Path, start: int = 0) -> Iterator[Line]:
    """Whole lines from an offset on; stops at a torn one."""
    with path.open("rb") as stream:
        stream.seek(start)
        for line in stream:
            end = start + len(line)
            if not line.endswith(b"\n"):
                return
            try:
                row = json.loads(line)
            except ValueError:
                return
            if not isinstance(row, dict):
                return
            yield row, start, end
            start = end


def first_row(path: Path) -> dict[str, Any] | None:
    """The first line of a journal of any version; None where the file is none."""
    try:
        row = next((row for row, _, _ in lines(path)), None)
    except FileNotFoundError:
        return None
    return row if row is not None and "medsift_journal" in row else None


def header_of(path: Path) -> Header:
    """What the journal at a path is about.

    Raises
    ------
    UsageError
        It is of another version of medsift, or no journal at all.
    """
    row = first_row(path)
    if row is None:
        raise UsageError(f"cannot resume: {path} is no journal of a scan")
    if row["medsift_journal"] != VERSION or row.get("fields") != list(FIELDS):
        raise UsageError(
            f"cannot resume: {path} was not written by this version of medsift; --overwrite "
            "begins anew"
        )
    return Header(tuple(row["outputs"]), tuple(row["appended"]), row["settings"])


def journals_naming(files: Sequence[Path]) -> Iterator[Path]:
    """Journals of scans, also of other sets of outputs, that wrote these files."""
    for folder in {file.parent for file in files}:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            row = first_row(path) or {}
            places = {os.path.realpath(folder / name) for name in row.get("outputs", ())}
            if any(os.path.realpath(file) in places for file in files):
                yield path


def check_settings(before: Mapping[str, Any], now: Mapping[str, Any] | None) -> None:
    """Refuse to put records of different settings into one output.

    Raises
    ------
    UsageError
        A setting differs.
    """
    for name, value in (now or {}).items():
        if before.get(name) != value:
            had = f"had {_spoken(name)} {_shown(before[name])}" if name in before else "is older"
            raise UsageError(
                f"cannot resume: the earlier scan {had}, this one has {_spoken(name)} "
                f"{_shown(value)}; give the same options, or --overwrite to begin anew"
            )


def journal_failed(path: Path, error: OSError) -> OutputError:
    """What is raised where the system refuses to write a journal."""
    return OutputError(f"cannot write {path}: {error.strerror or error}")


def _spoken(name: str) -> str:
    return _SPOKEN.get(name, name.replace("_", " "))


def _shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
