"""The file through which a worker hands back its outcomes.

A worker writes one line for each thing that happens: an input was begun, an outcome was
reached, an input was finished. Inputs are begun, and finished, in their order, but an input may
be begun before those ahead of it are finished: their pictures share a batch. The file outlives
the worker, so that after a crash or a time-out everything found before it is kept, and it is
known which input was at fault: the one begun last.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from medsift.core.errors import OutputError
from medsift.core.record import Record
from medsift.pipeline.outcomes import Outcome

_BINARY = ("thumbnail", "heat", "features", "pixels")
"""Fields of an outcome that are bytes."""

_END = b'{"end":'


class OutcomeWriter:
    """Appends what happens to the log of one task."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", errors="surrogatepass")

    def __enter__(self) -> OutcomeWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def begin(self, position: int) -> None:
        """Note that work on the input at ``position`` of the task begins now."""
        self._line({"begin": position, "at": time.monotonic()})

    def add(self, outcome: Outcome, position: int) -> None:
        """Note an outcome of the input at ``position``."""
        row: dict[str, object] = {"record": outcome.record.to_dict(), "of": position}
        for name in _BINARY:
            content: bytes | None = getattr(outcome, name)
            if content is not None:
                row[name] = base64.b64encode(content).decode("ascii")
        self._line(row)

    def end(self, position: int) -> None:
        """Note that all outcomes of the input at ``position`` are there."""
        self._line({"end": position})

    def _line(self, row: dict[str, object]) -> None:
        try:
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
        except OSError as error:
            text = f"cannot write to the temporary folder: {error.strerror}"
            raise OutputError(text) from error


@dataclass(slots=True)
class LoggedOutcomes:
    """How far a worker came.

    Attributes
    ----------
    finished : int
        Inputs of the task that are complete.
    begun : int or None
        Position of the input that was begun last; None where that one is complete.
    begun_at : float or None
        ``time.monotonic()`` when it was begun.
    outcomes : list of Outcome
        What is known of it.
    """

    finished: int = 0
    begun: int | None = None
    begun_at: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)


def read_finished(path: Path) -> Iterator[Sequence[Outcome]]:
    """Yield the outcomes of each complete input, in order."""
    outcomes: list[Outcome] = []
    for row in _rows(path):
        if "record" in row:
            outcomes.append(_outcome(row))
        elif "end" in row:
            yield outcomes
            outcomes = []


def finished_count(path: Path) -> int:
    """Inputs that are complete, without a look at what was found in them."""
    try:
        with path.open("rb") as file:
            return sum(line.startswith(_END) and line.endswith(b"\n") for line in file)
    except FileNotFoundError:
        return 0


def read_state(path: Path) -> LoggedOutcomes:
    """Read how far the worker came."""
    state = LoggedOutcomes()
    for row in _rows(path):
        if "begin" in row:
            state.begun = int(str(row["begin"]))
            state.begun_at = float(str(row["at"]))
            state.outcomes = []
        elif "end" in row:
            state.finished += 1
            if row["end"] == state.begun:
                state.begun = state.begun_at = None
                state.outcomes = []
        elif row["of"] == state.begun:
            state.outcomes.append(_outcome(row))
    return state


class OutcomeTail:
    """Reads the log of a task that is under way.

    Attributes
    ----------
    finished : int
        Inputs of the task that are complete, as far as it was read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.finished = 0

    def new_outcomes(self) -> list[Outcome]:
        """The outcomes that came in since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        rows = [json.loads(line) for line in complete.splitlines()]
        self.finished += sum("end" in row for row in rows)
        return [_outcome(row) for row in rows if "record" in row]


def _rows(path: Path) -> Iterator[dict[str, object]]:
    try:
        file = path.open(encoding="utf-8", errors="surrogatepass")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            if line.endswith("\n"):  # The last line of a killed worker may be torn.
                yield json.loads(line)


def _outcome(row: dict[str, object]) -> Outcome:
    record = row["record"]
    if not isinstance(record, dict):
        raise TypeError("a log holds a record that is not one")
    encoded = [row.get(name) for name in _BINARY]
    return Outcome(
        Record.from_dict(record),
        *(base64.b64decode(text) if isinstance(text, str) else None for text in encoded),
    )
