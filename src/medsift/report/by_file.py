"""The list by file: one row for each, most urgent first, as CSV or Parquet.

Rows wait in a temporary file beside the list until the scan ends and their order is known; of each
only its place there stays in memory.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import FieldType, Record
from medsift.report import parquet
from medsift.report.csv_file import inert
from medsift.report.drafts import draft_beside
from medsift.report.files import FileFound, Gathering, Shown
from medsift.report.values import clean_text

COLUMNS: dict[str, FieldType] = {
    "source": "str",
    "inside": "str",
    "verdict": "str",
    "pictures": "int",
    "medical": "int",
    "uncertain": "int",
    "non_medical": "int",
    "skipped": "int",
    "failed": "int",
    "frames": "int",
    "p_medical": "float",
    "kinds": "str",
    "with_text": "int",
    "reason": "str",
    "error": "str",
    "owner": "str",
    "modified": "str",
    "size": "int",
    "known": "str",
    "moved_from": "str",
    "hits": "str",
}
"""Columns of the list and their types."""

SUFFIXES = (".csv", ".parquet")
_MOST_HITS = 200
_MOST_FRAMES = 100


class ByFile:
    """Collects records and makes the list of them; complete when closed.

    Parameters
    ----------
    path : str
        Ends in ``.csv`` or ``.parquet``; an existing list is replaced on closing.

    Raises
    ------
    UsageError
        The name ends otherwise.
    OutputError
        The list cannot be written there.
    """

    def __init__(self, path: str) -> None:
        self._path = checked(path)
        self._gathering: Gathering | None = None
        self._places: list[tuple[tuple[int, int, float], int]] = []
        try:
            # Nameless and beside the list: nothing is left of it after a crash.
            self._rows: IO[bytes] = tempfile.TemporaryFile(  # noqa: SIM115 - closed by close
                dir=self._path.parent
            )
        except OSError as error:
            raise self._refused(error) from error

    def add(self, record: Record) -> None:
        """Add a record; those of an input follow one another."""
        if self._gathering is None or self._gathering.source != record.source:
            self._settle()
            self._gathering = Gathering(record.source)
        self._gathering.add(record)

    def add_gone(self, source: str, moved_to: str = "") -> None:
        """Add a file of an earlier scan that is there no more.

        Parameters
        ----------
        source : str
        moved_to : str
            Where its pictures are now, if they were found again.
        """
        self._settle()
        row = _row(FileFound(source), {})
        row |= {"verdict": "gone", "known": "gone", "error": f"now {moved_to}" if moved_to else ""}
        self._keep(row, (9, 0, 0.0))

    def close(self) -> None:
        """Write the list. May be called twice."""
        if self._rows.closed:
            return
        try:
            with self._rows:
                self._settle()
                draft = draft_beside(self._path)
                try:
                    if self._path.suffix.lower() == ".csv":
                        _write_csv(self._ordered(), draft)
                    else:
                        parquet.write_table(self._ordered(), draft, COLUMNS)
                    draft.replace(self._path)
                finally:
                    draft.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from error

    def __enter__(self) -> ByFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _settle(self) -> None:
        if self._gathering is None:
            return
        facts = _facts(self._gathering.source)
        for file in self._gathering.finished():
            self._keep(_row(file, facts), file.order)
        self._gathering = None

    def _keep(self, row: Mapping[str, Any], order: tuple[int, int, float]) -> None:
        try:
            self._places.append((order, self._rows.seek(0, 2)))
            self._rows.write(json.dumps(row).encode() + b"\n")
        except OSError as error:
            raise self._refused(error) from error

    def _ordered(self) -> Iterator[dict[str, Any]]:
        for _, place in sorted(self._places):
            self._rows.seek(place)
            yield json.loads(self._rows.readline())

    def _refused(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {error.strerror or error}")


def checked(path: str) -> Path:
    """The path of a list, if it can be one.

    Raises
    ------
    UsageError
        The name does not end in ``.csv`` or ``.parquet``.
    OutputError
        It cannot be written there.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"the list by file {path} must end in .csv or .parquet")
    if not target.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {target.parent}")
    if target.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder")
    return target


def _row(file: FileFound, facts: Mapping[str, Any]) -> dict[str, Any]:
    hits = [_told(shown) for shown in file.hits[:_MOST_HITS]]
    return {
        "source": clean_text(file.source),
        "inside": clean_text(file.inside),
        "verdict": file.verdict,
        "pictures": file.pictures,
        **{name: file.counts[name] for name in ("medical", "uncertain", "non_medical")},
        **{name: file.counts[name] for name in ("skipped", "failed")},
        "frames": file.frames,
        "p_medical": file.p_medical,
        "kinds": ", ".join(f"{kind} {n}" for kind, n in file.kinds.most_common()),
        "with_text": file.with_text,
        "reason": clean_text(file.reason),
        "error": clean_text(file.error),
        "owner": facts.get("owner", ""),
        "modified": facts.get("modified", ""),
        "size": facts.get("size"),
        "known": ", ".join(file.known),
        "moved_from": clean_text(", ".join(file.moved_from)),
        "hits": json.dumps(hits, ensure_ascii=False) if hits else "",
    }


def _told(shown: Shown) -> dict[str, Any]:
    record = shown.record
    told: dict[str, Any] = {
        "where": clean_text(record.locator or record.member or record.url),
        "label": record.label,
        "p_medical": record.p_medical,
        "kind": record.kind,
    }
    if shown.text_boxes is not None:
        told["text_boxes"] = shown.text_boxes
    if shown.frames:
        told["frames"] = dict(list(shown.frames.items())[:_MOST_FRAMES])
    return told


def _facts(source: str) -> dict[str, Any]:
    """Owner, time of change and size of a file; nothing for what is no file of this machine."""
    try:
        facts = Path(source).stat()
        changed = datetime.fromtimestamp(facts.st_mtime, timezone.utc)
    except (OSError, ValueError, OverflowError):
        return {}
    return {
        "owner": _owner(facts.st_uid),
        "modified": changed.isoformat(timespec="seconds"),
        "size": facts.st_size,
    }


def _owner(number: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return str(number)


def _write_csv(rows: Iterator[dict[str, Any]], path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(_line(list(COLUMNS)))
        for row in rows:
            stream.write(_line([_cell(row[name], kind) for name, kind in COLUMNS.items()]))


def _cell(value: Any, kind: FieldType) -> str:
    if value is None:
        return ""
    return inert(str(value)) if kind == "str" else repr(value)


def _line(cells: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode()
