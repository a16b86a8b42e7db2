"""What has changed since an earlier scan: new, known, moved, copied and gone pictures.

Pictures are the same where their bytes are. One at another place than before has moved if none of
its earlier files is there any more, and was copied otherwise. An earlier file is gone if this scan
did not come upon it and it lies nowhere on this machine.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace

from medsift.core.record import Record
from medsift.pipeline.outcomes import Examined
from medsift.report import baseline
from medsift.report.values import clean_text, original_text

STATES = ("new", "known", "moved", "copied")
"""What ``known`` of a record may say."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A file with pictures that is there no more.

    Attributes
    ----------
    source : str
    moved_to : str
        Where one of its pictures was found now; empty if nowhere.
    """

    source: str
    moved_to: str = ""


class Since:
    """Compares with earlier scans, and holds what people judged.

    Parameters
    ----------
    names : iterable of str
        Outputs of earlier scans, and lists of judgements.

    Raises
    ------
    UsageError
        One of them is neither.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.judgements: dict[str, str] = {}
        """Digests of pictures to the kind or label that a person gave; later ones count."""
        self.compares = False
        """Whether there is an earlier output, not only judgements."""
        self.counts: Counter[str] = Counter()
        """Pictures of this scan by state."""
        self._places: dict[str, list[str]] = {}
        self._unseen: dict[str, str] = {}
        digest = hashlib.sha256()
        for name in names:
            for row in baseline.read(name):
                self._take(row)
                digest.update(f"{row.source}\0{row.digest}\0{row.judgement}\n".encode())
        self.fingerprint = digest.hexdigest()[:16] if self.compares or self.judgements else ""
        """Changes with what was read; empty where nothing was."""

    def _take(self, row: baseline.BaselineRow) -> None:
        if row.judgement and row.digest:
            self.judgements[row.digest] = row.judgement
        if not row.source:
            return
        self.compares = True
        if row.digest:
            self._unseen.setdefault(row.source, "")
            places = self._places.setdefault(row.digest, [])
            if row.source not in places:
                places.append(row.source)

    def marked(self, record: Record) -> Record:
        """The record with what is known of its picture."""
        source = clean_text(record.source)
        self._unseen.pop(source, None)
        if not (self.compares and record.sha256 and record.status == "ok"):
            return record
        places = self._places.get(baseline.digest_of(record.sha256))
        if places is None:
            return replace(record, known="new")
        if source in places:
            return replace(record, known="known")
        moved = not any(map(_is_there, places))
        if moved:
            for place in places:
                if place in self._unseen:
                    self._unseen[place] = source
        return replace(record, known="moved" if moved else "copied", moved_from=places[0])

    def stream(self, stream: Iterator[Examined]) -> Generator[Examined, None, None]:
        """All outcomes with their marks; those that are written already keep theirs."""
        try:
            for examined in stream:
                marked = [replace(o, record=self.marked(o.record)) for o in examined.outcomes]
                told = examined if examined.written else replace(examined, outcomes=marked)
                self.counts.update(o.record.known for o in told.outcomes if o.record.known)
                yield told
        finally:
            # At once, so that workers stop; plain iterators hold nothing that must be let go.
            if isinstance(stream, Generator):
                stream.close()

    def gone(self) -> Iterator[Gone]:
        """Yield the files that are there no more; to be asked after the last input."""
        for source, moved_to in self._unseen.items():
            if moved_to or not _is_there(source):
                yield Gone(original_text(source), moved_to)


def _is_there(source: str) -> bool:
    """Whether a file of an earlier scan still exists, as far as this machine can tell."""
    if "://" in source:
        return True
    return os.path.lexists(original_text(source))
