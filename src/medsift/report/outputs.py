"""All outputs of one scan, written together, and resumed together.

The unit of resuming is an *input*: :meth:`Outputs.write` takes its records one by one,
:meth:`Outputs.complete` says that it is done. The records between two calls of ``complete``
belong to the input of the second call; records of two inputs must not be mixed. What is done before
its turn waits in the journal, see :meth:`Outputs.hold`.

A scan begins anew, and refuses to write over what exists unless it is told to; or it goes on, and
:meth:`Outputs.recall` gives what is known of an input already. What the records depend on, the
settings, must be the same as before: a reader of the table expects one model and one threshold.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.report.journal import Entry, Good, Journal, journal_path
from medsift.report.opening import Opening, begin, lock_all, lock_path
from medsift.report.replay import Changes, Known, Replay
from medsift.report.stream import StreamWriter, Writer
from medsift.report.values import row_of
from medsift.report.writers import (
    STANDARD_OUTPUT,
    LineWriter,
    ParquetWriter,
    checked,
    open_file,
)

_NEW = Opening()


class Outputs:
    """The open outputs of a scan; made by :func:`open_outputs`.

    As a context manager it finishes on a clean exit, and stays open to resuming after an
    exception (which an interrupt from the keyboard is, too).
    """

    def __init__(self, paths: Sequence[Path], streams: Sequence[Writer], opening: Opening) -> None:
        self._closed = False
        self._begun = False
        self._rows = self._failed = 0
        self._files: list[LineWriter | ParquetWriter] = []
        self._writers: list[Writer] = list(streams)
        self._journal: Journal | None = None
        self._earlier: Replay | None = None
        self.paths: tuple[Path, ...] = ()
        """All files that are written, which are no inputs of the scan."""
        self._locks = lock_all(paths)
        try:
            if paths:
                self._open(paths, opening)
        except BaseException:
            self._abandon()
            raise

    def _open(self, paths: Sequence[Path], opening: Opening) -> None:
        opened = begin(paths, opening)
        self._journal = opened.journal
        self.paths = (*paths, *opened.appended, *own_files(paths))
        good = opened.earlier.good if opened.earlier else None
        self._begun = opened.earlier is not None
        zeros = (0,) * len(paths)
        kept = (good.sizes, good.sums) if good else (zeros, zeros)
        for path, rows, size, checksum in zip(paths, opened.appended, *kept, strict=True):
            columns = opening.bbox_columns
            self._files.append(open_file(path, rows, size, checksum, columns))
            self._writers.append(self._files[-1])
        self._earlier = Replay(opened, opening, self._moved)

    def recall(self, key: str, stamp: str) -> Iterator[Known]:
        """Yield what an earlier run found in an input, if that still holds.

        To be asked for each input, in their order. What is yielded before is of inputs that stay
        before it; their key is another one.
        """
        if self._earlier:
            yield from self._earlier.take(key, stamp)

    def leftover(self) -> Iterator[Known]:
        """Yield what an earlier run found and this one did not come upon; to be asked last."""
        if self._earlier:
            yield from self._earlier.rest()

    @property
    def changes(self) -> Changes:
        """What has happened to the inputs of the earlier run, as far as it is known."""
        return self._earlier.changes if self._earlier else Changes()

    def write(self, record: Record) -> None:
        """Add a record to every output."""
        self._begun = True
        self._rows += 1
        self._failed += record.status == "failed"
        row = row_of(record)
        for writer in self._writers:
            writer.write_row(row)

    def complete(self, key: str, stamp: str = "") -> None:
        """Say that all records of an input are written.

        Parameters
        ----------
        key : str
            Names the input, in this run and in those that resume it.
        stamp : str
            Tells whether it has changed, see :mod:`medsift.report.stamps`.
        """
        self._begun = True
        for writer in self._writers:
            writer.flush()
        if self._journal and self._earlier:
            self._journal.complete(Entry(key, stamp, self._rows, self._failed, self._good()))
            self._earlier.completed(key)
        self._rows = self._failed = 0

    def hold(self, key: str, stamp: str, records: Sequence[Record]) -> None:
        """Keep the records of an input whose turn has not come, so that a kill does not lose them.

        They are to be written all the same, when it comes.
        """
        if self._journal and self._earlier:
            self._begun = True
            place = self._journal.hold(key, stamp, [row_of(record) for record in records])
            self._earlier.held.setdefault(key, deque()).append(place)

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
        if not (finished or self._begun):
            self._abandon()
            return
        with ExitStack() as all_of_them:
            # Each is closed even if another one fails; the first failure is what is raised.
            self._close_files(all_of_them)
            with ExitStack() as sealing:
                for writer in self._writers:
                    sealing.callback(writer.seal)
                if not finished:
                    self._show_waiting()
            if finished:
                if self._journal and self._earlier:
                    self._journal = self._earlier.settled(self._journal)
                    all_of_them.callback(self._journal.close)
                    self._journal.say("finished")
                # Last of all: a journal that is not finished would need their rows.
                for writer in self._writers:
                    all_of_them.callback(writer.close)

    def _close_files(self, stack: ExitStack) -> None:
        """Have everything closed and unlocked at the end, whatever interrupts the steps before."""
        for lock in self._locks:
            stack.callback(lock.release)
        if self._journal:
            stack.callback(self._journal.close)
        if self._earlier:
            stack.callback(self._earlier.close)
        for file in self._files:
            stack.callback(file.leave)

    def _show_waiting(self) -> None:
        """Put what waits for its turn at the end, to be read; resuming puts it where it belongs."""
        if self._earlier:
            for rows in self._earlier.waiting():
                for writer in self._writers:
                    for row in rows:
                        writer.write_row(row)

    def _good(self) -> Good:
        sizes = tuple(file.size for file in self._files)
        return Good(sizes, tuple(file.checksum for file in self._files))

    def _moved(self, journal: Journal, kept: Good | None) -> None:
        if self._journal:
            self._journal.close()
        self._journal = journal
        zeros = (0,) * len(self._files)
        places = zip(kept.sizes, kept.sums, strict=True) if kept else zip(zeros, zeros, strict=True)
        for file, (size, checksum) in zip(self._files, places, strict=True):
            file.rewind(size, checksum)

    def _abandon(self) -> None:
        """Close everything before anything was found: nothing is left to resume."""
        self._closed = True
        with ExitStack() as all_of_them:
            for lock in self._locks:
                all_of_them.callback(lock.release)
            if self._earlier:
                all_of_them.callback(self._earlier.close)
            if self._journal:
                # Beside the table of an earlier scan, it tells that this one was to replace it.
                stays = self._begun or any(
                    isinstance(file, ParquetWriter) and file.path.is_file() for file in self._files
                )
                gone = self._journal.close if stays else self._journal.remove
                all_of_them.callback(gone)
            for file in self._files:
                all_of_them.callback(file.leave if self._begun else file.drop)

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(finished=kind is None)


def open_outputs(paths: Sequence[str], opening: Opening = _NEW) -> Outputs:
    """Open all outputs of a scan, after checking that each can be written.

    Parameters
    ----------
    paths : sequence of str
        Files in ``.csv``, ``.jsonl`` or ``.parquet``, and ``-`` for JSONL on standard output.
    opening : Opening
        Anew, or where an earlier scan into the same files ended.

    Raises
    ------
    UsageError
        An unknown suffix, the same output twice, nothing to resume into; a file that exists and
        is not to be overwritten, or was not written by the scan that is to be resumed, or that
        scan had other settings. Nothing was changed.
    OutputError
        A file cannot be written, or another scan is writing it.
    """
    files = [checked(path) for path in paths if path != STANDARD_OUTPUT]
    places = [os.path.realpath(file) for file in files]
    to_stdout = list(paths).count(STANDARD_OUTPUT)
    if len(set(places)) < len(places) or to_stdout > 1:
        raise UsageError("an output is given twice")
    resume = opening.mode == "resume"
    if resume and not files:
        raise UsageError("resuming needs an output file to continue")
    if opening.retry and not resume:
        raise UsageError("failed inputs can be done again only when resuming")
    # In order of name: the same set of outputs finds the same journal, however it is given.
    files = [file for _, file in sorted(zip(places, files, strict=True))]
    streams = [StreamWriter(sys.stdout.buffer, alone=not files)] * to_stdout
    return Outputs(files, streams, opening)


def own_files(files: Sequence[Path]) -> list[Path]:
    """What a scan into these files keeps beside them."""
    return [own for file in files for own in (journal_path(file), lock_path(file))]


def paths_of(paths: Sequence[str]) -> list[Path]:
    """All files that a scan into these outputs may write, but for those of passing names."""
    files = [Path(path) for path in paths if path != STANDARD_OUTPUT]
    return [*files, *own_files(files)]
