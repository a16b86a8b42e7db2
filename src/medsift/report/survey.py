"""What the journal of an earlier scan and its files agree on: from there a scan can go on."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from medsift.core.errors import UsageError
from medsift.report.journal import Entry, Good, lines

_PIECE = 1 << 20


@dataclass(slots=True)
class Survey:
    """How far an earlier scan came.

    Attributes
    ----------
    inputs : int
        That are done, and written.
    good : Good or None
        How far the files are good; None where no input is done.
    end : int
        Offset in the journal that is good with them.
    held : dict of str to deque of int
        Inputs that are done but not written, with the offsets of their lines in the journal.
    finished : bool
        Whether the scan came to its end.
    """

    inputs: int = 0
    good: Good | None = None
    end: int = 0
    held: dict[str, deque[int]] = field(default_factory=dict)
    finished: bool = False


def survey(journal: Path, appended: Sequence[Path] | None, outputs: Sequence[Path] = ()) -> Survey:
    """Read a journal, and compare it with the files that it is about.

    Parameters
    ----------
    journal : Path
    appended : sequence of Path or None
        The files that rows are appended to; None leaves them aside.
    outputs : sequence of Path
        The files that users read, in the same order: what a refusal names.

    Raises
    ------
    UsageError
        The files are not as the scan left them.
    """
    if appended is None:
        return _read(journal, None, None)
    at_hand = tuple(file.stat().st_size if file.is_file() else 0 for file in appended)
    found = _read(journal, at_hand, None)
    sums = _sums(appended, found.good.sizes) if found.good else ()
    if found.good is None or sums == found.good.sums:
        if found.finished and found.good is not None and at_hand != found.good.sizes:
            raise _changed(outputs, at_hand, found.good.sizes)
        return found
    # Something differs: bytes that never reached the disk, or somebody else's.
    whole, torn = _verified(journal, appended, found.inputs)
    if found.finished or not torn:
        raise _changed(outputs, sums, found.good.sums)
    return _read(journal, at_hand, whole)


def _read(journal: Path, at_hand: Sequence[int] | None, most: int | None) -> Survey:
    found = Survey()
    for row, start, end in lines(journal):
        if "done" in row:
            entry = Entry.of(row)
            if found.inputs == most or not _fits(entry.good.sizes, at_hand):
                # What came later is not written either.
                found.finished = False
                return found
            found.inputs += 1
            found.good = entry.good
            # All of that name: some may be of what the input was before it changed.
            found.held.pop(entry.key, None)
        elif "held" in row:
            found.held.setdefault(row["held"], deque()).append(start)
        found.finished = row.get("state") == "finished"
        found.end = end
    return found


def _fits(sizes: Sequence[int], at_hand: Sequence[int] | None) -> bool:
    return at_hand is None or all(a <= b for a, b in zip(sizes, at_hand, strict=True))


def _sums(files: Sequence[Path], sizes: Sequence[int]) -> tuple[int, ...]:
    sums = []
    for file, size in zip(files, sizes, strict=True):
        with file.open("rb") as stream:
            sums.append(_sum(stream, size, 0)[0])
    return tuple(sums)


def _sum(stream: BinaryIO, size: int, start: int) -> tuple[int, bool]:
    """Checksum of the next ``size`` bytes after ``start``, and whether there is a NUL in them."""
    torn = False
    while size > 0 and (piece := stream.read(min(size, _PIECE))):
        start = zlib.crc32(piece, start)
        torn = torn or b"\0" in piece
        size -= len(piece)
    return start, torn


def _verified(journal: Path, files: Sequence[Path], inputs: int) -> tuple[int, bool]:
    """How many inputs are good, and whether what follows them looks like a torn write.

    A file system that went down gives zeros for what it had promised to keep; no output of
    medsift holds any.
    """
    with ExitStack() as stack:
        streams = [stack.enter_context(file.open("rb")) for file in files]
        before = Good((0,) * len(files), (0,) * len(files))
        for number, entry in enumerate(_entries(journal)):
            if number == inputs:
                break
            pairs = zip(streams, entry.good.sizes, before.sizes, before.sums, strict=True)
            found = [_sum(stream, size - at, start) for stream, size, at, start in pairs]
            if tuple(checksum for checksum, _ in found) != entry.good.sums:
                return number, any(torn for _, torn in found)
            before = entry.good
    return inputs, False


def _entries(journal: Path) -> Iterator[Entry]:
    return (Entry.of(row) for row, _, _ in lines(journal) if "done" in row)


def _changed(files: Sequence[Path], have: Sequence[int], had: Sequence[int]) -> UsageError:
    which = ", ".join(str(f) for f, a, b in zip(files, have, had, strict=True) if a != b)
    return UsageError(
        f"cannot resume: {which} was changed by something else since the scan wrote it; "
        "--overwrite begins anew"
    )
