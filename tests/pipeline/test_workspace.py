"""The temporary folder of a scan."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from medsift.pipeline.workspace import workspace

pytestmark = pytest.mark.skipif(os.name != "posix", reason="asks for processes as POSIX does")


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def leave(folder: Path, age: float = 3600) -> Path:
    """What a killed scan leaves: a folder whose lock nobody holds."""
    folder.mkdir()
    (folder / "lock").write_bytes(b"")
    (folder / "1.jsonl").write_text("x")
    os.utime(folder, (time.time() - age,) * 2)
    return folder


def test_it_is_private_and_gone_at_the_end(parent: Path) -> None:
    with workspace() as folder:
        assert folder.parent == parent
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "file").write_text("x")
    assert list(parent.iterdir()) == []


def test_it_is_gone_after_an_error_too(parent: Path) -> None:
    with pytest.raises(KeyError), workspace():
        raise KeyError
    assert list(parent.iterdir()) == []


def test_what_a_killed_scan_left_is_removed(parent: Path) -> None:
    left = leave(parent / "medsift-abc_1")
    with workspace():
        assert not left.exists()


def test_the_folder_of_a_running_scan_stays(parent: Path) -> None:
    with workspace() as folder:
        os.utime(folder, (0, 0))
        with workspace():
            assert folder.is_dir()
    assert list(parent.iterdir()) == []


def test_a_folder_that_may_be_about_to_be_locked_stays(parent: Path) -> None:
    young = leave(parent / "medsift-abc", age=0)
    with workspace():
        assert young.is_dir()


def test_what_is_of_others_hides_nothing_that_was_left(parent: Path) -> None:
    for number in range(12):
        leave(parent / f"medsift-{number}a")
        foreign = leave(parent / f"medsift-{number}b")
        (foreign / "lock").unlink()
        os.utime(foreign, (0, 0))
    with workspace() as folder:
        left = {path.name for path in parent.iterdir()} - {folder.name}
    assert left == {f"medsift-{number}b" for number in range(12)}


@pytest.mark.parametrize("name", ["other-abc", "medsift-notes"])
def test_what_is_of_others_stays(parent: Path, name: str) -> None:
    path = leave(parent / name)
    if name == "medsift-notes":
        (path / "lock").unlink()
        os.utime(path, (0, 0))
    with workspace():
        assert path.is_dir()
