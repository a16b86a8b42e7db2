"""Where the hits of a scan are, for the report: folders and files, most urgent first.

Memory is bounded: of folders and files beyond the first some thousand only counts are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heappush, heappushpop
from html import escape
from itertools import count
from urllib.parse import quote

from medsift.core.record import Record
from medsift.report.breakdown import folder_of
from medsift.report.charts import phrase
from medsift.report.files import FileFound, Gathering
from medsift.report.terminal import harmless
from medsift.report.values import clean_text

_MOST_FILES = 100
_MOST_FOLDERS = 5_000
_SHOWN_FOLDERS = 25


class Hits:
    """Gathers files with medical or possibly medical pictures while records go by."""

    def __init__(self) -> None:
        self._gathering: Gathering | None = None
        self._number = count()
        # The least urgent of those that are kept lies on top.
        self._files: list[tuple[tuple[float, ...], int, FileFound]] = []
        self._folders: dict[str, Counter[str]] = {}
        self.files = 0
        """Files with a hit; an input counts once for each container inside it that has one."""

    def add(self, record: Record) -> None:
        """Add a record; those of an input follow one another."""
        if self._gathering is None or self._gathering.source != record.source:
            self._settle()
            self._gathering = Gathering(record.source)
        self._gathering.add(record)

    def tables(self) -> str:
        """Both tables as HTML; empty where there is no hit."""
        self._settle()
        if not self._files:
            return ""
        return (
            '<div class="tables">'
            f"<div><h3>By folder</h3>{self._table_of_folders()}</div>"
            f"<div><h3>By file</h3>{self._table_of_files()}</div></div>"
        )

    def _settle(self) -> None:
        if self._gathering is None:
            return
        for file in self._gathering.finished():
            if file.hits:
                self._keep(file)
        self._gathering = None

    def _keep(self, file: FileFound) -> None:
        self.files += 1
        folder = folder_of(clean_text(file.source))
        if folder in self._folders or len(self._folders) < _MOST_FOLDERS:
            counts = self._folders.setdefault(folder, Counter())
            counts["files"] += 1
            counts.update({label: file.counts[label] for label in ("medical", "uncertain")})
        urgency = tuple(-value for value in file.order)
        entry = (urgency, -next(self._number), file)
        if len(self._files) < _MOST_FILES:
            heappush(self._files, entry)
        else:
            heappushpop(self._files, entry)

    def _table_of_folders(self) -> str:
        ordered = sorted(
            self._folders.items(), key=lambda f: (-f[1]["medical"], -f[1]["uncertain"], f[0])
        )
        rows = [
            [
                _link(folder, phrase(folder, "in")),
                *(f"{c[k]:,}" for k in ("medical", "uncertain", "files")),
            ]
            for folder, c in ordered[:_SHOWN_FOLDERS]
        ]
        left = len(ordered) - len(rows)
        return _table(["folder", "medical", "uncertain", "files"], 3, rows, left, "folders")

    def _table_of_files(self) -> str:
        rows = []
        for _, _, file in sorted(self._files, key=lambda e: e[:2], reverse=True):
            source, inside = clean_text(file.source), clean_text(file.inside)
            name = f"{source} » {inside}" if inside else source
            kinds = ", ".join(f"{kind} {number:,}" for kind, number in file.kinds.most_common(3))
            counts = [f"{file.counts[label]:,}" for label in ("medical", "uncertain")]
            sought = phrase(source, "file") + (f" {phrase(inside)}" if inside else "")
            rows.append([_link(name, sought), *counts, escape(harmless(kinds))])
        left = self.files - len(rows)
        return _table(["file", "medical", "uncertain", "kinds"], 2, rows, left, "files")


def _link(name: str, text: str) -> str:
    # Long names break between their parts, where they have some.
    shown = escape(harmless(name)).replace("/", "/<wbr>").replace("_", "_<wbr>")
    return f'<a href="#text={quote(text)}">{shown}</a>'


def _table(
    names: Sequence[str], numbers: int, rows: Sequence[Sequence[str]], left: int, unit: str
) -> str:
    """A table whose second and next columns, so many, are numbers."""
    styles = ["", *[' class="number"'] * numbers, *[""] * (len(names) - 1 - numbers)]
    head = "".join(
        f'<th scope="col"{style}>{name}</th>' for name, style in zip(names, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{style}>{cell}</td>" for cell, style in zip(row, styles, strict=True))
        + "</tr>"
        for row in rows
    )
    more = f"<p>and {left:,} more {unit}</p>" if left > 0 else ""
    return f'<table class="hits"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}'
