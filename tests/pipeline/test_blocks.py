"""Inputs by reference, in blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.core.errors import UsageError
from medsift.pipeline.blocks import Block, blocks
from tests.samples import picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    for n in range(5):
        picture(n).save(path / f"{n}.png")
    return path


def test_every_input_is_in_one_block_in_order(folder: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("https://example.org/a.png\n\nmissing.png\n")
    cut = list(blocks([str(folder)], [str(listed)], 3))
    assert [block.number for block in cut] == [0, 1, 2]
    names = [item.source for block in cut for item in block.inputs()]
    files = [str(folder / f"{n}.png") for n in range(5)]
    assert names == [*files, "https://example.org/a.png", "missing.png"]
    assert [len(block.names) for block in cut] == [3, 3, 1]


def test_rows_of_a_table_are_each_in_one_block_and_none_is_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "list.parquet"
    table.touch()
    read: list[tuple[int, int]] = []

    def column_of(path: Path, column: str, start: int, stop: int) -> list[str]:
        assert (path, column) == (table, "address")
        read.append((start, stop))
        return [f"https://example.org/{row}" for row in range(start, stop)]

    monkeypatch.setattr("medsift.sources.listing.rows_of", lambda _path, _column: 8)
    monkeypatch.setattr("medsift.sources.listing.column_of", column_of)
    monkeypatch.setattr("medsift.sources.listing.split", lambda name: (Path(name), "address"))
    cut = list(blocks(["a.png"], [str(table)], 3))
    assert read == []
    names = [item.source for block in cut for item in block.inputs()]
    assert names == ["a.png", *(f"https://example.org/{row}" for row in range(8))]
    assert read == [(0, 3), (3, 6), (6, 8)]
    assert len({block.shard for block in cut}) == 4


def test_a_block_survives_its_way_to_another_machine(folder: Path) -> None:
    (block,) = blocks([str(folder)], [], 100)
    assert Block.load(block.dump()) == block


def test_names_of_shards_tell_whether_inputs_are_the_same(folder: Path) -> None:
    before = [block.shard for block in blocks([str(folder)], [], 2)]
    assert [block.shard for block in blocks([str(folder)], [], 2)] == before
    assert len(set(before)) == 3
    (folder / "4.png").rename(folder / "5.png")
    after = [block.shard for block in blocks([str(folder)], [], 2)]
    assert after[:2] == before[:2]
    assert after[2] != before[2]


def test_a_list_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="no list"):
        list(blocks([], ["none.txt"], 2))
