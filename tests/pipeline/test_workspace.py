"""The temporary folder of a scan."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from medsift.pipeline.workspace import workspace

pytestmark = pytest.mark.skipif(os.name != "posix", reason="asks for processes as POSIX does")


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def a_dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


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
    left = parent / f"medsift-{a_dead_process()}-abc_1"
    left.mkdir()
    (left / "1.jsonl").write_text("x")
    with workspace():
        assert not left.exists()


@pytest.mark.parametrize("name", ["medsift-{running}-abc", "medsift-notes", "other-{dead}-abc"])
def test_what_is_of_others_stays(parent: Path, name: str) -> None:
    path = parent / name.format(running=os.getpid(), dead=a_dead_process())
    path.mkdir()
    with workspace():
        pass
    assert path.exists()
