"""Pages are read in a process of their own, so that one that kills its reader costs only itself.

PDFium ends its process at what it finds impossible, and no handler can stop that. Mostly a document
is read in place: a process more takes longer than most pages. But where a page is known to be
dangerous, and on the next try after a reader has died of a document, its pages are read apart: what
was found before a death is kept, the page is told as crashed, and a new process goes on after it.
"""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from medsift.core.errors import CrashedError, InputError, LimitError
from medsift.core.limits import Limits
from medsift.core.picture import Finding, Problem, Provenance
from medsift.sources.base import Context, SourceOptions
from medsift.sources.naming import refined

ATTACHED = -1
"""Stands for what is attached to a document, in place of a page."""

_MOST_DEATHS = 100
_ENDS = 64 * 1024
_MOST_SECONDS = 1_000_000
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from medsift.sources.pdf.apart_child import main; main()"
)


@dataclass(frozen=True, slots=True)
class PageJob:
    """What a process is to read.

    Attributes
    ----------
    where : Provenance
        Of the document.
    limits, options, target, keep_whole, depth
        As in :class:`medsift.sources.base.Context`.
    first, last : int
        Pages, from 0; without a last one, all after the first, and what is attached.
    """

    where: Provenance
    limits: Limits
    options: SourceOptions
    target: int
    keep_whole: bool
    depth: int
    first: int = 0
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A page, from 0, that is about to be read, or :data:`ATTACHED`."""

    page: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The process came to an end, and with what error."""

    error: InputError | None = None


@contextmanager
def noted(folder: Path | None, data: bytes) -> Iterator[bool]:
    """Note that a document is being read, for whoever comes next should the process die.

    Yields
    ------
    bool
        Whether such a note was there: a process has died of the document.
    """
    if folder is None:
        yield False
        return
    ends = hashlib.sha256(b"%d:" % len(data) + data[:_ENDS] + data[-_ENDS:]).hexdigest()
    note = folder / f"{ends[:32]}.pdf"
    found = note.exists()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        note.touch()
    try:
        yield found
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def pages_apart(
    data: bytes, where: Provenance, context: Context, first: int = 0, last: int | None = None
) -> Iterator[Finding]:
    """Yield what is found on pages, each death of a reader as a problem of its page.

    Parameters
    ----------
    data : bytes
        The document.
    where : Provenance
        Of the document.
    context : Context
    first, last : int
        As in :class:`PageJob`.

    Raises
    ------
    CrashedError
        The document cannot even be opened, or a reader died of what is attached.
    InputError
        What reading it raises.
    """
    job = PageJob(
        where,
        context.limits,
        context.options,
        context.target,
        context.keep_whole,
        context.depth,
        first,
        last,
    )
    for _ in range(_MOST_DEATHS):
        begun: Begun | None = None
        for message in _messages(job, data):
            if isinstance(message, Ended):
                if message.error is not None:
                    raise message.error
                return
            if isinstance(message, Begun):
                begun = message
            else:
                yield message
        if begun is None:
            raise CrashedError("its reader died when it opened the document")
        if begun.page == ATTACHED:
            raise CrashedError("its reader died of what is attached to the document")
        error = CrashedError("its reader died of the page")
        spot = replace(refined(where, f"page {begun.page + 1}"), page=begun.page + 1)
        yield Problem(spot, "failed", error.code, error.record_text)
        if last is not None and begun.page >= last:
            return
        job = replace(job, first=begun.page + 1)
    stopped = LimitError(f"{_MOST_DEATHS} pages of which a reader died; the rest were not read")
    yield Problem(where, "failed", stopped.code, stopped.record_text)


def _messages(job: PageJob, data: bytes) -> Iterator[Finding | Begun | Ended]:
    """Yield what a process says, up to its end or its death."""
    folder = str(Path(__file__).parents[3])
    seconds = str(max(1, int(min(job.limits.seconds, _MOST_SECONDS))))
    with tempfile.TemporaryFile(prefix="medsift-") as file:
        pickle.dump(job, file)
        file.write(data)
        file.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-c", _PROGRAM, folder, seconds],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise CrashedError("no process to read the document in") from error
    with process:
        try:
            if process.stdout is not None:
                yield from _unpacked(process.stdout)  # type: ignore[arg-type]
        finally:
            process.kill()


def _unpacked(stream: BinaryIO) -> Iterator[Finding | Begun | Ended]:
    # What the process says is trusted as much as its reader would be in this one. Where it died,
    # perhaps in the middle of a word, nothing more comes.
    with suppress(EOFError, pickle.UnpicklingError, ValueError):
        while True:
            yield pickle.load(stream)  # noqa: S301
