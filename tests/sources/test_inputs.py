"""What the user named becomes single inputs."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import pytest

from medsift.core.errors import NotFoundError, UnreadableError, UnsupportedError
from medsift.sources.inputs import expand


def sources(*names: str | Path) -> list[str]:
    return [item.source for item in expand(names)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.png", "a.png", "below/c.png", "below/deeper/d.pdf", ".hidden"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def test_a_file_is_itself(tree: Path) -> None:
    (item,) = expand([tree / "a.png"])
    assert item.path == tree / "a.png"
    assert item.source == str(tree / "a.png")
    assert item.error is None


def test_a_folder_gives_every_file_below_it_in_the_order_of_names(tree: Path) -> None:
    assert sources(tree) == [
        str(tree / name)
        for name in (".hidden", "a.png", "b.png", "below/c.png", "below/deeper/d.pdf")
    ]


def test_a_glob_gives_its_matches(tree: Path) -> None:
    assert sources(f"{tree}/*.png") == [f"{tree}/a.png", f"{tree}/b.png"]


def test_a_recursive_glob_names_no_file_twice(tree: Path) -> None:
    found = sources(f"{tree}/**")
    assert len(found) == len(set(found)) == 4


def test_a_recursive_glob_follows_no_link_to_a_folder_and_says_so(tree: Path) -> None:
    (tree / "below" / "round").symlink_to(tree)
    found = {item.source: item.error for item in expand([f"{tree}/**/*.png"])}
    link = f"{tree}/below/round"
    assert sorted(found) == [f"{tree}/a.png", f"{tree}/b.png", f"{tree}/below/c.png", link]
    assert isinstance(found.pop(link), UnsupportedError)
    assert set(found.values()) == {None}
    # A part of the pattern that names the link follows it, once.
    assert sources(f"{tree}/below/r*/*.png") == [f"{link}/a.png", f"{link}/b.png"]


def test_a_folder_that_may_not_be_listed_does_not_end_a_glob(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.listdir

    def listed(folder: str | Path) -> list[str]:
        if Path(folder).name == "below":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr("medsift.sources.patterns.os.listdir", listed)
    found = {item.source: item.error for item in expand([f"{tree}/**/*.png"])}
    assert sorted(found) == [f"{tree}/a.png", f"{tree}/b.png", f"{tree}/below"]
    assert isinstance(found[f"{tree}/below"], UnreadableError)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/deeper/*", ["below/deeper/d.pdf"]),
        ("*/deeper/d.pdf", ["below/deeper/d.pdf"]),
        ("**/**/?.pdf", ["below/deeper/d.pdf"]),
        ("**/below/**/d.*", ["below/deeper/d.pdf"]),
        ("b*", ["b.png", "below/c.png", "below/deeper/d.pdf"]),
        (".h*", [".hidden"]),
        ("[ab].png", ["a.png", "b.png"]),
    ],
)
def test_patterns_are_those_of_shells(tree: Path, pattern: str, names: list[str]) -> None:
    assert sources(f"{tree}/{pattern}") == [f"{tree}/{name}" for name in names]


def test_a_pattern_may_be_relative(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert sources("**/*.png") == ["a.png", "b.png", "below/c.png"]


def test_an_empty_folder_is_accounted_for(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (item,) = expand([tmp_path])
    assert item.source == str(tmp_path)
    assert isinstance(item.error, UnsupportedError)


def test_a_name_with_magic_characters_that_exists_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "scan[1].png"
    path.write_bytes(b"x")
    assert sources(path) == [str(path)]


@pytest.mark.parametrize("name", ["missing.png", "missing/*.png"])
def test_what_does_not_exist_is_yielded_with_its_error(tmp_path: Path, name: str) -> None:
    (item,) = expand([tmp_path / name])
    assert isinstance(item.error, NotFoundError)
    assert item.source == str(tmp_path / name)


def test_an_address_is_kept_as_it_is() -> None:
    (item,) = expand(["HTTPS://example.org/a b?x=*"])
    assert item.is_url
    assert item.source == "HTTPS://example.org/a b?x=*"


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (item,) = expand([tmp_path])
    assert isinstance(item.error, UnsupportedError)


def test_links_to_folders_are_reported_and_not_followed(tree: Path) -> None:
    (tree / "below" / "loop").symlink_to(tree, target_is_directory=True)
    items = {item.source: item for item in expand([tree])}
    assert isinstance(items[str(tree / "below" / "loop")].error, UnsupportedError)
    assert len(items) == 6


def test_a_dangling_link_is_reported(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (item,) = expand([tmp_path])
    assert isinstance(item.error, UnreadableError)


def test_the_depth_of_folders_is_not_bounded_by_the_stack(tmp_path: Path) -> None:
    depth = 300
    deepest = tmp_path.joinpath(*["d"] * depth)
    deepest.mkdir(parents=True)
    (deepest / "end.png").write_bytes(b"x")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + depth // 2)
    try:
        found = sources(tmp_path)
    finally:
        sys.setrecursionlimit(limit)
    assert found == [str(deepest / "end.png")]


def test_inputs_come_as_they_are_found(tmp_path: Path) -> None:
    def endless() -> object:
        while True:
            yield tmp_path / "missing.png"

    stream = expand(endless())  # type: ignore[arg-type]
    assert next(stream).error is not None


def test_what_the_scan_itself_writes_is_no_input(tree: Path) -> None:
    own = [tree / "b.png", tree / "below"]
    found = [item.source for item in expand([tree], own)]
    assert found == [str(tree / ".hidden"), str(tree / "a.png")]


def test_an_own_file_that_is_named_by_itself_is_an_input(tree: Path) -> None:
    assert [item.source for item in expand([tree / "b.png"], [tree / "b.png"])]


@pytest.mark.parametrize("name", ["", "a\0b/*.png", "a\0b.png"])
def test_a_name_that_no_file_can_have_is_not_found(name: str) -> None:
    (item,) = expand([name])
    assert isinstance(item.error, NotFoundError)


@pytest.mark.parametrize("url", ["http://[::1", "http://[bad]/x.png", "http://\u2100.com/"])
def test_a_malformed_address_is_left_to_what_fetches(url: str) -> None:
    (item,) = expand([url])
    assert item.is_url


def test_a_path_too_long_for_the_system_is_reported(tmp_path: Path) -> None:
    (item,) = expand([tmp_path / ("x" * 300)])
    assert item.error is not None
