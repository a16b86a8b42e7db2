"""Look-alikes get a common name."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import medsift
from medsift.cli import main
from medsift.core.errors import UsageError
from medsift.decode.phash import hamming
from medsift.pipeline.groups import Groups
from tests.samples import picture

HASHES = st.integers(0, 2**64 - 1).map("{:016x}".format)


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[str, int]:
    first = draw(st.integers(0, 2**64 - 1))
    bits = draw(st.integers(0, 11))
    flipped = draw(st.sets(st.integers(0, 63), max_size=bits))
    return f"{first:016x} {first ^ sum(1 << bit for bit in flipped):016x}", bits


@given(neighbours())
def test_whatever_differs_in_few_enough_bits_joins(pair: tuple[str, int]) -> None:
    (first, other), bits = pair[0].split(), pair[1]
    groups = Groups(bits)
    assert [groups.name(first), groups.name(other)] == [first, first]


@given(st.lists(HASHES, max_size=30), st.integers(0, 11))
def test_groups_are_those_of_comparing_with_every_first(hashes: list[str], bits: int) -> None:
    groups, firsts = Groups(bits), list[str]()
    for each in hashes:
        near = min(((hamming(each, first), first) for first in firsts), default=(65, ""))
        expected = near[1] if near[0] <= bits else each
        if expected == each and each not in firsts:
            firsts.append(each)
        assert groups.name(each) == expected


def test_memory_is_bounded_and_the_latest_groups_are_kept() -> None:
    groups = Groups(0, most=3)
    hashes = [f"{n * 0x0101010101010101:016x}" for n in range(1, 9)]
    for each in hashes:
        groups.name(each)
    assert len(groups._now) + len(groups._before) <= 6
    assert groups.name(hashes[-1]) == hashes[-1]
    assert len(groups._now) == 2


def test_pictures_without_a_hash_have_no_group() -> None:
    assert Groups().name("") == ""


@pytest.mark.parametrize("bits", [-1, 12])
def test_an_impossible_distance_is_refused(bits: int) -> None:
    with pytest.raises(UsageError):
        Groups(bits)
    with pytest.raises(UsageError):
        medsift.scan("a.png", group_bits=bits)


def write_look_alikes(folder: Path) -> None:
    one = picture(1, (300, 240))
    one.save(folder / "a.png")
    picture(2, (300, 240)).save(folder / "b.png")
    buffer = io.BytesIO()
    one.save(buffer, "JPEG", quality=60)
    Image.open(buffer).resize((200, 160)).save(folder / "c.png")


def test_a_smaller_worse_copy_is_in_the_group_of_the_original(tmp_path: Path) -> None:
    write_look_alikes(tmp_path)
    first, other, copy = medsift.scan(tmp_path, group_bits=6)
    assert first.sha256 != copy.sha256
    assert first.group == first.phash == copy.group
    assert other.group == other.phash != first.group
    assert {record.group for record in medsift.scan(tmp_path)} == {""}


def test_groups_go_on_where_a_scan_is_resumed(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "r.jsonl"
    folder.mkdir()
    write_look_alikes(folder)
    for name in ("a.png", "c.png"):
        words = ["scan", str(folder / name), "-o", str(out), "--resume", "--quiet"]
        assert main([*words, "--group-duplicates"]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0]["group"] == rows[1]["group"] == rows[0]["phash"]
