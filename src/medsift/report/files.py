"""What a scan found, file by file: what somebody can act on.

A *file* is an input, or the deepest container inside it that has a name of its own: an attachment
of a mail, a document in an archive. Several frames of one picture (an animation, a volume, a cine
loop) count once, by the one that is most medical, with all frames beneath.

Records do not tell which part of ``member`` is a container, so that is told by its name: a part
that is called as containers are, or the member itself where it has pages. A container with another
name is told as part of what is around it, and never left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePosixPath

from medsift.core.record import Record
from medsift.report.summary import LABELS

VERDICTS = ("medical", "uncertain", "failed", "non_medical", "skipped")
"""What a file is called by: the first of these that something in it is."""

HITS = ("medical", "uncertain")
"""Labels of what is medical or possibly so."""

_RANK = {verdict: place for place, verdict in enumerate(VERDICTS)}
_CONTAINERS = frozenset(
    f".{suffix}"
    for suffix in (
        *("7z", "bz2", "cbz", "gz", "rar", "tar", "tbz2", "tgz", "txz", "xz", "zip", "zst"),
        *("doc", "docm", "docx", "dot", "dotx", "odt", "rtf", "epub", "pdf", "xps"),
        *("pot", "potx", "pps", "ppsx", "ppt", "pptm", "pptx", "odg", "odp", "key"),
        *("xls", "xlsb", "xlsm", "xlsx", "ods"),
        *("eml", "mbox", "mht", "mhtml", "msg", "tnef", "htm", "html", "wacz", "warc"),
    )
)


@dataclass(slots=True)
class Shown:
    """A picture of a file, with its frames.

    Attributes
    ----------
    record : Record
        Of its most medical frame.
    frames : dict of int to float
        Number of each frame to its probability of being medical; empty for what has none.
    text_boxes : int or None
        Lines of text in it, the most of its frames and panels; None where nobody looked.
    """

    record: Record
    frames: dict[int, float] = field(default_factory=dict)
    text_boxes: int | None = None

    def take(self, record: Record) -> None:
        """Add one of its frames or panels, or the whole."""
        if record.text_boxes is not None:
            self.text_boxes = max(self.text_boxes or 0, record.text_boxes)
        if _urgency(record) < _urgency(self.record):
            self.record = record


@dataclass(slots=True)
class FileFound:
    """What was found in one file.

    Attributes
    ----------
    source : str
        The input.
    inside : str
        Path of the container inside it; empty for the input itself.
    hits : list of Shown
        Its medical and possibly medical pictures; surest first when complete.
    counts : Counter
        Pictures by label, and ``skipped`` and ``failed`` records.
    frames : int
        Frames of its pictures that have several.
    p_medical : float or None
        The highest probability of its pictures; None where none has a verdict.
    known, moved_from : dict of str to None
        What comparing with an earlier scan told of its pictures, each once, in order.
    reason, error : str
        Of the first failure; without one, of the first record that was skipped.
    """

    source: str
    inside: str = ""
    hits: list[Shown] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    p_medical: float | None = None
    known: dict[str, None] = field(default_factory=dict)
    moved_from: dict[str, None] = field(default_factory=dict)
    reason: str = ""
    error: str = ""

    @property
    def verdict(self) -> str:
        """The first of :data:`VERDICTS` that something in it is."""
        return next((v for v in VERDICTS if self.counts[v]), "skipped")

    @property
    def pictures(self) -> int:
        """How many have a verdict."""
        return sum(self.counts[label] for label in LABELS)

    @property
    def kinds(self) -> Counter[str]:
        """Kinds of its medical and possibly medical pictures."""
        return Counter(p.record.kind for p in self.hits if p.record.kind)

    @property
    def with_text(self) -> int | None:
        """How many of these have text burnt in; None where nobody looked."""
        looked = [shown.text_boxes for shown in self.hits if shown.text_boxes is not None]
        return sum(boxes > 0 for boxes in looked) if looked else None

    @property
    def order(self) -> tuple[int, int, float]:
        """Sorts files: most urgent first."""
        return (_RANK[self.verdict], -self.counts[self.verdict], -(self.p_medical or 0.0))


class Gathering:
    """The files of one input while its records come.

    Memory grows with its hits and its pictures of several frames, not with all that is in it.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._files: dict[str, FileFound] = {}
        self._whole: Shown | None = None
        self._several: dict[tuple[str, str, int | None, str], Shown] = {}

    def add(self, record: Record) -> None:
        """Add a record of the input."""
        inside = container_of(record)
        file = self._files.setdefault(inside, FileFound(self.source, inside))
        if record.status != "ok":
            if not file.reason or (record.status == "failed" and not file.counts["failed"]):
                file.reason, file.error = record.reason, record.error
            file.counts[record.status] += 1
            return
        file.p_medical = max(file.p_medical or 0.0, record.p_medical or 0.0)
        if record.known:
            file.known[record.known] = None
        if record.moved_from:
            file.moved_from[record.moved_from] = None
        if record.panel is not None and self._whole is not None:
            # A part of the picture before it: together they count once, by the most medical.
            self._whole.take(record)
            return
        if record.frame is None:
            self._settle()
            self._whole = Shown(record)
            self._whole.take(record)
            return
        file.frames += 1
        key = (record.member, record.url, record.page, record.sha256)
        shown = self._several.setdefault(key, Shown(record))
        shown.frames[record.frame] = record.p_medical or 0.0
        shown.take(record)

    def _settle(self) -> None:
        if self._whole is not None:
            _count(self._files[container_of(self._whole.record)], self._whole)
            self._whole = None

    def finished(self) -> Iterator[FileFound]:
        """Yield the files, in the order in which they were found; to be asked once."""
        self._settle()
        for shown in self._several.values():
            _count(self._files[container_of(shown.record)], shown)
        for file in self._files.values():
            file.hits.sort(key=lambda shown: _urgency(shown.record))
            yield file


def files_in(records: Iterable[Record]) -> Iterator[FileFound]:
    """Gather the records of inputs by file.

    Parameters
    ----------
    records : iterable of Record
        Those of an input follow one another.
    """
    for source, group in groupby(records, key=lambda record: record.source):
        gathering = Gathering(source)
        for record in group:
            gathering.add(record)
        yield from gathering.finished()


def container_of(record: Record) -> str:
    """Path of the deepest named container inside the input that a record is of."""
    if record.page is not None and record.member:
        return record.member
    parts = record.member.split("/") if record.member else []
    while parts and PurePosixPath(parts[-1]).suffix.lower() not in _CONTAINERS:
        parts.pop()
    return "/".join(parts)


def _count(file: FileFound, shown: Shown) -> None:
    file.counts[shown.record.label] += 1
    if shown.record.label in HITS:
        file.hits.append(shown)


def _urgency(record: Record) -> tuple[int, float]:
    return (_RANK.get(record.label, len(_RANK)), -(record.p_medical or 0.0))
