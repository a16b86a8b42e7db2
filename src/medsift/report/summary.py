"""Counts over all records of a scan."""

from __future__ import annotations

from collections import Counter

from medsift.core.record import Record

LABELS = ("medical", "non_medical", "uncertain")

SHOWN = ("medical", "uncertain", "non_medical")
"""The same in the order in which people look at them."""

_MOST = 4


class ScanSummary:
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
        self.found = 0
        """Records: pictures, and inputs or parts of them that gave none."""
        self.reasons: dict[str, Counter[str]] = {"skipped": Counter(), "failed": Counter()}
        """Why, of those that got no label."""
        self.hit_inputs = 0
        """Inputs with a medical or uncertain picture."""
        self.medical_inputs = 0
        self._source: str | None = None
        self._hit: str = ""

    def add(self, record: Record) -> None:
        """Count a record."""
        if record.source != self._source:
            self._source = record.source
            self._hit = ""
            self.inputs += 1
        self.found += 1
        if record.status == "ok" or record.width is not None:
            self.pictures += 1
        if record.status == "failed":
            self.failed += 1
            self.reasons["failed"][record.reason] += 1
        elif record.status == "skipped":
            self.skipped += 1
            self.reasons["skipped"][record.reason] += 1
        else:
            self._look_at(record.label)
            self.labels[record.label] += 1
            if record.kind:
                self.kinds[record.label, record.kind] += 1

    def sentence(self, seconds: float | None = None) -> str:
        """All counts in one line, which add up: found = judged + skipped + failed.

        Parameters
        ----------
        seconds : float, optional
            How long it took.
        """
        verdicts = ", ".join(f"{self.labels[label]:,} {label}" for label in SHOWN)
        line = f"{_many(self.inputs, 'input')}: {self.found:,} found = "
        line += f"{self.judged:,} judged ({verdicts})"
        line += f" + {self.skipped:,} skipped{self._why('skipped')}"
        line += f" + {self.failed:,} failed{self._why('failed')}"
        return line if seconds is None else f"{line}; {seconds:.1f} s"

    @property
    def judged(self) -> int:
        """Pictures that got a label."""
        return self.labels.total()

    def to_look_at(self) -> str:
        """How many inputs hold something medical or uncertain, in one line."""
        return (
            f"to look at: {self.hit_inputs:,} of {_many(self.inputs, 'input')}"
            f" ({percent(self.hit_inputs, self.inputs)}), {self.medical_inputs:,} of them medical"
        )

    def _look_at(self, label: str) -> None:
        if label == "medical" and self._hit != "medical":
            self.medical_inputs += 1
        if label in ("medical", "uncertain"):
            self.hit_inputs += not self._hit
            self._hit = label if self._hit != "medical" else self._hit

    def _why(self, status: str) -> str:
        ordered = sorted(self.reasons[status].items(), key=lambda item: (-item[1], item[0]))
        named = [f"{number:,} {reason or 'without a reason'}" for reason, number in ordered[:_MOST]]
        if rest := sum(number for _, number in ordered[_MOST:]):
            named.append(f"{rest:,} for other reasons")
        return f" ({', '.join(named)})" if named else ""


def percent(part: int, whole: int) -> str:
    """A share as people read it: never 0 % of something, nor 100 % of less than all."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if part and share < 0.1:
        return "less than 0.1 %"
    if part < whole and share > 99.9:
        return "more than 99.9 %"
    return f"{share:.0f} %" if share == round(share) else f"{share:.1f} %"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
