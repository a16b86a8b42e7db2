"""Paths that match a pattern, as a shell would find them, but never in circles.

``**`` stands for any number of folders. Links to folders are not followed there, as in any walk;
parts of the pattern that name a link follow it, once. Hidden files are left out, unless the pattern
begins with a dot as well. What cannot be listed is yielded with its error, not passed over.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from medsift.core.errors import InputError, UnreadableError, UnsupportedError

_MAGIC = frozenset("*?[")


def has_magic(text: str) -> bool:
    """Whether a name is a pattern."""
    return not _MAGIC.isdisjoint(text)


def matches(pattern: str) -> Iterator[tuple[Path, InputError | None]]:
    """Find what matches a pattern.

    Parameters
    ----------
    pattern : str
        With ``*``, ``?``, ``[...]`` within a name, ``**`` for folders.

    Yields
    ------
    path : Path
        In the order of names; each once.
    error : InputError or None
        Why there may be more below this folder.
    """
    parts = Path(pattern).parts
    plain = next(at for at, part in enumerate(parts) if has_magic(part))
    # Of several ** in a row, one says it all.
    wanted = [
        part
        for at, part in enumerate(parts[plain:], plain)
        if not (part == parts[at - 1] == "**" and at > plain)
    ]
    found = _below(Path(*parts[:plain]), wanted)
    if wanted.count("**") <= 1:
        return found
    return _each_once(found)


def _each_once(
    found: Iterator[tuple[Path, InputError | None]],
) -> Iterator[tuple[Path, InputError | None]]:
    seen: set[Path] = set()
    for path, error in found:
        if path not in seen:
            seen.add(path)
            yield path, error


def _below(folder: Path, parts: Sequence[str]) -> Iterator[tuple[Path, InputError | None]]:
    part, *rest = parts
    if part == "**":
        yield from _anywhere_below(folder, rest or ["*"])
        return
    if not has_magic(part):
        path = folder / part
        if not rest and os.path.lexists(path):
            yield path, None
        elif rest and os.path.isdir(path):  # noqa: PTH112  which raises nothing
            yield from _below(path, rest)
        return
    names, error = _listed(folder)
    if error is not None:
        yield folder, error
    for name in names:
        if not fnmatch.fnmatch(name, part) or _is_hidden(name, part):
            continue
        path = folder / name
        if not rest:
            yield path, None
        elif os.path.isdir(path):  # noqa: PTH112
            yield from _below(path, rest)


def _anywhere_below(folder: Path, rest: Sequence[str]) -> Iterator[tuple[Path, InputError | None]]:
    # A stack instead of recursion: folders may be nested deeper than Python's stack.
    stack = [folder]
    while stack:
        here = stack.pop()
        names, error = _listed(here)
        if error is not None:
            yield here, error
            continue
        yield from _below(here, rest)
        inner = []
        for name in names:
            path = here / name
            if _is_hidden(name, "") or not os.path.isdir(path):  # noqa: PTH112
                continue
            if os.path.islink(path):  # noqa: PTH114
                text = f"{path} is a link to a folder, which is not followed"
                yield path, UnsupportedError(text)
            else:
                inner.append(path)
        stack += reversed(inner)


def _listed(folder: Path) -> tuple[list[str], InputError | None]:
    try:
        return sorted(os.listdir(folder)), None  # noqa: PTH208  names, also of "."
    except (FileNotFoundError, NotADirectoryError):
        return [], None
    except OSError as error:
        return [], UnreadableError(f"cannot list {folder}: {error.strerror}")


def _is_hidden(name: str, part: str) -> bool:
    return name.startswith(".") and not part.startswith(".")
