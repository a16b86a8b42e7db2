"""A folder of shards, here in a file system in memory that is opened like an object store."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from medsift.core.errors import OutputError, UsageError
from medsift.core.record import Record
from medsift.pipeline.shards import ShardFolder, ShardTotals

pytestmark = pytest.mark.ray

SETTINGS = {"model": "fast 0.1.0", "threshold": 0.6}
RECORDS = [
    Record(source="a.png", width=40, label="medical"),
    Record(source="b.png", status="failed", error="undecodable: damaged"),
]


@pytest.fixture(params=["memory", "local"])
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "local":
        return f"{tmp_path / 'shards'}/"
    return f"memory://{uuid.uuid4().hex}/shards"


def begun(name: str) -> ShardFolder:
    folder = ShardFolder(name)
    folder.begin(SETTINGS, resume=False)
    return folder


def test_a_shard_holds_its_counts(name: str) -> None:
    folder = begun(name)
    counts = folder.write("part-00000000-aaaaaaaa.parquet", iter(RECORDS), lambda: 2)
    assert (counts["inputs"], counts["records"], counts["failed"]) == (2, 2, 1)
    assert folder.counts("part-00000000-aaaaaaaa.parquet") == counts
    assert folder.shards() == {"part-00000000-aaaaaaaa.parquet"}


def test_a_shard_that_fails_in_the_making_does_not_appear(name: str) -> None:
    folder = begun(name)

    def broken() -> object:
        yield RECORDS[0]
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        folder.write("part-00000000-aaaaaaaa.parquet", broken(), lambda: 1)  # type: ignore[arg-type]
    assert folder.shards() == frozenset()


def test_the_marker_needs_all_shards_and_no_others(name: str) -> None:
    folder = begun(name)
    shards = [f"part-0000000{n}-aaaaaaaa.parquet" for n in range(2)]
    total = ShardTotals()
    total.add(folder.write(shards[0], iter(RECORDS), lambda: 2))
    with pytest.raises(OutputError, match="1 shards are missing"):
        folder.finish(total, shards)
    total.add(folder.write(shards[1], iter(RECORDS), lambda: 2))
    with pytest.raises(OutputError, match="of other inputs"):
        folder.finish(total, shards[:1])
    folder.finish(total, shards)
    marker = json.loads(folder._system.cat_file(folder._at("_SUCCESS")))
    assert (marker["shards"], marker["records"], marker["labels"]["medical"]) == (2, 4, 2)
    folder.reopen()
    assert not folder._system.exists(folder._at("_SUCCESS"))


def test_shards_of_an_earlier_scan_are_never_overwritten(name: str) -> None:
    begun(name)
    with pytest.raises(UsageError, match="--resume goes on"):
        begun(name)
    with pytest.raises(UsageError, match="had threshold"):
        ShardFolder(name).begin({**SETTINGS, "threshold": 0.9}, resume=True)
    ShardFolder(name).begin(SETTINGS, resume=True)


def test_a_damaged_shard_is_named(name: str) -> None:
    folder = begun(name)
    folder._system.pipe_file(folder._at("part-00000000-aaaaaaaa.parquet"), b"PAR1 torn")
    with pytest.raises(OutputError, match="no whole shard"):
        folder.counts("part-00000000-aaaaaaaa.parquet")
