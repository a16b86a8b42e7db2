"""Records of files that came before, by the digest of their bytes; off unless asked for.

Only records are kept, in memory, and never a picture. What may end otherwise next time, such as
time-outs, is not kept.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from medsift.core.errors import DecodeError, EncryptedError, LimitError, UnsupportedError
from medsift.core.record import Record

Key: TypeAlias = tuple[str, str]
"""Digest of the bytes, and the suffix of the name, which types may be told by."""

_MOST_RECORDS = 100
"""Files with more pictures are not remembered, so that the number of files bounds the memory."""
_LASTING = frozenset(
    {DecodeError.code, EncryptedError.code, LimitError.code, UnsupportedError.code}
)


def key_of(name: str, path: Path) -> Key:
    """What files must have in common to be judged the same."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest(), PurePosixPath(name).suffix.lower()


class Remembered:
    """The files that came last, with their records.

    Parameters
    ----------
    most : int
        Files that are kept; 0 for none.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._files: OrderedDict[Key, tuple[Record, ...]] = OrderedDict()

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._most > 0

    def recall(self, key: Key, name: str) -> list[Record] | None:
        """The records of the same bytes under another name; None where they never came."""
        found = self._files.get(key)
        if found is None:
            return None
        self._files.move_to_end(key)
        return [replace(record, source=name) for record in found]

    def keep(self, key: Key, records: Sequence[Record]) -> None:
        """Keep all records of a file, unless they may be others next time."""
        fit = all(r.status != "failed" or r.reason in _LASTING for r in records)
        if not records or not fit or len(records) > _MOST_RECORDS:
            return
        self._files[key] = tuple(records)
        self._files.move_to_end(key)
        if len(self._files) > self._most:
            self._files.popitem(last=False)
