"""All outputs of one scan, written together, and resumed together.

The unit of resuming is an *input*: :meth:`Outputs.write` takes its records one by one,
:meth:`Outputs.complete` says that it is done. The records between two calls of ``complete``
belong to the input of the second call; records of two inputs must not be mixed.

What ``resume`` finds decides what it does:

* a journal: the last scan was interrupted. Everything up to its last finished input is kept,
  the rest is cut off;
* outputs without a journal: the last scan was finished. All rows are kept, and the inputs
  named in them are complete;
* neither: a new scan begins.

An input is complete when its records are written, also where they say that it failed. With
``retry_failed``, inputs with a failed record are taken out of the outputs first, and so are done
again. What the records depend on, the settings, must be the same as before: a reader of the table
expects one model and one threshold.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.report.beginning import Beginning, journal_failed, open_journal
from medsift.report.journal import journal_path
from medsift.report.values import clean_text, record_of, row_of
from medsift.report.writers import (
    STANDARD_OUTPUT,
    LineWriter,
    ParquetWriter,
    StreamWriter,
    Writer,
    checked,
    open_file,
    read_kept,
    rows_path,
)


class Outputs:
    """The open outputs of a scan; made by :func:`open_outputs`.

    As a context manager it finishes on a clean exit, and stays open to resuming after an
    exception (which an interrupt from the keyboard is, too).
    """

    def __init__(
        self, paths: Sequence[Path], streams: Sequence[Writer], beginning: Beginning
    ) -> None:
        self._closed = False
        self._begun = False
        self._journal, checkpoint = open_journal(paths, beginning)
        self.completed: frozenset[str] = checkpoint.keys if checkpoint else frozenset()
        """Inputs that an earlier run finished."""
        keep = checkpoint.sizes if checkpoint else (0,) * len(paths)
        self._kept = paths[0] if checkpoint and any(keep) else None
        self._files: list[LineWriter | ParquetWriter] = []
        self._writers: list[Writer] = list(streams)
        try:
            for path, size in zip(paths, keep, strict=True):
                self._files.append(open_file(path, size, beginning.bbox_columns))
                self._writers.append(self._files[-1])
        except BaseException:
            self.close(finished=False)
            raise

    def is_complete(self, key: str) -> bool:
        """Whether an earlier run finished this input, so that it can be left out."""
        # A finished output holds names as they could be written, a journal as they are.
        return key in self.completed or clean_text(key) in self.completed

    def kept(self) -> Iterator[Record]:
        """Yield the records that an earlier run wrote and this one goes on from.

        To be read before the first :meth:`write`, for counts and reports of the whole scan.
        """
        if self._kept:
            yield from map(record_of, read_kept(self._kept))

    def write(self, record: Record) -> None:
        """Add a record to every output."""
        self._begun = True
        row = row_of(record)
        for writer in self._writers:
            writer.write_row(row)

    def complete(self, key: str) -> None:
        """Say that all records of an input are written; ``key`` is their ``source``."""
        self._begun = True
        for writer in self._writers:
            writer.flush()
        if self._journal:
            try:
                self._journal.complete(key, [file.size for file in self._files])
            except OSError as error:
                raise journal_failed(self._journal.path, error) from error

    def close(self, finished: bool = True) -> None:
        """Make every output complete and readable; only the first call counts.

        Parameters
        ----------
        finished : bool
            False after an interruption: what resuming needs is kept beside the outputs.
        """
        if self._closed:
            return
        self._closed = True
        with ExitStack() as all_of_them:
            # Each is closed even if another one fails; the first failure is what is raised.
            for writer in self._writers:
                all_of_them.callback(writer.seal)
            if self._journal:
                all_of_them.callback(self._journal.close)
        if finished or not (self._begun or self.completed):
            if self._journal:
                self._journal.remove()
            # Last of all: without a journal nothing needs them, the other way round it does.
            for writer in self._writers:
                writer.close()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(finished=kind is None)


def open_outputs(
    paths: Sequence[str],
    resume: bool = False,
    *,
    retry_failed: bool = False,
    settings: Mapping[str, Any] | None = None,
    bbox_columns: bool = False,
) -> Outputs:
    """Open all outputs of a scan, after checking that each can be written.

    Parameters
    ----------
    paths : sequence of str
        Files in ``.csv``, ``.jsonl`` or ``.parquet``, and ``-`` for JSONL on standard output.
    resume : bool
        Continue where an earlier scan into the same files ended. Without it they are
        overwritten.
    retry_failed : bool
        When resuming, do inputs that failed again.
    settings : mapping, optional
        What the records depend on, besides the inputs, as JSON values; ``model`` among them is
        compared with finished outputs as well.
    bbox_columns : bool
        Give ``bbox`` four columns in new CSV files.

    Raises
    ------
    UsageError
        An unknown suffix, the same output twice, or nothing to resume into.
    OutputError
        A file cannot be written, or was not written by the scan that is to be resumed, or that
        scan had other settings.
    """
    files = [checked(path) for path in paths if path != STANDARD_OUTPUT]
    places = [os.path.realpath(file) for file in files]
    to_stdout = list(paths).count(STANDARD_OUTPUT)
    if len(set(places)) < len(places) or to_stdout > 1:
        raise UsageError("an output is given twice")
    if resume and not files:
        raise UsageError("resuming needs an output file to continue")
    # In order of name: the same set of outputs finds the same journal, however it is given.
    files = [file for _, file in sorted(zip(places, files, strict=True))]
    if retry_failed and not resume:
        raise UsageError("failed inputs can be done again only when resuming")
    streams = [StreamWriter(sys.stdout.buffer)] * to_stdout
    return Outputs(files, streams, Beginning(resume, retry_failed, settings or {}, bbox_columns))


def paths_of(paths: Sequence[str]) -> list[Path]:
    """All files that a scan into these outputs may write, with those that resuming needs."""
    files = [Path(path) for path in paths if path != STANDARD_OUTPUT]
    return [own for file in files for own in (file, journal_path(file), rows_path(file))]
