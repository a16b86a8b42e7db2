"""Counts over all records of a scan."""

from __future__ import annotations

from collections import Counter

from medsift.core.record import Record

LABELS = ("medical", "non_medical", "uncertain")


class Summary:
    """Counts what goes by."""

    def __init__(self) -> None:
        self.labels: Counter[str] = Counter(dict.fromkeys(LABELS, 0))
        """Pictures by label, of those that got one."""
        self.kinds: Counter[tuple[str, str]] = Counter()
        """Pictures by label and kind, of those that got one."""
        self.pictures = 0
        """Pictures that were found, also those that were skipped then."""
        self.skipped = 0
        self.failed = 0
        self.inputs = 0
        """Inputs that gave a record; the records of an input follow on one another."""
        self._source: str | None = None

    def add(self, record: Record) -> None:
        """Count a record."""
        if record.source != self._source:
            self._source = record.source
            self.inputs += 1
        if record.status == "ok" or record.width is not None:
            self.pictures += 1
        if record.status == "failed":
            self.failed += 1
        elif record.status == "skipped":
            self.skipped += 1
        else:
            self.labels[record.label] += 1
            if record.kind:
                self.kinds[record.label, record.kind] += 1

    def sentence(self, seconds: float | None = None) -> str:
        """All counts in one line.

        Parameters
        ----------
        seconds : float, optional
            How long it took.
        """
        verdicts = ", ".join(f"{self.labels[label]:,} {label}" for label in LABELS)
        line = f"{_many(self.inputs, 'input')}, {_many(self.pictures, 'picture')}: {verdicts}"
        line += f"; {self.skipped:,} skipped, {self.failed:,} failed"
        return line if seconds is None else f"{line}; {seconds:.1f} s"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
