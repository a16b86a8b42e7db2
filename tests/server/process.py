"""The service as a process of its own, as operators run it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(r"running on (http://[0-9.:]+)")


class ServiceProcess:
    """A running ``medsift serve``."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "medsift", "serve", "--port", "0", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.rows: list[dict[str, Any]] = []
        self.url = ""
        self._started = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._started.wait(300) or not self.url:
            self.process.kill()
            raise AssertionError(f"the service did not start: {self.rows}")

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                row = json.loads(line)
                self.rows.append(row)
                found = _ADDRESS.search(row["event"])
                if found:
                    self.url = found.group(1)
                    self._started.set()
        self._started.set()

    def worker_pids(self) -> list[int]:
        """Its children, but for the helper of multiprocessing."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                status = (path / "stat").read_text()
                command = (path / "cmdline").read_bytes()
            except OSError:
                continue
            parent = int(status.rpartition(")")[2].split()[1])
            if parent == self.process.pid and b"spawn_main" in command:
                found.append(int(path.name))
        return found

    def stop(self) -> int:
        """Ask it to stop, and wait."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(300)
        self._reader.join(10)
        return code


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[ServiceProcess]:
    service = ServiceProcess(*arguments, **environment)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


def wait_until(condition: Any, seconds: float = 120.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)
