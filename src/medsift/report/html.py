"""The report: one page that opens from disk, without a network, with everything in it.

Records and thumbnails go into the page as blocks of JSON that its script reads; the blocks
are collected in a temporary file, so memory stays flat. A policy in the page's head lets the
browser run only this script and load nothing, whatever the text from outside may be.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import IO, Any

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.report import charts
from medsift.report.breakdown import Breakdown
from medsift.report.drafts import draft_beside
from medsift.report.files import HITS
from medsift.report.hits import Hits
from medsift.report.summary import SHOWN, ScanSummary
from medsift.report.terminal import harmless
from medsift.report.values import row_of

_SUFFIXES = (".html", ".htm")
_BLOCK = 250
_DATA_MARK = "<!-- data -->"

MOST_RECORDS = 50_000
"""Records that a page shows; more of them are counted only, or browsers would choke."""

MOST_THUMBNAIL_BYTES = 64 * 1024 * 1024
"""Thumbnails of a page in all; pictures after that are listed without."""


class ReportPage:
    """Collects records and makes a page of them; complete when closed.

    Parameters
    ----------
    path : str
        The page; an existing one is replaced on closing.

    Raises
    ------
    UsageError
        The name does not end in ``.html`` or ``.htm``.
    OutputError
        The page cannot be written there.
    """

    def __init__(self, path: str) -> None:
        self._path = _checked(path)
        self.facts: dict[str, str] = {}
        """What is to be known of the scan, for people: its scope, its date, its model."""
        self._models: dict[str, None] = {}
        self._hits = Hits()
        self._summary = ScanSummary()
        self._breakdown = Breakdown()
        self._rows: list[dict[str, Any]] = []
        self._thumbnails: list[str] = []
        self._blocks = 0
        self._hit_rows = self._other_rows = 0
        self._thumbnail_bytes = 0
        self._bare = 0
        with self._writing():
            # Nameless and beside the page: nothing is left of it after a crash.
            self._data: IO[bytes] = tempfile.TemporaryFile(  # noqa: SIM115 - closed by close
                dir=self._path.parent
            )

    def add(
        self, record: Record, thumbnail: bytes | None = None, heat: bytes | None = None
    ) -> None:
        """Add a record.

        Parameters
        ----------
        record : Record
        thumbnail : bytes or None
            As :func:`medsift.report.images.thumbnail` makes it.
        heat : bytes or None
            What of the picture speaks for medical, to be laid over the thumbnail: columns and
            rows, a byte each, then the evidence in eighths as signed bytes.
        """
        self._summary.add(record)
        self._breakdown.add(record)
        self._hits.add(record)
        if record.model:
            self._models[record.model] = None
        hit = record.label in HITS
        # Hits come first, and so they have room of their own.
        if self._hit_rows >= MOST_RECORDS if hit else self._other_rows >= MOST_RECORDS:
            return
        self._hit_rows += hit
        self._other_rows += not hit
        row = row_of(record)
        if thumbnail is not None and record.status == "ok":
            # What is no hit gets no more than half of what hits may have.
            most = MOST_THUMBNAIL_BYTES if hit else MOST_THUMBNAIL_BYTES // 2
            if self._thumbnail_bytes + len(thumbnail) <= most:
                self._thumbnail_bytes += len(thumbnail)
                row["thumbnail"] = [self._blocks, len(self._thumbnails)]
                self._thumbnails.append(base64.b64encode(thumbnail).decode("ascii"))
                if heat is not None:
                    row["heat"] = base64.b64encode(heat).decode("ascii")
            else:
                self._bare += 1
        self._rows.append(row)
        if len(self._rows) >= _BLOCK:
            self._flush()

    def close(self) -> None:
        """Write the page. May be called twice."""
        if self._data.closed:
            return
        with self._data, self._writing():
            self._flush()
            self._data.seek(0)
            head, tail = self._frame()
            draft = draft_beside(self._path)
            try:
                with draft.open("wb") as page:
                    page.write(head)
                    shutil.copyfileobj(self._data, page)
                    page.write(tail)
                draft.replace(self._path)
            finally:
                draft.unlink(missing_ok=True)

    def __enter__(self) -> ReportPage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _flush(self) -> None:
        with self._writing():
            self._data.write(_block("records", self._rows))
            self._data.write(_block("thumbnails", self._thumbnails))
        self._rows, self._thumbnails = [], []
        self._blocks += 1

    def _frame(self) -> tuple[bytes, bytes]:
        """What comes before the data, and what comes after."""
        style, script = _part("page.css"), _part("page.js")
        page = Template(_part("page.html")).substitute(
            policy=_policy(style, script),
            style=style,
            script=script,
            separator=os.sep,
            sentence=escape(self._summary.sentence()),
            facts=_facts({**self.facts, "model": ", ".join(self._models)}),
            hits=self._hits.tables() or "<p>Nothing medical, and nothing that may be.</p>",
            tiles=_tiles(self._summary),
            note=self._note(),
            overview=_overview(self._summary, self._breakdown),
        )
        head, _, tail = page.partition(_DATA_MARK)
        return head.encode(), tail.encode()

    def _note(self) -> str:
        total = sum(self._summary.labels.values()) + self._summary.skipped + self._summary.failed
        notes = []
        shown = self._hit_rows + self._other_rows
        if shown < total:
            notes.append(
                f"This page shows the first {shown:,} of {total:,} records, hits before others; "
                "the counts are of all."
            )
        if self._bare:
            notes.append(f"{self._bare:,} pictures have no preview, to keep the page usable.")
        return f'<p class="note">{" ".join(notes)}</p>' if notes else ""

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error


def _checked(path: str) -> Path:
    target = Path(path)
    if target.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"the report {path} must end in .html")
    if not target.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {target.parent}")
    if target.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder")
    return target


def _part(name: str) -> str:
    return files("medsift.report").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    # The digests name the two inline parts; nothing else runs, and nothing is loaded.
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _block(name: str, content: list[Any]) -> bytes:
    # ASCII without "<": no text can end the block, or begin a comment in it.
    text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" data-block="{name}">{text}</script>\n'.encode()


def _facts(facts: Mapping[str, str]) -> str:
    """Facts of the scan as a list of terms."""
    return "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(harmless(value))}</dd>"
        for name, value in facts.items()
        if value
    )


def _tiles(summary: ScanSummary) -> str:
    counts = [(label, summary.labels[label], label) for label in SHOWN]
    counts += [("skipped", summary.skipped, ""), ("failed", summary.failed, "failed")]
    return "".join(
        f'<li class="{style}"><strong>{number:,}</strong> {name}</li>'
        for name, number, style in counts
    )


def _overview(summary: ScanSummary, breakdown: Breakdown) -> str:
    groups = breakdown.groups()
    if not groups:
        return "<p>No picture got a verdict.</p>"
    legend = "".join(
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{label}" width="10" '
        f'height="10" rx="2"/></svg>{label}</li>'
        for label in SHOWN
    )
    legend = f'<ul class="legend">{legend}</ul>'
    unit = breakdown.unit
    parts = [
        _chart(f"Verdicts by {unit}", legend + charts.verdicts(groups, unit)),
        _chart("Kinds", legend + charts.kinds(summary.kinds)),
        _chart(f"Kinds by {unit}", charts.kinds_by_group(groups, unit), "wide"),
    ]
    return f'<div class="charts">{"".join(parts)}</div>'


def _chart(title: str, content: str, style: str = "") -> str:
    return f'<div class="chart {style}"><h3>{escape(title)}</h3>{content}</div>'
