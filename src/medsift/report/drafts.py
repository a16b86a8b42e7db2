"""Files that are made beside the one that they will replace, under names that nobody else has."""

from __future__ import annotations

import glob
import secrets
from pathlib import Path

_MARK_BYTES = 4
_MARK = "[0-9a-f]" * (2 * _MARK_BYTES)


def new_mark() -> str:
    """A few digits that make a name unlike any other."""
    return secrets.token_hex(_MARK_BYTES)


def draft_beside(path: Path) -> Path:
    """Make an empty file in the folder of another one, to become that one by ``replace``."""
    while True:
        draft = path.with_name(f".{path.name}.{new_mark()}.tmp")
        try:
            draft.touch(exist_ok=False)
        except FileExistsError:
            continue
        return draft


def sweep(path: Path) -> None:
    """Remove drafts that a kill left behind; to be called by whoever holds the lock on ``path``."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.{_MARK}.tmp"):
        draft.unlink(missing_ok=True)
