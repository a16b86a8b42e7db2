"""Whether a scan begins anew or goes on, and what of earlier outputs it goes on from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

from medsift.core.errors import OutputError, UsageError
from medsift.core.filelock import LockFile
from medsift.report import drafts, jsonl
from medsift.report.journal import (
    Header,
    Journal,
    Line,
    check_settings,
    first_row,
    header_of,
    journal_failed,
    journal_path,
    journals_naming,
    line_of,
    lines,
)
from medsift.report.stamps import By
from medsift.report.survey import Survey, survey
from medsift.report.writers import is_parquet, layout_of, read_rows, rows_path

Mode: TypeAlias = Literal["new", "overwrite", "resume"]

LIMITS = ("max_seconds", "max_pixels", "max_memory")
"""Settings that may be raised where what has failed is done again."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a scan begins.

    Attributes
    ----------
    mode : {"new", "overwrite", "resume"}
        ``new`` refuses files that exist already, ``overwrite`` writes over them, ``resume`` goes
        on where an earlier scan into the same files ended.
    retry : bool
        When resuming, do inputs that failed again.
    by : {"time", "hash"}
        When resuming, how inputs that have changed are told.
    settings : mapping
        What the records depend on; JSON values.
    bbox_columns : bool
        New CSV files have four columns for ``bbox``.
    elsewhere : callable
        Tells of an input of the earlier scan whether this one does not look where it is, so
        that it is not missed.
    beside : tuple of str
        Further files that the scan will write; a new one refuses these as well, but speaks of
        the outputs first, as only they tell how to go on.
    """

    mode: Mode = "new"
    retry: bool = False
    by: By = "time"
    settings: Mapping[str, Any] = field(default_factory=dict)
    bbox_columns: bool = False
    elsewhere: Callable[[str], bool] = lambda _key: False
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """What a scan into files begins with.

    Attributes
    ----------
    journal : Journal
    appended : tuple of Path
        The files that rows are appended to.
    earlier : Survey or None
        What there is to go on from.
    """

    journal: Journal
    appended: tuple[Path, ...]
    earlier: Survey | None = None


def lock_all(files: Sequence[Path]) -> list[LockFile]:
    """Keep other scans away from these files, whatever else they write.

    Raises
    ------
    OutputError
        Another scan is writing one of them.
    """
    locks: list[LockFile] = []
    try:
        for file in files:
            locks.append(LockFile(lock_path(file)))
    except BlockingIOError as error:
        _release(locks)
        raise OutputError(f"another scan is writing {file}") from error
    except OSError as error:
        _release(locks)
        raise OutputError(f"cannot write {file}: {error.strerror or error}") from error
    return locks


def lock_path(file: Path) -> Path:
    """The file that is locked while another one is written."""
    real = Path(os.path.realpath(file))  # whatever links lead to it
    return real.with_name(real.name + ".lock")


def begin(files: Sequence[Path], opening: Opening) -> Opened:
    """Open the journal of a scan into files that are locked.

    Raises
    ------
    UsageError
        The files exist and are not to be overwritten, or cannot be gone on with, or not with
        these settings. Nothing was changed.
    OutputError
        The system refuses.
    """
    path = journal_path(files[0])
    try:
        if path.is_file() and path.stat().st_size and first_row(path) is None:
            raise UsageError(f"{path} would be overwritten, and is no journal of medsift")
        if opening.mode != "resume":
            return _anew(path, files, opening)
        return _resumed(path, files, opening)
    except OSError as error:
        raise journal_failed(path, error) from error


def _anew(path: Path, files: Sequence[Path], opening: Opening) -> Opened:
    others = list(journals_naming(files))
    if opening.mode == "new":
        _refuse_existing(files, others)
        refuse_existing(opening.beside)
    stale = [file for other in others for file in _rows_of(other)]
    for file in (path, *files, *stale):
        drafts.sweep(file)
    mark = drafts.new_mark()
    appended = tuple(rows_path(file, mark) for file in files)
    header = Header(_names(path, files), _names(path, appended), opening.settings)
    journal = Journal.begin(path, header)
    for other in others:
        if other != path:
            other.unlink(missing_ok=True)  # the files that it is about are about to go
    for file in stale:
        file.unlink(missing_ok=True)
    return Opened(journal, appended)


def refuse_existing(names: Sequence[str]) -> None:
    """Refuse files that a scan can only write as a whole.

    Raises
    ------
    UsageError
        One is there already.
    """
    for name in names:
        if Path(name).is_file():
            raise UsageError(f"{name} exists already: --overwrite begins anew")


def _refuse_existing(files: Sequence[Path], journals: Sequence[Path]) -> None:
    for path in journals:
        row = first_row(path) or {}
        there = [path.parent / name for name in row.get("appended", row.get("outputs", ()))]
        found = survey(path, None) if "appended" in row else Survey()
        done = found.inputs + len(found.held)
        if done and not found.finished and any(map(Path.is_file, there)):
            raise UsageError(
                f"an interrupted scan into {', '.join(row['outputs'])} had {done:,} inputs done: "
                "--resume goes on from there, --overwrite begins anew"
            )
    for file in files:
        if _holds_something(file):
            hint = "--resume goes on with it, --overwrite begins anew"
            raise UsageError(f"{file} exists already: {hint}")


def _resumed(path: Path, files: Sequence[Path], opening: Opening) -> Opened:
    there = [file for file in files if _holds_something(file)]
    if not path.is_file():
        for other in journals_naming(files):
            last = ", ".join((first_row(other) or {})["outputs"])
            raise UsageError(
                f"cannot resume: the last scan of these files wrote {last}, says {other}; give "
                "the same outputs, or --overwrite to begin anew"
            )
        if not there:
            return _anew(path, files, opening)
        raise UsageError(
            f"cannot resume {there[0]}: there is no {path.name} beside it, which tells what it was "
            "made of; --overwrite begins anew"
        )
    header = header_of(path)
    if header.outputs != _names(path, files):
        raise UsageError(
            f"cannot resume: the earlier scan wrote {', '.join(header.outputs)}; give the same "
            "outputs, or --overwrite to begin anew"
        )
    settings = _raised(header.settings, opening)
    check_settings(settings, opening.settings)
    appended = tuple(path.parent / name for name in header.appended)
    if not any(map(Path.is_file, (*files, *appended))):
        return _anew(path, files, opening)  # somebody removed all of them, to begin anew
    opened = _gone_on_with(path, files, appended)
    if settings != header.settings:
        opened.journal.close()
        new = replace(header, settings=settings)
        journal = Journal.begin(path, new, (line_of(row) for row, _, _ in _rest(path)))
        return Opened(journal, appended, survey(path, appended, files))
    return opened


def _raised(before: Mapping[str, Any], opening: Opening) -> dict[str, Any]:
    """The settings, with limits that were raised: what had failed at them is done again."""
    now = opening.settings
    raised = {
        name: now[name]
        for name in LIMITS
        if opening.retry and name in before and name in now and _is_above(now[name], before[name])
    }
    return {**before, **raised}


def _is_above(now: float, before: float) -> bool:
    # Nothing is above no bound.
    return not now or bool(before and now > before)


def _rest(path: Path) -> Iterator[Line]:
    return islice(lines(path), 1, None)


def _gone_on_with(path: Path, files: Sequence[Path], appended: tuple[Path, ...]) -> Opened:
    laid_out: dict[Path, Path] = {}
    try:
        if survey(path, None).finished:
            for file, rows in zip(files, appended, strict=True):
                if not file.is_file():
                    raise UsageError(f"cannot resume: {file} is missing beside the other outputs")
                if is_parquet(file):
                    laid_out[rows] = drafts.draft_beside(rows)
                    _lay_out(file, laid_out[rows])
        found = survey(path, [laid_out.get(rows, rows) for rows in appended], files)
        # From here on nothing is refused; until here nothing was touched, drafts included.
        for rows, draft in laid_out.items():
            draft.replace(rows)
    finally:
        for draft in laid_out.values():
            draft.unlink(missing_ok=True)
    for file in (path, *files, *appended):
        drafts.sweep(file)
    journal = Journal(path)
    try:
        if found.end < path.stat().st_size:
            os.truncate(path, found.end)
            journal.close()
            journal = Journal(path)
        journal.say("resumed")
    except BaseException:
        journal.close()
        raise
    return Opened(journal, appended, found)


def _lay_out(file: Path, draft: Path) -> None:
    """Turn a finished output back into one that can be appended to."""
    try:
        with draft.open("wb") as stream:
            for row in read_rows(file):
                stream.write(jsonl.encode(row))
    except ValueError as error:
        raise UsageError(f"cannot resume {file}: {error}") from error


def _rows_of(journal: Path) -> list[Path]:
    """Files of the journal's scan that users do not read, left behind by a kill."""
    row = first_row(journal) or {}
    inner = set(row.get("appended", ())) - set(row.get("outputs", ()))
    return [journal.parent / name for name in inner]


def _names(path: Path, files: Sequence[Path]) -> tuple[str, ...]:
    # Relative, so that a folder can be moved between two runs.
    return tuple(os.path.relpath(file, path.parent) for file in files)


def _holds_something(file: Path) -> bool:
    """Whether there are rows, or what nobody knows, in a file."""
    if not file.is_file() or not file.stat().st_size:
        return False
    return is_parquet(file) or file.stat().st_size != len(layout_of(file).header)


def _release(locks: Sequence[LockFile]) -> None:
    for lock in locks:
        lock.release()
