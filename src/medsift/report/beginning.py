"""Whether a scan begins anew or goes on, and what of earlier outputs it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsift.core.errors import OutputError
from medsift.core.record import FIELDS
from medsift.report import jsonl, retry
from medsift.report.journal import (
    Checkpoint,
    Journal,
    check_settings,
    journal_path,
    journals_naming,
    settings_of,
)
from medsift.report.writers import read_rows, rows_path


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a scan begins.

    Attributes
    ----------
    resume : bool
        Go on where an earlier scan into the same files ended.
    retry : bool
        Do inputs that failed again.
    settings : mapping
        What the records depend on; JSON values.
    bbox_columns : bool
        New CSV files have four columns for ``bbox``.
    """

    resume: bool = False
    retry: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    bbox_columns: bool = False


def open_journal(
    files: Sequence[Path], beginning: Beginning
) -> tuple[Journal | None, Checkpoint | None]:
    """Open the journal of a scan into these files; with a checkpoint where it goes on.

    Raises
    ------
    OutputError
        The files cannot be gone on with, or not with these settings.
    """
    if not files:
        return None, None
    path = journal_path(files[0])
    appended = [rows_path(file) for file in files]
    settings = dict(beginning.settings)
    try:
        if not beginning.resume:
            return _begin(path, appended, settings), None
        if path.is_file():
            retry.finish(appended, str(settings_of(path).get(retry.SWAP, "")))
            journal, checkpoint = Journal.resume(path, appended, settings)
        else:
            _check_finished(files, appended)
            if not files[0].is_file():
                return _begin(path, appended, settings), None
            journal, checkpoint = _adopt(path, files, settings)
        if beginning.retry:
            return retry.without_failures(journal, checkpoint, files, appended, settings)
    except OSError as error:
        raise journal_failed(path, error) from error
    return journal, checkpoint


def _check_finished(files: Sequence[Path], appended: Sequence[Path]) -> None:
    for other in journals_naming(appended):
        raise OutputError(f"{other} is of an interrupted scan with other outputs as well")
    missing = [str(file) for file in files if not file.is_file()]
    if missing and len(missing) < len(files):
        raise OutputError(f"cannot resume: there is no {missing[0]} beside the other outputs")


def _begin(path: Path, appended: Sequence[Path], settings: Mapping[str, Any]) -> Journal:
    stale = [other for other in journals_naming(appended) if other != path]
    journal = Journal.begin(path, appended, settings=settings)
    for other in stale:
        # Its files are about to be overwritten.
        other.unlink(missing_ok=True)
    return journal


def _adopt(
    path: Path, files: Sequence[Path], settings: Mapping[str, Any]
) -> tuple[Journal, Checkpoint]:
    """Turn finished outputs back into ones that can be appended to."""
    found = [_sources(file, settings) for file in files]
    for file, sources in zip(files, found, strict=True):
        if sources != found[0]:
            raise OutputError(f"cannot resume: {file} and {files[0]} hold different scans")
    keys = frozenset(found[0])
    appended = [rows_path(file) for file in files]
    sizes = tuple(file.stat().st_size for file in appended)
    journal = Journal.begin(path, appended, ((key, sizes) for key in keys), settings)
    return journal, Checkpoint(keys, sizes)


def _sources(file: Path, settings: Mapping[str, Any]) -> set[str]:
    """Sources named in a finished output; where rows live elsewhere, they are laid out anew."""
    sources = set()
    rows = rows_path(file)
    with ExitStack() as stack:
        copy = stack.enter_context(rows.open("wb")) if rows != file else None
        try:
            for row in read_rows(file):
                if row.keys() != FIELDS.keys():
                    raise ValueError("a row does not have the fields of a record")
                sources.add(row["source"])
                if row["model"]:
                    check_settings({"model": row["model"]}, settings)
                if copy:
                    copy.write(jsonl.encode(row))
        except ValueError as error:
            raise OutputError(f"cannot resume {file}: {error}") from error
    return sources


def journal_failed(path: Path, error: OSError) -> OutputError:
    """What is raised where the system refuses to write a journal."""
    return OutputError(f"cannot write {path}: {error.strerror or error}")
