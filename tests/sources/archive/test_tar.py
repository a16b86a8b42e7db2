"""Tape archives and compressed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.picture import Problem
from tests.sources.archive.making import tarred, zipped
from tests.sources.inside import crashed, mutated, pictures, png, problems, scan, small


def zstd(content: bytes) -> bytes:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            packed: bytes = import_module(name).compress(content)
        except ImportError:
            continue
        return packed
    pytest.skip("Zstandard is an extra")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_files_of_a_tape_archive_are_found_in_one_level(mode: str) -> None:
    content = tarred(("a/1.png", png(1)), ("read.me", b"text"), ("2.png", png(2)), mode=mode)
    found = scan(content, limits=small(depth=1))
    assert pictures(found) == [("member a/1.png", "a/1.png"), ("member 2.png", "2.png")]
    assert problems(found) == [("unsupported", "1 member without pictures")]
    assert {f.where.source_type for f in found} == {"archive"}


def test_members_of_a_webdataset_shard_keep_their_keys() -> None:
    samples = [
        (f"shard/{key:06}.{end}", content)
        for key in (17, 18)
        for end, content in (("left.png", png(key)), ("right.png", png(key + 50)), ("cls", b"3"))
    ]
    found = scan(tarred(*samples), "train-{000..001}.tar")
    assert [member for _, member in pictures(found)] == [
        "shard/000017.left.png",
        "shard/000017.right.png",
        "shard/000018.left.png",
        "shard/000018.right.png",
    ]


def test_zstandard_is_read_where_it_is_installed() -> None:
    found = scan(zstd(tarred(("1.png", png(1)))))
    assert pictures(found) == [("member 1.png", "1.png")]


def test_zstandard_that_is_missing_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("medsift.sources.archive.inflate.import_module", missing)
    (found,) = scan(b"\x28\xb5\x2f\xfd" + bytes(30))
    assert isinstance(found, Problem)
    assert found.reason == "unsupported"
    assert "pip install 'medsift[archives]'" in found.error


@pytest.mark.parametrize(
    ("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz")]
)
def test_a_compressed_file_goes_by_its_name_without_the_suffix(pack, suffix: str) -> None:  # type: ignore[no-untyped-def]
    found = scan(pack(png()), f"folder/scan.png{suffix}")
    assert pictures(found) == [("member scan.png", "scan.png")]


def test_streams_in_a_row_are_one_file() -> None:
    content = png()
    packed = gzip.compress(content[:50]) + gzip.compress(content[50:]) + bytes(600) + b"rubbish"
    assert len(pictures(scan(packed))) == 1


def test_links_and_devices_are_passed_over() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo("link.png")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert problems(scan(stream.getvalue())) == [("no_image", "")]


def test_a_truncated_archive_gives_the_files_before_the_cut() -> None:
    content = gzip.compress(tarred(*((f"{n}.png", png(n)) for n in range(3))))
    found = scan(content[:-20])
    assert len(pictures(found)) >= 2
    assert [reason for reason, _ in problems(found)] == ["undecodable"]


def test_a_damaged_header_is_not_taken_for_the_end() -> None:
    content = bytearray(tarred(("1.png", png(1)), ("2.png", png(2))))
    content[content.rindex(b"2.png")] ^= 1
    found = scan(bytes(content))
    assert len(pictures(found)) == 1
    assert [reason for reason, _ in problems(found)] == ["undecodable"]


def test_headers_do_not_fill_the_memory() -> None:
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 5 << 30
    content = gzip.compress(entry.tobuf() + bytes(2 << 20))
    found = scan(content)
    assert [reason for reason, _ in problems(found)] == ["limit_exceeded"]


def test_a_bomb_stops_by_its_budget_even_where_its_files_are_not_looked_at() -> None:
    bomb = tarred(("zeros.bin", bytes(30 << 20)), ("a.png", png()), mode="w:gz")
    found = scan(bomb, limits=small(inflated_bytes=4 << 20))
    assert pictures(found) == []
    assert [reason for reason, _ in problems(found)][-1] == "limit_exceeded"


def test_compressed_files_within_each_other_end_at_the_depth_limit() -> None:
    content = png()
    for _ in range(7):
        content = gzip.compress(content)
    assert [reason for reason, _ in problems(scan(content))] == ["limit_exceeded"]


def test_names_that_are_no_text_become_readable() -> None:
    content = tarred(("x.png", png())).replace(b"x.png\0", b"\xff.png\0", 1)
    header = bytearray(content[:512])
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    ((_, member),) = pictures(scan(bytes(header) + content[512:]))
    assert member == "\ufffd.png"


def test_a_tape_archive_in_a_zip_archive_tells_the_whole_path() -> None:
    found = scan(zipped(("t.tar.gz", tarred(("a/1.png", png()), mode="w:gz"))))
    assert pictures(found) == [("member t.tar.gz/a/1.png", "t.tar.gz/a/1.png")]


_SEED = gzip.compress(tarred(("a.png", png()), ("b.png", png(2))), mtime=0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_ends_in_findings(changes: list[tuple[int, int]]) -> None:
    for seed in (_SEED, gzip.decompress(_SEED)):
        found = scan(mutated(seed, changes))
        assert found
        assert list(crashed(found)) == []
