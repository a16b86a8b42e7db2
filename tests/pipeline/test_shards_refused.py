"""What a store refuses is told with the name of what was written, here by a stand-in for fsspec."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.pipeline.shards import ShardFolder, ShardTotals

SHARD = "part-00000000-aaaaaaaa.parquet"


class Store:
    """A store that holds files, and may refuse to take more."""

    protocol = ("memory", "other")

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.is_full = False

    def _refuse(self) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")

    def makedirs(self, _path: str, exist_ok: bool) -> None:
        assert exist_ok
        self._refuse()

    def invalidate_cache(self) -> None:
        """Nothing is remembered here."""

    def ls(self, path: str, detail: bool) -> list[str]:
        assert not detail
        return [name for name in self.files if name.startswith(f"{path}/")]

    def exists(self, path: str) -> bool:
        return path in self.files

    def cat_file(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def pipe_file(self, path: str, content: bytes) -> None:
        self._refuse()
        self.files[path] = content

    def put_file(self, local: str, path: str) -> None:
        self._refuse()
        self.files[path] = Path(local).read_bytes()

    def rm_file(self, path: str) -> None:
        self._refuse()
        del self.files[path]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made: Any = ModuleType("fsspec")
    found = Store()
    made.core = SimpleNamespace(url_to_fs=lambda name: (found, name.partition("://")[2]))
    monkeypatch.setitem(sys.modules, "fsspec", made)
    return found


def test_a_store_that_is_full_is_told_at_every_step(store: Store) -> None:
    folder = ShardFolder("memory://bucket/shards/")
    counts = ShardTotals(1, 1, 1, 0, 0, Counter({"medical": 1}))
    store.is_full = True
    with pytest.raises(OutputError, match=r"^cannot write .*shards.*: No space left on device$"):
        folder.begin({}, resume=False)
    store.is_full = False
    folder.begin({}, resume=False)
    store.is_full = True
    with pytest.raises(OutputError, match=rf"^cannot write bucket/shards/{SHARD}: No space left"):
        folder.write(SHARD, [Record("a.png")], lambda: 1)
    assert folder.shards() == frozenset()
    store.is_full = False
    folder.write(SHARD, [Record("a.png")], lambda: 1)
    folder.finish(counts, [SHARD])
    store.is_full = True
    for step in (
        folder.reopen,
        lambda: folder.remove(SHARD),
        lambda: folder.finish(counts, [SHARD]),
    ):
        with pytest.raises(OutputError, match="No space left on device"):
            step()
    assert folder.shards() == {SHARD}


def test_what_is_put_there_can_be_gone_on_with_and_is_not_begun_anew(store: Store) -> None:
    folder = ShardFolder("memory://bucket/shards")
    folder.begin({"model": "fast 1"}, resume=False)
    folder.write(SHARD, [Record("a.png")], lambda: 1)
    folder.begin({"model": "fast 1"}, resume=True)
    with pytest.raises(UsageError, match="--resume goes on"):
        folder.begin({"model": "fast 1"}, resume=False)
    with pytest.raises(UsageError):
        folder.begin({"model": "fast 2"}, resume=True)
    folder.remove(SHARD)
    assert folder.shards() == frozenset()
    assert store.files.keys() == {f"bucket/shards/{name}" for name in _plans(store)}


def _plans(store: Store) -> list[str]:
    return [name.rpartition("/")[2] for name in store.files if not name.endswith(".parquet")]
