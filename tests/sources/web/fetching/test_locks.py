from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from medsift.sources.web.fetching.locks import HostLocks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks that end with a process")


def test_no_more_hold_a_place_than_there_are_places(tmp_path: Path) -> None:
    holding, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal holding, most
        # Each with a view of its own, as another process has it.
        with HostLocks(tmp_path).place("example.org", 2):
            with lock:
                holding += 1
                most = max(most, holding)
            time.sleep(0.03)
            with lock:
                holding -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_who_waits_looks_again_less_and_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    locks = HostLocks(tmp_path)
    with contextlib.ExitStack() as held:
        held.enter_context(locks.place("example.org"))

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 9:
                held.close()

        monkeypatch.setattr("medsift.sources.web.fetching.locks.time.sleep", wait)
        with HostLocks(tmp_path).place("example.org"):
            pass
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.01, 0.1)


def test_places_at_different_hosts_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    locks = HostLocks(tmp_path)
    with locks.place("example.org"), locks.place("example.net"):
        pass


def test_a_process_that_is_killed_keeps_nobody_waiting(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from medsift.sources.web.fetching.locks import HostLocks\n"
        "with HostLocks(Path(sys.argv[1])).place('example.org'):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        got_it = threading.Event()

        def wait() -> None:
            with HostLocks(tmp_path).place("example.org"):
                got_it.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not got_it.wait(0.2)
        process.kill()
        assert got_it.wait(30)
        waiting.join()


def test_starts_are_booked_one_after_the_other(tmp_path: Path) -> None:
    first = HostLocks(tmp_path).start("example.org", 5.0)
    second = HostLocks(tmp_path).start("example.org", 1.0)
    third = HostLocks(tmp_path).start("example.org", 1.0)
    assert second - first == pytest.approx(5.0)
    assert third - second == pytest.approx(1.0)
    assert HostLocks(tmp_path).start("example.net", 1.0) < second


def test_a_damaged_booking_is_as_good_as_none(tmp_path: Path) -> None:
    locks = HostLocks(tmp_path)
    locks.path("example.org", "start").write_text("soon")
    assert locks.start("example.org", 1.0) <= time.monotonic()


def test_without_a_folder_everybody_goes_ahead(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    locks = HostLocks(tmp_path / "file" / "folder")
    with locks.place("example.org"), locks.place("example.org"):
        assert locks.start("example.org", 9.0) <= time.monotonic()
