"""What an earlier scan left, taken up input by input, in the order of the scan that goes on.

Inputs come in their order, and so do the entries of the journal. As long as both agree, records
stay where they are. Where they part, since an input is new, changed or gone, what the files hold
from there on is put into the journal and cut off, and each input takes its rows from there when its
turn comes. So the files end up as those of a scan that was never interrupted, whatever happened
in between, and a kill at any moment loses nothing: the new journal appears whole or not at all,
and until it is there the files are not touched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from medsift.core.record import Record
from medsift.report.journal import Entry, Good, Journal, header_of, held, line_of, lines
from medsift.report.opening import Opened, Opening
from medsift.report.stamps import is_gone, same
from medsift.report.survey import Survey
from medsift.report.values import Row, original_text, record_of
from medsift.report.writers import read_appended


@dataclass(frozen=True, slots=True)
class Known:
    """An input that need not be done again.

    Attributes
    ----------
    key, stamp : str
    records : sequence of Record
    written : bool
        Whether they are in the outputs already, where they belong.
    """

    key: str
    stamp: str
    records: Sequence[Record]
    written: bool


@dataclass(slots=True)
class Changes:
    """What has happened to the inputs of the earlier scan.

    Attributes
    ----------
    again : int
        Done again, since they have changed or failed.
    gone : int
        Not there any more; their records are left out.
    unnamed : int
        Not among the inputs of this scan; their records stay.
    """

    again: int = 0
    gone: int = 0
    unnamed: int = 0


class Replay:
    """The inputs of an earlier scan.

    Parameters
    ----------
    opened : Opened
    opening : Opening
    moved : callable
        Takes a new journal, and how far the files are to be kept; called at most once.
    """

    def __init__(
        self,
        opened: Opened,
        opening: Opening,
        moved: Callable[[Journal, Good | None], None],
    ) -> None:
        self.changes = Changes()
        self._path = opened.journal.path
        self._opening = opening
        self._moved = moved
        found = opened.earlier or Survey()
        self.held: dict[str, deque[int]] = found.held
        """Places in the journal of inputs that are done and not written."""
        self._known = _copy(found.held)
        # Of these, what no input of this scan has taken up.
        done = _entries(self._path)
        self._entries = islice(done, found.inputs)
        self._rows = read_appended(opened.appended[0]) if found.inputs else iter(())
        self._reading = (done, self._rows)
        self._stale = False
        self._end: int | None = None
        self._kept: Good | None = None
        self._next: Entry | None = None
        self._advance()

    def take(self, key: str, stamp: str) -> Iterator[Known]:
        """Yield what is known of the next input, if it is, after others that stay before it."""
        while self._next is not None:
            entry = self._next
            if entry.key == key and self._is_good(entry.stamp, entry.failed, stamp):
                yield self._in_place(entry)
                return
            if entry.key == key or not self._opening.elsewhere(entry.key):
                self._move()
                break
            self.changes.unnamed += 1
            yield self._in_place(entry)
        while key in self._known:
            row = self._row_at(_pop(self._known, key))
            if self._is_good(row["stamp"], row["failed"], stamp):
                yield self._from_journal(row)
                return
            self.changes.again += 1
            _pop_if(self.held, key)

    def rest(self) -> Iterator[Known]:
        """Yield what is left when all inputs have come: what stays although nobody named it."""
        while self._next is not None:
            if self._stays(self._next.key, self._next.stamp):
                self.changes.unnamed += 1
                yield self._in_place(self._next)
            else:
                self._move()
        for key in list(self._known):
            while key in self._known:
                row = self._row_at(_pop(self._known, key))
                if self._stays(key, row["stamp"]):
                    self.changes.unnamed += 1
                    yield self._from_journal(row)
                else:
                    self.changes.gone += 1
                    self._stale = True
                    _pop_if(self.held, key)

    def waiting(self) -> Iterator[list[Row]]:
        """Yield the rows of each input that is done and not written."""
        for place in sorted(chain.from_iterable(self.held.values())):
            yield self._row_at(place)["rows"]

    def completed(self, key: str) -> None:
        """Forget what waits for an input: it is written."""
        self.held.pop(key, None)

    def close(self) -> None:
        """Close the files that are read. May be called twice."""
        for reader in self._reading:
            if isinstance(reader, Generator):
                reader.close()

    def settled(self, journal: Journal) -> Journal:
        """The journal of a scan that has come to its end: nothing waits any more."""
        if not (self.held or self._stale):
            return journal
        journal.close()
        self.held.clear()
        return Journal.begin(self._path, header_of(self._path), self._lines(None, ()))

    def _is_good(self, before: str, failed: int, now: str) -> bool:
        again = self._opening.retry and failed
        return not again and same(before, now, self._opening.by)

    def _stays(self, key: str, stamp: str) -> bool:
        return self._opening.elsewhere(key) or not is_gone(key, stamp)

    def _in_place(self, entry: Entry) -> Known:
        records = [_record(row) for row in islice(self._rows, entry.rows)]
        self._kept = entry.good
        self._advance()
        return Known(entry.key, entry.stamp, records, written=True)

    def _advance(self) -> None:
        row, self._end = next(self._entries, (None, None))
        self._next = None if row is None else Entry.of(row)

    def _from_journal(self, row: Mapping[str, Any]) -> Known:
        return Known(row["held"], row["stamp"], [_record(r) for r in row["rows"]], written=False)

    def _row_at(self, place: int) -> dict[str, Any]:
        return next(lines(self._path, place))[0]

    def _move(self) -> None:
        """Put what the files hold from the next entry on into the journal, and cut it off."""
        end, waiting = self._end, sorted(chain.from_iterable(self.held.values()))
        journal = Journal.begin(self._path, header_of(self._path), self._lines(end, waiting))
        self._next = None
        self.held.clear()
        for row, start, _ in lines(self._path):
            if "held" in row:
                self.held.setdefault(row["held"], deque()).append(start)
        self._known = _copy(self.held)
        self._moved(journal, self._kept)

    def _lines(self, end: int | None, waiting: Sequence[int]) -> Iterator[bytes]:
        for row, start, _ in lines(self._path):
            if start == end:
                break
            if "done" in row:
                yield line_of(row)
        entry = self._next
        while entry is not None:
            yield line_of(held(entry.key, entry.stamp, list(islice(self._rows, entry.rows))))
            self._advance()
            entry = self._next
        for place in waiting:
            yield line_of(self._row_at(place))


def _entries(path: Path) -> Generator[tuple[dict[str, Any], int], None, None]:
    """Lines of inputs that are done, each with its offset."""
    return ((row, start) for row, start, _ in lines(path) if "done" in row)


def _record(row: Row) -> Record:
    """The record as it was before it was written: it may be written once more."""
    texts = {name: original_text(value) for name, value in row.items() if isinstance(value, str)}
    return record_of({**row, **texts})


def _copy(places: Mapping[str, deque[int]]) -> dict[str, deque[int]]:
    return {key: deque(each) for key, each in places.items()}


def _pop_if(places: dict[str, deque[int]], key: str) -> None:
    if key in places:
        _pop(places, key)


def _pop(places: dict[str, deque[int]], key: str) -> int:
    each = places[key]
    first = each.popleft()
    if not each:
        del places[key]
    return first
