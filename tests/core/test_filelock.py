"""Locks on files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

import pytest

from medsift.core.filelock import LockFile, try_lock


def test_only_one_has_the_lock_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("wb") as first:
        assert try_lock(first) is True
        with path.open("ab") as second:
            assert try_lock(second) is False
    with path.open("ab") as third:
        assert try_lock(third) is True


def test_a_lock_file_is_held_by_one_and_there_only_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "out.csv.lock"
    first = LockFile(path)
    with pytest.raises(BlockingIOError):
        LockFile(path)
    first.release()
    first.release()
    assert not path.exists()
    second = LockFile(path)
    second.release()


def test_a_lock_file_that_a_kill_left_behind_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "out.csv.lock"
    path.touch()
    LockFile(path).release()
    assert not path.exists()


def test_a_lock_on_a_file_that_was_removed_meanwhile_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv.lock"
    tried = 0

    def removed_before(stream: IO[bytes]) -> bool | None:
        nonlocal tried
        tried += 1
        if tried == 1:
            path.unlink()
        return try_lock(stream)

    monkeypatch.setattr("medsift.core.filelock.try_lock", removed_before)
    lock = LockFile(path)
    assert tried == 2
    with pytest.raises(BlockingIOError):
        LockFile(path)
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="what is open cannot be removed there")
def test_a_lock_that_others_took_while_it_was_given_back_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv.lock"
    first = LockFile(path)
    taken: list[LockFile] = []
    stream = first._stream

    class Slow:
        closed = False
        fileno = stream.fileno

        def close(self) -> None:
            stream.close()
            taken.append(LockFile(path))

    monkeypatch.setattr(first, "_stream", Slow())
    first.release()
    assert path.exists()
    taken[0].release()


def test_a_file_of_the_users_that_is_named_like_a_lock_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.csv.lock"
    path.write_text("precious")
    LockFile(path).release()
    assert path.read_text() == "precious"
