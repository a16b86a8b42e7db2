"""The session of one user: uploads, jobs, what was found, and what the user corrected.

Everything lies in a temporary folder of the user's own, which is removed when the session ends.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import BinaryIO, Protocol

from medsift.app import views, words
from medsift.app.job import Progress, ScanJob, is_picture
from medsift.app.judgements import Judgement, Key, key_of
from medsift.app.settings import AppSettings
from medsift.core.errors import MedsiftError
from medsift.core.record import Record
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Outcome
from medsift.pipeline.persistent_pool import PersistentPool
from medsift.pipeline.workspace import workspace
from medsift.report.images import extension_of
from medsift.sources.inputs import Input

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_CHUNK = 1 << 20
_MOST_DRAWN = 24


class UploadedFile(Protocol):
    """A file that a browser sent."""

    name: str

    def read(self, size: int = -1, /) -> bytes:
        """Next bytes."""


class AppWorkers:
    """The workers of all users.

    Parameters
    ----------
    settings : AppSettings

    Attributes
    ----------
    scanning : PersistentPool
    looking : PersistentPool
        Draws what somebody waits for, so that nobody waits for the scan of another.
    hosts : Path
        Where workers agree on who speaks to which host.
    """

    def __init__(self, settings: AppSettings) -> None:
        self.settings = settings
        self.scanning = PersistentPool(settings.scan_options())
        self.looking = PersistentPool(replace(settings, workers=1, seconds=60.0).scan_options())
        stack = ExitStack()
        self.hosts = stack.enter_context(workspace()) / "hosts"
        self._remove = weakref.finalize(self, stack.close)

    @cached_property
    def explains(self) -> bool:
        """Whether the model can tell why; asked for once."""
        try:
            return self.looking.call(views.can_explain, self.settings.model)
        except MedsiftError:
            return False

    def close(self) -> None:
        """End all workers. May be called twice."""
        self.scanning.close()
        self.looking.close()
        self._remove()


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A picture with its verdict.

    Attributes
    ----------
    number : int
        From 1, in the order of finding; the user sees it.
    order : int
        Order of the input that it is of.
    record : Record
    preview : bytes or None
        WebP.
    path : Path or None
        The upload that it is of; None for addresses.
    panels : tuple of Record
        Those of its panels, in reading order; empty where it is one picture.
    """

    number: int
    order: int
    record: Record
    preview: bytes | None = field(repr=False)
    path: Path | None
    panels: tuple[Record, ...] = ()


