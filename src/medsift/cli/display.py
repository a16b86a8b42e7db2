"""What ``medsift scan`` shows while it works: progress, table, report, summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from medsift._version import __version__
from medsift.report.by_file import ByFile
from medsift.report.html import ReportPage
from medsift.report.replay import Changes
from medsift.report.summary import ScanSummary
from medsift.report.table import Table
from medsift.report.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from medsift.cli.scan_request import DisplayRequest, Looked, OutputRequest
    from medsift.pipeline.options import ScanOptions
    from medsift.pipeline.outcomes import Examined
    from medsift.pipeline.since import Since
    from medsift.report.features_file import FeaturesFile

_COUNTED_AHEAD = 200_000
"""Above so many inputs, listing them to know the total would delay the work."""


class ScanDisplay:
    """All that people see of a scan; a context manager around the work.

    Progress shows on a terminal only, on standard error; the table goes to standard output
    where no output was asked for.

    Parameters
    ----------
    looked : Looked
    written : OutputRequest
    shown : DisplayRequest
    """

    def __init__(self, looked: Looked, written: OutputRequest, shown: DisplayRequest) -> None:
        self._shown = shown
        self._written = written
        self._table = Table(only=shown.only) if shown.table else None
        self.summary = self._table.summary if self._table else ScanSummary()
        # Made on entering: what is refused before that has nothing to close.
        self._report: ReportPage | None = None
        self._by_file: ByFile | None = None
        self._features: FeaturesFile | None = None
        self._facts: dict[str, str] = {}
        self._scope = (*looked.inputs, *looked.lists)
        self._names = looked.inputs if shown.progress and sys.stderr.isatty() else None
        # How many series there are is known when all their headers have been read.
        self._countable = not (looked.by_series or looked.lists)
        self._bar: Any = None
        self._changes = Changes()
        self._since = ""
        self._recall: float | None = None
        self._started = time.monotonic()

    def __enter__(self) -> ScanDisplay:
        written = self._written
        if written.report:
            self._report = ReportPage(written.report)
            self._report.facts = self._facts
        self._by_file = ByFile(written.by_file) if written.by_file else None
        self._features = _features_file(written.features)
        if self._names is not None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=_total(self._names) if self._countable else None,
                unit=" inputs",
                dynamic_ncols=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ExitStack() as stack:
            if self._bar is not None:
                stack.callback(self._bar.close)
            if self._report is not None:
                # An interrupted scan leaves a page of what was finished.
                stack.callback(self._report.close)
            if self._by_file is not None:
                stack.callback(self._by_file.close)
            if self._features is not None:
                stack.callback(self._features.close)

    def show(self, examined: Examined) -> None:
        """Show all outcomes of one input; those of an earlier run only count."""
        with self._above_bar():
            for outcome in examined.outcomes:
                if self._table and not examined.earlier:
                    self._table.add(outcome.record)
                else:
                    self.summary.add(outcome.record)
                if self._by_file:
                    self._by_file.add(outcome.record)
                if self._features and outcome.features is not None:
                    self._features.add(outcome.record, outcome.features)
                if self._report:
                    self._report.add(outcome.record, outcome.thumbnail, outcome.heat)
        if self._bar is not None:
            self._bar.update()

    def announce(self, options: ScanOptions) -> None:
        """Tell before the work what ``--recall`` means and costs, and the report what is asked."""
        bound = options.recall_bound
        self._recall = options.recall
        if self._written.report:
            self._facts = self._facts_of(options, bound.threshold if bound else None)
        if bound is None or not self._shown.summary:
            return
        from medsift.classify import store
        from medsift.classify.card import read_card
        from medsift.classify.recall_spec import sentence

        spec = read_card(store.find(options.model)).recall
        if spec is not None:
            sys.stderr.write(f"recall {bound.recall:g}: {sentence(spec, bound)}\n")

    def _facts_of(self, options: ScanOptions, possible_from: float | None) -> dict[str, str]:
        settings = options.settings
        facts = {
            "scope": ", ".join(self._scope),
            "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
            "medsift": __version__,
            "uncertain": f"below a confidence of {settings['threshold']:g}",
        }
        if options.recall is not None and possible_from is not None:
            facts["recall"] = (
                f"{options.recall:g} of medical pictures; from p {possible_from:.2g} on they are"
                " possibly medical and so uncertain, not non_medical"
            )
        return facts

    def note(self, changes: Changes, since: Since) -> None:
        """Tell at the end what has happened to the inputs of earlier runs."""
        self._changes = changes
        if not since.compares:
            return
        from medsift.pipeline.since import STATES

        counts = ", ".join(f"{since.counts[state]:,} {state}" for state in STATES)
        files = list(since.gone())
        for file in files:
            if self._by_file:
                self._by_file.add_gone(file.source, file.moved_to)
            if self._table:
                self._table.tell_gone(file.source, file.moved_to)
        self._since = f"pictures: {counts}; {len(files):,} gone files"

    def sum_up(self, interrupted: bool) -> None:
        """Print the counts, where the report is, and whether the work was cut short."""
        if not self._shown.summary:
            return
        seconds = time.monotonic() - self._started
        if self._table:
            self._table.finish(seconds)
        else:
            sys.stderr.write(self.summary.sentence(seconds) + "\n")
        if self._recall is not None:
            sys.stderr.write(self.summary.to_look_at() + "\n")
        if self._since:
            sys.stderr.write(self._since + "\n")
        if told := _told(self._changes):
            sys.stderr.write(f"since the earlier scan: {told}\n")
        if self._written.report:
            sys.stderr.write(f"report: {harmless(self._written.report)}\n")
        if interrupted:
            hint = (
                "; --resume with the same --output goes on from here"
                if self._written.are_kept
                else ""
            )
            sys.stderr.write(f"interrupted{hint}\n")

    @contextmanager
    def _above_bar(self) -> Iterator[None]:
        if self._bar is None or self._table is None:
            yield
            return
        with self._bar.external_write_mode(file=sys.stdout):
            yield


def _told(changes: Changes) -> str:
    parts = [
        (changes.again, "done again, as they have changed or had failed"),
        (changes.gone, "gone, their records are left out"),
        (changes.unnamed, "not among the inputs now, their records stay"),
    ]
    return "; ".join(f"{number:,} {what}" for number, what in parts if number)


def _total(names: Sequence[str]) -> int | None:
    """Number of inputs where it can be known quickly, for the time left."""
    from medsift.sources.inputs import expand

    if "-" in names:
        return None
    count = 0
    for _ in expand(names):
        count += 1
        if count > _COUNTED_AHEAD:
            return None
    return count


def _features_file(path: Path | None) -> FeaturesFile | None:
    if path is None:
        return None
    from medsift.report.features_file import FeaturesFile

    return FeaturesFile(path)
