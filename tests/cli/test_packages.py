"""Files of a manifest out of Debian packages."""

from __future__ import annotations

import io
import random
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsift.cli.packages import PackageError, members, packages_below, unpack


def package(
    files: dict[str, bytes], kind: str = "xz", links: dict[str, str] | None = None
) -> bytes:
    """A package as dpkg-deb(1) makes it, with its control part left empty."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=f"w:{kind}") as archive:  # type: ignore[call-overload]
        for name, body in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    parts = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": stream.getvalue()}
    whole = b"!<arch>\n"
    for name, body in parts.items():
        head = f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(body):<10}`\n"
        whole += head.encode() + body + b"\n" * (len(body) % 2)
    return whole


@pytest.mark.parametrize("kind", ["xz", "gz"])
def test_only_wanted_files_are_read_and_none_that_is_too_large(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x-data_1.0-2_all.deb"
    path.write_bytes(package({"usr/a.png": b"first", "usr/b.png": b"b" * 99, "c": b"c"}, kind))
    assert list(members(path, {"usr/a.png": 10, "usr/b.png": 10})) == [("usr/a.png", b"first")]


def test_a_link_leads_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "x_1_all.deb"
    path.write_bytes(package({}, links={"usr/a.png": "/etc/passwd"}))
    assert list(members(path, {"usr/a.png": 1000})) == []


def test_packages_are_told_by_name_and_version_also_with_an_epoch(tmp_path: Path) -> None:
    for name in ("a-data_1%3a3.7-1_all.deb", "below/b_2_amd64.deb", "odd.deb", "c_1_all.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert set(packages_below(tmp_path)) == {("debian/a-data", "1%3a3.7-1"), ("debian/b", "2")}


def test_a_damaged_package_does_not_cost_the_others(tmp_path: Path) -> None:
    noise = random.Random(0).randbytes(50_000)
    whole = package({"noise": noise, "a.png": b"first"})
    (tmp_path / "a_1_all.deb").write_bytes(whole[:30_000])
    (tmp_path / "b_1_all.deb").write_bytes(b"no package")
    (tmp_path / "c_1_all.deb").write_bytes(whole)
    (tmp_path / "d_1_all.deb").write_bytes(b"never opened")
    kept: list[tuple[str, str, bytes]] = []
    wanted = {(f"debian/{name}", "1"): {"a.png": 100} for name in "abc"}
    problems = unpack(tmp_path, wanted, lambda key, path, data: kept.append((key[0], path, data)))
    assert kept == [("debian/c", "a.png", b"first")]
    assert [problem.split(":")[0][-11:] for problem in problems] == ["a_1_all.deb", "b_1_all.deb"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 255), st.booleans())
def test_whatever_is_damaged_ends_in_one_error(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, cut: bool
) -> None:
    whole = bytearray(package({"a.png": b"first" * 20}))
    place = min(place, len(whole) - 1)
    whole[place] = value
    path = tmp_path_factory.mktemp("damaged") / "a_1_all.deb"
    path.write_bytes(bytes(whole[:place]) if cut else bytes(whole))
    with suppress(PackageError):
        assert all(name == "a.png" for name, _ in members(path, {"a.png": 1000}))
