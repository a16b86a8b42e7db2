"""Zip archives: what is found in them, and what hostile ones cost."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.core.picture import Picture, Problem
from medsift.sources import spool
from tests.sources.archive.making import overlapping, with_declared_size, with_flags, zipped
from tests.sources.inside import crashed, mutated, pdf, pictures, png, problems, scan, small


def test_pictures_are_found_by_content_in_the_order_of_the_archive() -> None:
    found = scan(zipped(("b/scan.png", png()), ("a/hidden.txt", png(9))))
    assert pictures(found) == [
        ("member b/scan.png", "b/scan.png"),
        ("member a/hidden.txt", "a/hidden.txt"),
    ]
    assert [f.where.index for f in found] == [1, 2]
    assert {f.where.source_type for f in found} == {"archive"}


def test_containers_in_containers_tell_the_whole_path() -> None:
    inner = zipped(("deep/page.pdf", pdf()), ("x.png", png()))
    found = scan(zipped(("first.png", png(1)), ("in.zip", inner)), "out.zip")
    assert pictures(found) == [
        ("member first.png", "first.png"),
        ("member in.zip/deep/page.pdf, page 1, image 1", "in.zip/deep/page.pdf"),
        ("member in.zip/x.png", "in.zip/x.png"),
    ]
    assert [f.where.index for f in found] == [1, 2, 3]
    assert {(f.where.source, f.where.source_type) for f in found} == {("out.zip", "archive")}


def test_members_without_pictures_are_told_once() -> None:
    code = [(f"src/{n}.py", b"print('x')\n") for n in range(500)]
    found = scan(zipped(*code, ("logo.png", png()), ("data.bin", b"\x00\x01\x80" * 50)))
    assert pictures(found) == [("member logo.png", "logo.png")]
    assert problems(found) == [("unsupported", "501 members without pictures")]


def test_a_container_that_is_not_read_is_told_by_name() -> None:
    found = scan(zipped(("old.rar", b"Rar!\x1a\x07\x00" + bytes(50))))
    assert problems(found) == [("unsupported", "member old.rar")]


def test_folders_and_what_desktops_leave_behind_are_passed_over() -> None:
    double = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"
    store = b"\x00\x00\x00\x01Bud1\x00\x00"
    clutter = [("empty/", b""), ("__MACOSX/._a.png", double), ("a/.DS_Store", store)]
    found = scan(zipped(*clutter, ("a/a.png", png())))
    assert pictures(found) == [("member a/a.png", "a/a.png")]
    assert problems(found) == []


def test_pictures_that_are_named_like_clutter_are_found() -> None:
    members = [("__MACOSX/a.png", png(1)), ("a/.DS_Store", png(2)), ("__MACOSX/._b.png", png(3))]
    found = scan(zipped(*members))
    assert [member for _, member in pictures(found)] == [name for name, _ in members]


def test_an_empty_archive_has_no_image() -> None:
    assert problems(scan(zipped())) == [("no_image", "")]


def test_two_members_of_one_name_are_both_found() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = zipped(("a.png", png(1)), ("a.png", png(2)))
    found = [f for f in scan(archive) if isinstance(f, Picture)]
    assert len({f.sha256 for f in found}) == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_compression_of_the_standard_library_is_read(method: int) -> None:
    assert len(pictures(scan(zipped(("a.png", png()), method=method)))) == 1


def test_encrypted_members_are_told_one_by_one() -> None:
    found = scan(with_flags(zipped(("a.png", png()), ("b.png", png())), 1))
    assert problems(found) == [("encrypted", "member a.png"), ("encrypted", "member b.png")]


def test_names_in_utf8_are_read_with_and_without_the_flag_for_it() -> None:
    archive = zipped(("rötgen/胸部.png", png()))
    assert pictures(scan(archive))[0][1] == "rötgen/胸部.png"
    assert pictures(scan(with_flags(archive, 0)))[0][1] == "rötgen/胸部.png"


def test_names_that_lead_out_of_the_archive_are_only_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["../../up.png", "/etc/root.png", "C:\\win\\x.png", "a\x01b\n.png"]
    found = scan(zipped(*((name, png()) for name in names)))
    members = [member for _, member in pictures(found)]
    assert members == ["../../up.png", "etc/root.png", "C:/win/x.png", "a\ufffdb\ufffd.png"]
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_stops_by_its_budget_and_says_where() -> None:
    bomb = zipped(*((f"{n}.bmp", b"BM" + bytes(12) + b"\x28" + bytes(3_000_000)) for n in range(9)))
    found = scan(bomb, limits=small(inflated_bytes=8 << 20))
    limits = [f for f in found if isinstance(f, Problem) and f.reason == "limit_exceeded"]
    assert len(limits) == 1
    assert "inflates to more than 8 MiB; left out from member 3 on" in limits[0].error


def test_what_an_archive_holds_anyhow_is_no_growth() -> None:
    stored = zipped(*((f"{n}.png", png(n)) for n in range(20)), method=zipfile.ZIP_STORED)
    assert len(pictures(scan(stored, limits=small(inflated_bytes=0)))) == 20


def test_members_that_overlap_are_counted_each_time() -> None:
    bomb = overlapping(png() + bytes(500_000), 200)
    found = scan(bomb, limits=small(inflated_bytes=5 << 20))
    assert len(pictures(found)) < 20
    assert problems(found)


def test_a_member_that_is_too_large_does_not_cost_the_others() -> None:
    members = [("big.png", png() + bytes(100_000)), ("big2.png", png() + bytes(100_000))]
    found = scan(zipped(*members, ("ok.png", png())), limits=small(file_bytes=50_000))
    assert pictures(found) == [("member ok.png", "ok.png")]
    assert problems(found) == [("limit_exceeded", "2 members larger than 0 MiB")]


def test_a_size_that_lies_is_found_out_while_inflating() -> None:
    archive = with_declared_size(zipped(("lie.png", png() + bytes(100_000))), 90)
    found = scan(zipped(("in.zip", archive), ("ok.png", png())), limits=small(file_bytes=50_000))
    assert ("member ok.png", "ok.png") in pictures(found)
    assert problems(found)[0][0] == "undecodable"


def test_too_many_members_end_the_archive() -> None:
    found = scan(zipped(*((f"{n}.png", png(n)) for n in range(30))), limits=small(members=10))
    assert len(pictures(found)) == 10
    assert problems(found) == [("limit_exceeded", "")]


def test_the_budget_holds_across_levels() -> None:
    inner = zipped(*((f"{n}.png", png(n)) for n in range(6)))
    found = scan(zipped(("a.zip", inner), ("b.zip", inner)), limits=small(members=10))
    assert len(pictures(found)) == 8  # and two archives


def test_archives_nested_too_deeply_are_told() -> None:
    archive = zipped(("a.png", png()))
    for _ in range(6):
        archive = zipped(("in.zip", archive))
    found = scan(archive)
    assert [reason for reason, _ in problems(found)] == ["limit_exceeded"]


def test_a_truncated_archive_gives_what_is_left_of_it() -> None:
    archive = zipped(*((f"{n}.png", png(n)) for n in range(4)), ("late.png", png(9, 400)))
    found = scan(archive[: archive.find(b"late.png") + 40])
    assert [member for _, member in pictures(found)] == ["0.png", "1.png", "2.png", "3.png"]
    assert [reason for reason, _ in problems(found)] == ["undecodable", "undecodable"]


def test_pages_in_an_archive_do_not_repeat_the_pictures_beside_them() -> None:
    page = b"<html><body><img src='a.png'><img src='https://example.org/b.png'></body></html>"
    found = scan(zipped(("site/index.html", page), ("site/a.png", png())))
    assert pictures(found) == [("member site/a.png", "site/a.png")]
    assert problems(found) == [("remote", "member site/index.html, img 2")]


def test_large_members_wait_in_a_file_that_vanishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 100)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    inner = zipped(("a.png", png(side=200)), ("b.pdf", pdf()))
    assert len(pictures(scan(zipped(("in.zip", inner))))) == 2
    assert list(tmp_path.iterdir()) == []


def test_large_members_wait_in_a_file_also_where_open_files_have_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MEMORY_BYTES", 100)
    monkeypatch.setattr(spool, "_OPEN_FILES", tmp_path / "nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(pictures(scan(zipped(("in.zip", zipped(("b.pdf", pdf()))))))) == 1
    assert list(tmp_path.iterdir()) == []


_SEED = zipped(("a.png", png()), ("b.txt", b"words"), ("c.pdf", pdf()))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_ends_in_findings(changes: list[tuple[int, int]]) -> None:
    found = scan(mutated(_SEED, changes))
    assert found
    assert list(crashed(found)) == []
