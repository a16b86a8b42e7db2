"""Which inputs are handed to a worker together: image files, a few at a time; all others alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from medsift.pipeline.outcomes import Examined
from medsift.sources.inputs import Input

_TASK_INPUTS = 16

# Only a guess that saves hand-overs: files that look like documents get a task of their own, so
# that their time limit is their own, too. What a file is, is told by its content, later.
_IMAGE_SUFFIXES = frozenset(
    [".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png", ".webp"]
)


def tasks_of(
    items: Iterable[Input | Examined | None],
) -> Iterator[list[Input] | Examined | None]:
    """Group inputs for the hand-over to a worker: image files together, all others alone."""
    group: list[Input] = []
    for item in items:
        if item is None:
            yield group or None
            group = []
            continue
        if isinstance(item, Examined):
            if group:
                yield group
            yield item
            group = []
            continue
        if not _looks_like_image(item):
            if group:
                yield group
            yield [item]
            group = []
            continue
        group.append(item)
        if len(group) >= _TASK_INPUTS:
            yield group
            group = []
    if group:
        yield group


def _looks_like_image(item: Input) -> bool:
    name = item.source if item.is_remote else item.path or ""
    return PurePath(name).suffix.lower() in _IMAGE_SUFFIXES
