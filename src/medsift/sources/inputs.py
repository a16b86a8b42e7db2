"""What the user named becomes single inputs: files below folders, matches of globs, addresses."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medsift.core.errors import InputError, NotFoundError, UnreadableError, UnsupportedError
from medsift.sources import patterns, remote

_ADDRESS = re.compile("https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Series:
    """A DICOM series that one file stands for.

    Attributes
    ----------
    files : int
        Number of its files.
    others : tuple of Path
        Some of the other files, in case that the one has nothing to show.
    """

    files: int
    others: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a file or an address, or the reason why there is none.

    Attributes
    ----------
    source : str
        As records name it.
    path : Path or None
        Set for files.
    error : InputError or None
        Set where the input cannot be read.
    data : bytes or None
        Set where the bytes came along with the name.
    series : Series or None
        Set where the file stands for others as well, see :mod:`medsift.sources.series`.
    stamp : str
        What it was like before it was read, where that is kept; see
        :mod:`medsift.report.stamps`.
    """

    source: str
    path: Path | None = None
    error: InputError | None = None
    data: bytes | None = field(default=None, repr=False)
    series: Series | None = None
    stamp: str = ""

    @property
    def is_url(self) -> bool:
        """Whether the input is an address on the web."""
        return self._is_a_name and bool(_ADDRESS.match(self.source))

    @property
    def is_remote(self) -> bool:
        """Whether the input is in an object store or the like."""
        return self._is_a_name and remote.is_remote(self.source)

    @property
    def _is_a_name(self) -> bool:
        return self.path is None and self.error is None and self.data is None


def expand(
    names: Iterable[str | os.PathLike[str]], leave_out: Collection[Path] = ()
) -> Iterator[Input]:
    """Find the single inputs behind what the user named.

    Parameters
    ----------
    names : iterable of paths
    leave_out : collection of Path
        Files and folders that are no inputs where they lie below a folder: what the scan
        itself writes.

    Yields
    ------
    Input

    Notes
    -----
    Folders are walked recursively in the order of their names, links to folders are not
    followed (they may lead in circles or out of the folder). Globs know ``**`` and, as in a shell,
    leave out hidden files; ``**`` follows no links to folders, either. A folder that is named and
    holds no file is yielded with that error.
    What does not exist or cannot be read is yielded with its error, so that every input is
    accounted for. Inputs come as they are found: nothing is listed in advance. A DICOMDIR that is
    named itself is followed by the files that it lists, unless a folder that holds them is, or was,
    named as well.
    """
    expander = Expander(leave_out)
    for name in names:
        yield from expander.inputs(name)


class Expander:
    """Finds the single inputs behind one name after the other; see :func:`expand`.

    Parameters
    ----------
    leave_out : collection of Path
    """

    def __init__(self, leave_out: Collection[Path] = ()) -> None:
        self._own = frozenset(os.path.realpath(path) for path in leave_out)
        self._folders: set[str] = set()
        # Files that a DICOMDIR has led to: they are not to come again by themselves.
        self._listed: set[str] = set()

    def inputs(self, name: str | os.PathLike[str]) -> Iterator[Input]:
        """Yield the inputs behind a name."""
        text = os.fspath(name)
        if _ADDRESS.match(text):
            yield Input(text)
        elif not text or "\0" in text:
            yield Input(text, error=NotFoundError("a name is empty or holds a zero byte"))
        elif remote.is_remote(text):
            yield from _expand_remote(text)
        else:
            yield from self._local(text)

    def _local(self, text: str) -> Iterator[Input]:
        name = Path(text)
        is_empty = is_folder = os.path.isdir(name)  # noqa: PTH112  which raises nothing
        if is_folder:
            self._folders.add(os.path.realpath(name))
        for item in _expand_local(text, self._own):
            is_empty = False
            if item.path is None:
                yield item
            elif not self._listed or os.path.realpath(item.path) not in self._listed:
                yield item
                if item.path == name:
                    yield from self._list(item.path)
        if is_empty:
            yield Input(text, error=UnsupportedError("the folder holds no files"))

    def _list(self, path: Path) -> Iterator[Input]:
        from medsift.sources.dicom.directory import is_directory, referenced

        if not is_directory(path):
            return
        try:
            for file in referenced(path):
                real = os.path.realpath(file)
                if self._folders.isdisjoint(map(str, Path(real).parents)):
                    self._listed.add(real)
                    yield from _walk(file, frozenset(), follow=False)
        except InputError as error:
            yield Input(str(path), error=error)  # there may be more files


def _expand_remote(name: str) -> Iterator[Input]:
    try:
        for file in remote.list_files(name):
            yield Input(file)
    except InputError as error:
        yield Input(name, error=error)


def _expand_local(text: str, own: frozenset[str]) -> Iterator[Input]:
    path = Path(text)
    if os.path.lexists(path):
        yield from _walk(path, own)
        return
    if patterns.has_magic(text):
        found = False
        for match, error in patterns.matches(text):
            if error is not None:
                found = True
                yield Input(str(match), error=error)
            # A pattern with ** also matches the folders, whose files it matches as well.
            elif not ("**" in text and os.path.isdir(match)) and not _is_own(match, own):  # noqa: PTH112
                found = True
                yield from _walk(match, own)
        if not found:
            yield Input(text, error=NotFoundError(f"nothing matches {text}"))
        return
    yield Input(text, error=NotFoundError(f"there is no file or folder {text}"))


def _walk(path: Path, own: frozenset[str], follow: bool = True) -> Iterator[Input]:
    source = str(path)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        yield Input(source, error=UnreadableError(f"cannot read {source}: {error.strerror}"))
        return
    if stat.S_ISREG(mode):
        yield Input(source, path=path)
    elif not stat.S_ISDIR(mode):
        # Reading a pipe or a device could block for ever.
        yield Input(source, error=UnsupportedError(f"{source} is not a regular file"))
    elif follow:
        yield from _walk_folder(path, own)


def _is_own(path: Path, own: frozenset[str]) -> bool:
    return bool(own) and os.path.realpath(path) in own


def _walk_folder(folder: Path, own: frozenset[str]) -> Iterator[Input]:
    # A stack instead of recursion: folders may be nested deeper than Python's stack.
    stack = [iter([folder])]
    while stack:
        path = next(stack[-1], None)
        if path is None:
            stack.pop()
            continue
        if _is_own(path, own):
            continue
        # Not Path.is_dir, which raises where a folder may not be looked into.
        is_folder = os.path.isdir(path)  # noqa: PTH112
        if is_folder and (path == folder or not os.path.islink(path)):  # noqa: PTH114
            try:
                children = sorted(path.iterdir())
            except OSError as error:
                text = f"cannot list {path}: {error.strerror}"
                yield Input(str(path), error=UnreadableError(text))
                continue
            stack.append(iter(children))
        elif is_folder:
            text = f"{path} is a link to a folder, which is not followed"
            yield Input(str(path), error=UnsupportedError(text))
        else:
            yield from _walk(path, own, follow=False)
