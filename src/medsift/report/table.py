"""The table for people at a terminal: one line a record, printed as it comes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection
from typing import TextIO

from medsift.core.record import Record
from medsift.core.taxonomy import KINDS
from medsift.report import standard_output
from medsift.report.summary import ScanSummary
from medsift.report.terminal import harmless, padded, shortened

_GAP = "  "
_LABEL, _P, _SIZE = 11, 4, 11
_KIND = max(map(len, KINDS))
_KIND_NARROW = 17
_NARROW = 110
"""Terminals of fewer columns do without the size, and cut the longest kinds."""
_LEAST_ELASTIC = 24
_SOURCE_UNCUT = 40
_UNBOUNDED = 10_000
_COLOURS = {
    "medical": "\033[1;36m",
    "uncertain": "\033[33m",
    "failed": "\033[31m",
    "non_medical": "",
    "skipped": "\033[2m",
}
_RESET = "\033[0m"


class Table:
    """Prints records as lines of fixed columns, and counts at the end.

    On a terminal, lines are cut to its width; elsewhere (a pipe, a file) nothing is cut.
    Colour shows on a terminal only, and not where ``NO_COLOR`` is set (https://no-color.org).

    Parameters
    ----------
    stream : text stream, optional
        Standard output by default.
    only : collection of str
        Labels, and ``skipped`` and ``failed``, whose lines are printed; all where it is empty.
        Everything counts.
    """

    def __init__(self, stream: TextIO | None = None, only: Collection[str] = ()) -> None:
        self._stream = stream or sys.stdout
        terminal = self._stream.isatty()
        self._colour = (
            terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )
        width = shutil.get_terminal_size().columns if terminal else _UNBOUNDED
        self._sized = width >= _NARROW
        self._kind = _KIND if width >= _NARROW else _KIND_NARROW
        fixed = _LABEL + _P + self._kind + 4 * len(_GAP)
        fixed += _SIZE + len(_GAP) if self._sized else 0
        elastic = max(_LEAST_ELASTIC, width - fixed)
        self._cut = terminal
        self._source = elastic // 2 if terminal else _SOURCE_UNCUT
        self._where = elastic - self._source
        self._begun = False
        self._only = frozenset(only)
        self.summary = ScanSummary()

    def add(self, record: Record) -> None:
        """Print one record."""
        self.summary.add(record)
        verdict = record.label if record.status == "ok" else record.status
        if self._only and verdict not in self._only:
            return
        if not self._begun:
            self._begun = True
            self._line("label", "P", "kind", "size", "source", "where")
        self._line(
            verdict,
            "" if record.p_medical is None else f"{record.p_medical:.2f}",
            record.kind,
            f"{record.width}x{record.height}" if record.width and record.height else "",
            record.source,
            _where(record),
        )

    def tell_gone(self, source: str, moved_to: str) -> None:
        """Print a file of an earlier scan that is there no more, and where it is now."""
        self._begun = True
        self._line("gone", "", "", "", source, f"now {moved_to}" if moved_to else "")

    def finish(self, seconds: float) -> None:
        """Print the counts, see :meth:`medsift.report.summary.ScanSummary.sentence`."""
        if self._begun:
            self._print("")
        self._print(self.summary.sentence(seconds))
        with standard_output.writing(self._stream):
            self._stream.flush()

    def _line(self, verdict: str, p: str, kind: str, size: str, source: str, where: str) -> None:
        coloured = padded(harmless(verdict), _LABEL)
        colour = _COLOURS.get(verdict, "") if self._colour else ""
        if colour:
            coloured = f"{colour}{coloured}{_RESET}"
        source = harmless(source)
        cells = [coloured, padded(p, _P), padded(harmless(kind), self._kind)]
        if self._sized:
            cells.append(padded(size, _SIZE))
        if self._cut:
            cells.append(padded(source, self._source, keep_end=True))
        else:
            cells.append(source.ljust(self._source))
        cells.append(shortened(harmless(where), self._where))
        self._print(_GAP.join(cells).rstrip())

    def _print(self, line: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        with standard_output.writing(self._stream):
            self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def _where(record: Record) -> str:
    """Locator, why there is no clear verdict, and how much text is burnt in."""
    place = record.locator or record.member
    lines = record.text_boxes
    text = f"{lines} line{'s' if lines > 1 else ''} of text" if lines else ""
    return "; ".join(part for part in (place, record.error or record.reason, text) if part)
