"""Names in object stores and other file systems."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from medsift.core.errors import LimitError, NotFoundError, UnreadableError, UnsupportedError
from medsift.core.limits import Limits
from medsift.sources import remote
from medsift.sources.inputs import expand


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s3://bucket/a.png", True),
        ("file:///a.png", True),
        ("https://example.org/a.png", False),
        ("HTTP://example.org/a.png", False),
        ("/data/a.png", False),
        ("C://a.png", False),
    ],
)
def test_object_stores_are_told_from_files_and_web(name: str, expected: bool) -> None:
    assert remote.is_remote(name) is expected


def test_without_fsspec_the_input_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    (item,) = expand(["s3://bucket/a.png"])
    assert isinstance(item.error, UnsupportedError)
    assert "medsift[ray]" in str(item.error)


@pytest.mark.ray
def test_a_prefix_is_listed_in_order_and_read_within_limits(tmp_path: Path) -> None:
    for name in ("b/2.png", "a.png", "b/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    prefix = f"file://{tmp_path}"
    items = list(expand([prefix]))
    assert [item.source for item in items] == [
        f"{prefix}/{name}" for name in ("a.png", "b/1.png", "b/2.png")
    ]
    assert all(item.is_remote for item in items)
    assert remote.read(items[1].source, Limits()) == b"b/1.png"
    with pytest.raises(LimitError):
        remote.read(items[1].source, Limits(file_bytes=6))


@pytest.mark.ray
def test_what_is_not_there_is_an_error_of_the_input(tmp_path: Path) -> None:
    (item,) = expand([f"file://{tmp_path}/none"])
    assert isinstance(item.error, NotFoundError)
    with pytest.raises(NotFoundError):
        remote.read(f"file://{tmp_path}/none.png", Limits())
    with pytest.raises((UnreadableError, UnsupportedError)):
        remote.read("nosuchstore://bucket/a.png", Limits())