class TabState:
    """What one tab of the app works on, and what came of it."""

    def __init__(self, session: UserSession, name: str) -> None:
        self.session = session
        self.name = name
        self.clear()

    def clear(self) -> None:
        """Stop, and forget everything."""
        self.stop()
        self.jobs: list[ScanJob] = []
        self.found: list[Found] = []
        self.problems: list[tuple[int, Record]] = []
        """Records of inputs and pictures that gave no verdict, with the order of the input."""
        self.passwords: dict[int, str] = {}
        """What opens the PDFs of an input, by its order; never written anywhere."""
        self.answers: dict[int, Judgement] = {}
        """What the user said of pictures, by their numbers."""
        self.awaited: dict[Key, Judgement] = {}
        """Answers of a session file, for pictures that are found later."""
        self.drawn: dict[tuple[str, int], bytes] = {}
        """What was drawn for a closer look, by how and of which picture."""
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._inputs = 0
        self._numbers = count(1)

    def stop(self) -> None:
        """Stop; what was found stays."""
        for job in getattr(self, "jobs", []):
            job.stop()

    @property
    def running(self) -> list[ScanJob]:
        """Jobs that may find more."""
        return [job for job in self.jobs if job.is_running]

    @property
    def faults(self) -> list[str]:
        """What ended whole jobs early."""
        return [job.fault for job in self.jobs if job.fault]

    def add_files(self, uploads: Iterable[UploadedFile]) -> None:
        """Take uploaded files and begin to work on them."""
        items = []
        for upload in uploads:
            name = _unique(shown_name(upload.name), self._names)
            self._names.add(name)
            items.append(Input(name, path=self.session.keep(upload)))
        self._begin(items)

    def add_url(self, url: str) -> None:
        """Begin to work on an address."""
        self._begin([Input(url)])

    def snapshot(self) -> tuple[list[Found], list[Record]]:
        """What was found and what failed so far, in the order of the inputs."""
        with self._lock:
            found, problems = list(self.found), [record for _, record in self.problems]
        return sorted(found, key=lambda each: each.order), problems

    def locked(self) -> list[tuple[Progress, list[Record]]]:
        """Inputs with PDFs that a password may open, and what was said of them."""
        with self._lock:
            problems = list(self.problems)
        said: dict[int, list[Record]] = {}
        for order, record in problems:
            if words.wants_password(record):
                said.setdefault(order, []).append(record)
        last = {each.number: each for job in self.jobs for each in job.inputs}
        return [(last[i], said[i]) for i in sorted(said)]

    def unlock(self, progress: Progress, password: str) -> None:
        """Work on an input once more, with a password for the PDFs in it."""
        order = progress.number
        with self._lock:
            for each in self.found:
                if each.order == order:
                    self.answers.pop(each.number, None)
            self.found[:] = [each for each in self.found if each.order != order]
            self.problems[:] = [each for each in self.problems if each[0] != order]
        self.passwords[order] = password
        self._start([Progress(progress.item, order)], password)

    @property
    def corrections(self) -> dict[int, str]:
        """The kind that a picture really is, by its number."""
        return {number: answer.kind for number, answer in self.answers.items()}

    def answer(self, found: Found, kind: str | None) -> None:
        """Take what the user says of a picture; None takes it back."""
        if kind is None:
            self.answers.pop(found.number, None)
            self.awaited.pop(key_of(found.record), None)
        else:
            self.answers[found.number] = Judgement.now(kind)

    def answered(self) -> list[tuple[Record, Judgement]]:
        """All answers with their records, in the order of the pictures."""
        found, _ = self.snapshot()
        return [(e.record, self.answers[e.number]) for e in found if e.number in self.answers]

    def reopen(self, answers: Mapping[Key, Judgement]) -> int:
        """Take the answers of a session file; how many of them are of pictures at hand."""
        with self._lock:
            self.awaited.update(answers)
            known = [each for each in self.found if key_of(each.record) in self.awaited]
            for each in known:
                self.answers[each.number] = self.awaited[key_of(each.record)]
        return len(known)

    def keep_drawn(self, key: tuple[str, int], image: bytes) -> None:
        """Remember a drawing; the oldest of too many is forgotten."""
        self.drawn[key] = image
        if len(self.drawn) > _MOST_DRAWN:
            del self.drawn[next(iter(self.drawn))]

    def _begin(self, items: Sequence[Input]) -> None:
        progress = [Progress(item, self._inputs + i) for i, item in enumerate(items)]
        self._inputs += len(items)
        self._start(progress)

    def _start(self, progress: Sequence[Progress], password: str = "") -> None:
        looking = self.session.workers.looking
        job = ScanJob(
            self.session.workers.scanning,
            self.session.options(password),
            progress,
            self.session.logs,
            self._taker(),
            lambda path: looking.call(views.page_count, path, password),
        )
        self.jobs.append(job)
        job.start()

    def _taker(self) -> _Taker:
        return _Taker(
            self._lock, self.found, self.problems, self._numbers, self.answers, self.awaited
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Taker:
    """Puts outcomes where they belong; a cleared tab has new lists, so late ones are lost."""

    lock: threading.Lock
    found: list[Found]
    problems: list[tuple[int, Record]]
    numbers: Iterator[int]
    answers: dict[int, Judgement]
    awaited: dict[Key, Judgement]

    def __call__(self, progress: Progress, outcome: Outcome) -> None:
        record = outcome.record
        with self.lock:
            if not is_picture(record):
                self.problems.append((progress.number, record))
                return
            if record.panel is not None:
                self._add_panel(progress.number, record)
                return
            preview, path = outcome.thumbnail, progress.item.path
            number = next(self.numbers)
            self.found.append(Found(number, progress.number, record, preview, path))
            known = self.awaited.get(key_of(record))
            if known is not None:
                self.answers[number] = known

    def _add_panel(self, order: int, panel: Record) -> None:
        """Panels come right after the picture that they are of, among those of their input."""
        for place in range(len(self.found) - 1, -1, -1):
            whole = self.found[place]
            if whole.order == order:
                self.found[place] = replace(whole, panels=(*whole.panels, panel))
                return


class UserSession:
    """Everything of one user; to be closed when the user has gone.

    Parameters
    ----------
    workers : AppWorkers
    """

    def __init__(self, workers: AppWorkers) -> None:
        self.workers = workers
        stack = ExitStack()
        self.folder = stack.enter_context(workspace())
        self.images = self.folder / "images"
        self.logs = self.folder / "logs"
        self._uploads = self.folder / "uploads"
        self._count = 0
        for each in (self.logs, self._uploads):
            each.mkdir()
        self.tabs = {name: TabState(self, name) for name in ("images", "documents", "url")}
        # Also at the end of the program, and where nobody closes the session.
        self._remove = weakref.finalize(self, stack.close)

    def close(self) -> None:
        """Stop all work and remove all files. May be called twice."""
        for tab in self.tabs.values():
            tab.stop()
            for job in tab.jobs:
                job.wait(10)
        self._remove()

    def options(self, password: str = "") -> ScanOptions:
        """What this user's scans do."""
        return self.workers.settings.scan_options(self.images, self.workers.hosts, password)

    def keep(self, upload: UploadedFile) -> Path:
        """Store an upload, in a folder of its own: pages look for files beside them."""
        self._count += 1
        folder = self._uploads / str(self._count)
        folder.mkdir()
        # Of the name only a harmless suffix is used; records hold the name as it is.
        suffix = Path(upload.name).suffix.lower()
        path = folder / f"upload{suffix if _SUFFIX.fullmatch(suffix) else ''}"
        with path.open("wb") as file:
            _copy(upload, file)
        return path

    def saved(self, record: Record) -> Path | None:
        """The file with the original bytes of a picture, or its pixels where it had none."""
        for extension in (extension_of(record.format), "png"):
            path = self.images / record.label / f"{record.sha256}.{extension}"
            if path.is_file():
                return path
        return None


def shown_name(name: str) -> str:
    """The last part of a name that a browser sent, without control characters."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return (
        "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in last)
        or "file"
    )


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    number, chosen = 1, name
    while chosen in taken:
        number += 1
        chosen = f"{stem} ({number}){dot}{suffix}" if stem else f"{name} ({number})"
    return chosen


def _copy(upload: UploadedFile, file: BinaryIO) -> None:
    while chunk := upload.read(_CHUNK):
        file.write(chunk)
