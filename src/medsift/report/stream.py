"""What every writer does, and the one that writes to standard output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, TypeVar

from medsift.core.errors import OutputError
from medsift.core.record import Record
from medsift.report import jsonl, standard_output
from medsift.report.values import Row, row_of

_Self = TypeVar("_Self", bound="Writer")


class Writer(Protocol):
    """Takes records; on leaving its ``with`` block the output is complete.

    Every method raises :class:`~medsift.core.errors.OutputError` where the system refuses.
    """

    def write_row(self, row: Row) -> None:
        """Add a row, as :func:`medsift.report.values.row_of` makes it."""

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""

    def seal(self) -> None:
        """Make the output complete, but keep what resuming a scan would need."""

    def close(self) -> None:
        """Make the output complete and leave nothing else behind. May be called twice."""

    def write(self, record: Record) -> None:
        """Add a record."""
        self.write_row(row_of(record))

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class StreamWriter(Writer):
    """JSONL on standard output.

    Parameters
    ----------
    stream : binary stream
    alone : bool
        Whether nobody else gets the records: then the work ends when the reader leaves.
    """

    def __init__(self, stream: BinaryIO, alone: bool = True) -> None:
        self._stream = stream
        self._alone = alone

    def write_row(self, row: Row) -> None:
        """Append a row."""
        with self._read_by_somebody():
            self._stream.write(jsonl.encode(row))

    def flush(self) -> None:
        """Hand the rows to the operating system."""
        with self._read_by_somebody():
            self._stream.flush()

    def seal(self) -> None:
        """Make the output complete."""
        self.flush()

    def close(self) -> None:
        """Make the output complete and leave nothing else behind."""
        self.flush()

    @contextmanager
    def _read_by_somebody(self) -> Iterator[None]:
        try:
            with standard_output.writing(self._stream):
                yield
        except OutputError as error:
            # What follows goes nowhere, see standard_output.
            if self._alone or not isinstance(error.__cause__, BrokenPipeError):
                raise
