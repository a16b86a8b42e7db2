"""Verdicts and kinds by origin, for the charts of the report."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from medsift.core.record import Record
from medsift.report.values import clean_text

OTHERS = "others"
_FEW_SOURCES = 12
_WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\")
_MOST_FOLDERS = 5_000


@dataclass(slots=True)
class Group:
    """Counts of one origin."""

    labels: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, label: str, kind: str) -> None:
        """Count a picture."""
        self.labels[label] += 1
        if kind:
            self.kinds[kind] += 1

    @property
    def hits(self) -> int:
        """Pictures that are medical or may be."""
        return self.labels["medical"] + self.labels["uncertain"]

    def merge(self, other: Group) -> None:
        """Count all of another group."""
        self.labels += other.labels
        self.kinds += other.kinds


class Breakdown:
    """Counts by source while there are few of them, by folder or host otherwise.

    In a folder of pictures every picture is a source of its own, which makes no chart; among
    documents the single one is what matters. Memory is bounded either way.
    """

    def __init__(self) -> None:
        self._sources: dict[str, Group] | None = {}
        self._folders: dict[str, Group] = {}

    def add(self, record: Record) -> None:
        """Count a record, if it has a verdict."""
        if record.status != "ok":
            return
        source = clean_text(record.source)
        folder = folder_of(source)
        if folder not in self._folders and len(self._folders) >= _MOST_FOLDERS:
            folder = OTHERS
        self._folders.setdefault(folder, Group()).add(record.label, record.kind)
        if self._sources is not None:
            self._sources.setdefault(source, Group()).add(record.label, record.kind)
            if len(self._sources) > _FEW_SOURCES:
                self._sources = None

    @property
    def unit(self) -> str:
        """What a group is: ``source`` or ``folder``."""
        return "folder" if self._sources is None else "source"

    def groups(self) -> list[tuple[str, Group]]:
        """Groups, most hits first and then by size, at most 12 and one for all others."""
        groups = self._folders if self._sources is None else self._sources
        ordered = sorted(groups.items(), key=lambda i: (-i[1].hits, -i[1].labels.total(), i[0]))
        kept = [item for item in ordered if item[0] != OTHERS][:_FEW_SOURCES]
        names = {name for name, _ in kept}
        rest = Group()
        for name, group in ordered:
            if name not in names:
                rest.merge(group)
        return [*kept, (OTHERS, rest)] if rest.labels.total() else kept


def folder_of(source: str) -> str:
    """The folder that a source lies in, or its host."""
    if source.startswith(("http://", "https://")):
        try:
            return urlsplit(source).netloc or source
        except ValueError:
            return source
    # Elsewhere than on Windows a backslash is a part of a name, as in the escapes of odd bytes.
    path = source.replace("\\", "/") if _WINDOWS.match(source) else source.replace(os.sep, "/")
    folder, separator, _ = path.rpartition("/")
    return folder or ("/" if separator else ".")
