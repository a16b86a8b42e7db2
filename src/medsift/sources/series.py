"""One record a DICOM series: slices that belong together, and one that stands for them.

Files are grouped before they are scanned, by a look at their headers; of what a container holds
the pictures are grouped while they are found. Of a series only an even choice of a few is kept
in mind, however many slices it has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from medsift.core.limits import MIB
from medsift.core.picture import Finding, Picture, Provenance
from medsift.sources.base import Blob, Context
from medsift.sources.dicom.header import slice_of
from medsift.sources.inputs import Input, Series
from medsift.sources.naming import refined

_FILES = 16
_PICTURES = 5
"""Of a series, so many are kept to choose from."""

_TRIES = 5
"""So many files of a series are opened at most, for one that has something to show."""

_HELD_BYTES = 512 * MIB
"""Of pixels that wait for the end of their series; beyond, only one picture each."""

_DIGESTS = 1 << 64

_T = TypeVar("_T")
_Item = TypeVar("_Item", Input, Input | None)


class _Sample(Generic[_T]):
    """An even choice of a stream whose length is not known: every n-th, n doubling."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._stride = 1
        self.count = 0
        self.digest = 0
        self.kept: list[_T] = []

    def add(self, item: _T) -> None:
        if self.count % self._stride == 0:
            self.kept.append(item)
            self.thin(self._most)
        self.count += 1

    def thin(self, most: int) -> None:
        while len(self.kept) > max(1, most):
            self.kept = self.kept[::2]
            self._stride *= 2


def by_series(items: Iterable[_Item]) -> Iterator[_Item]:
    """Group the DICOM files among inputs by their series.

    Parameters
    ----------
    items : iterable of Input or None
        None says that no input is at hand just now, and is passed on.

    Yields
    ------
    Input or None
        What is no DICOM image at once and as it is. Of each series the file in the middle, by
        instance number, with some others of it in :attr:`Input.series`; last, since a series is
        complete only when all headers have been read.
    """
    found: dict[str, _Sample[tuple[int, str, Path]]] = {}
    for item in items:
        place = slice_of(item.path) if item is not None and item.path is not None else None
        if place is None or item is None or item.path is None:
            yield item
            continue
        sample = found.setdefault(place.series, _Sample(_FILES))
        sample.add((place.number, item.source, item.path))
        # A sum, so that the order of the files does not matter.
        sample.digest = (sample.digest + _digest(item)) % _DIGESTS
    for sample in found.values():
        (_, source, path), *others = from_the_middle(sorted(sample.kept))
        paths = tuple(path for *_, path in others[: _TRIES - 1])
        series = Series(sample.count, paths) if sample.count > 1 else None
        # As medsift.report.stamps has it: what any of the files was like.
        stamp = f"series:{sample.count}:{sample.digest:016x}"
        yield Input(source, path, series=series, stamp=stamp)


def series_findings(item: Input, context: Context) -> Iterator[Finding]:
    """Yield one picture of a series of files: of the file in the middle, if that has one to show.

    Parameters
    ----------
    item : Input
        With a series.
    context : Context

    Yields
    ------
    Finding
        Problems of files that cannot be read. Blank slices are passed over, unless all are.
    """
    from medsift.decode.blank import is_blank

    series = item.series or Series(1)
    blank: Picture | None = None
    for path in filter(None, (item.path, *series.others)):
        name = "" if path == item.path else path.name
        text = f"{name}, one of {series.files} files of its series".removeprefix(", ")
        blob = Blob(Provenance(item.source, locator=text), path=path)
        for finding in one_a_series(context.recurse(blob, context)):
            if not isinstance(finding, Picture):
                yield finding
            elif not is_blank(finding.pixels):
                yield finding
                return
            else:
                blank = blank or finding
    if blank is not None:
        yield blank


def one_a_series(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Reduce the pictures of each DICOM series to one, near the middle and not blank if possible.

    Parameters
    ----------
    findings : iterable of Finding

    Yields
    ------
    Finding
        What belongs to no series at once and as it is, then one picture for each series.
    """
    from medsift.decode.blank import is_blank

    found: dict[str, _Sample[Picture]] = {}
    held = 0
    for finding in findings:
        if not isinstance(finding, Picture) or not finding.series:
            yield finding
            continue
        sample = found.setdefault(finding.series, _Sample(_PICTURES))
        held -= _bytes(sample)
        sample.add(finding)
        held += _bytes(sample)
        if held > _HELD_BYTES:
            for other in found.values():
                other.thin(1)
            held = sum(map(_bytes, found.values()))
    for sample in found.values():
        ordered = from_the_middle(sample.kept)
        chosen = next((p for p in ordered if not is_blank(p.pixels)), ordered[0])
        if sample.count > 1:
            text = f"one of {sample.count} images of its series"
            chosen = replace(chosen, where=refined(chosen.where, text))
        yield chosen


def from_the_middle(items: Sequence[_T]) -> list[_T]:
    """Order items by their distance from the middle one."""
    middle = len(items) // 2
    return [items[at] for at in sorted(range(len(items)), key=lambda at: abs(at - middle))]


def _digest(item: Input) -> int:
    text = f"{item.source}\0{item.stamp}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


def _bytes(sample: _Sample[Picture]) -> int:
    return sum(picture.pixels.nbytes for picture in sample.kept)
