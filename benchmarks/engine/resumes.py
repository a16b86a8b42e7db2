"""Kill, edit, rename and reset between resumes, and compare with a scan that nobody disturbed.

    python benchmarks/engine/resumes.py [--rounds 300] [--seed 1] [--minutes 30]

A folder of pictures, documents, an archive and damaged files is scanned into CSV, JSONL and Parquet
at once. Between two resumes anything may happen: files are replaced, touched, renamed, removed or
added; the scan is killed, with its workers or alone, interrupted or terminated; it is started with
another threshold or minimum size, without ``--resume``, beside another scan into one of its
outputs, or after somebody edited one of them, or another scan took one over. What must be refused
has to be refused (exit 2, or 1 where another scan runs) and to leave every output as it was;
whenever a scan comes to its end, its outputs are compared with those of a new scan with the same
settings, row by row in their order, all fields but the time taken. Ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tables import difference, rows

NAMES = ("out.csv", "out.jsonl", "out.parquet")
SETTINGS: tuple[list[str], ...] = (
    [],
    ["--threshold", "0.9"],
    ["--min-size", "90"],
    ["--threshold", "0.9", "--tta"],
)
_PICTURES, _DOCUMENTS = 30, 4
_UNEXPECTED, _REFUSED = 1, 2


@dataclass(slots=True)
class Torture:
    """A scan that is not left in peace.

    Attributes
    ----------
    place : Path
    rng : random.Random
    workers : int
    seconds : float
        That an undisturbed scan takes, about.
    settings : list of str
        Options that records depend on.
    happened : Counter
        What was done, by name.
    faults : list of str
    """

    place: Path
    rng: random.Random
    workers: int
    seconds: float = 5.0
    settings: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    made: int = 0
    _scans: int = 0
    _said: dict[int, Path] = field(default_factory=dict)

    @property
    def inputs(self) -> Path:
        """What is scanned."""
        return self.place / "inputs"

    @property
    def outputs(self) -> Path:
        """Where it goes."""
        return self.place / "outputs"

    def begin(self) -> None:
        """Make the inputs, and scan them once to know how long that takes."""
        self.inputs.mkdir()
        self.outputs.mkdir()
        for _ in range(_PICTURES):
            self.add()
        for number in range(_DOCUMENTS):
            pages = [Image.fromarray(self._pixels()) for _ in range(3)]
            path = self.inputs / f"{number}.pdf"
            pages[0].save(path, save_all=True, append_images=pages[1:])
        with zipfile.ZipFile(self.inputs / "many.zip", "w") as archive:
            for path in sorted(self.inputs.glob("*.png"))[:5]:
                archive.write(path, path.name)
        (self.inputs / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
        started = time.monotonic()
        self.expected()
        self.seconds = time.monotonic() - started

    def round(self) -> None:
        """Let something happen, then go on with the scan, to its end or not."""
        for _ in range(self.rng.choice((0, 0, 1, 2))):
            self._chosen(self.add, self.replace, self.touch, self.rename, self.remove)()
        if self.rng.random() < 0.3:
            self._chosen(
                self.other_settings,
                self.no_resume,
                self.edited_output,
                self.beside_another,
                self.taken_over,
            )()
        self.go_on()

    def go_on(self) -> None:
        """Resume; kill it, or compare what comes of it."""
        self.happened["resumes"] += 1
        process = self.scan("--resume", "--resume-by", self.rng.choice(("time", "time", "hash")))
        if self.rng.random() < 0.65:
            try:
                # More often early than late, where files are opened, compared and moved.
                process.wait(self.seconds * self.rng.uniform(0.1, 1.1) ** 1.5)
            except subprocess.TimeoutExpired:
                self._end(process)
                return
        code = process.wait()
        if code not in (0, 3):
            self.faults.append(f"a resume ended with {code}: {self.said(process)}")
            return
        self.happened["ends"] += 1
        expected = self.expected()
        for name in NAMES:
            if (found := rows(self.outputs / name)) != expected:
                self.faults.append(f"{name} differs: {difference(found, expected)}")
        left = sorted(path.name for path in self.outputs.iterdir())
        if left != sorted([*NAMES, "out.csv.journal"]):
            self.faults.append(f"there are {left}")

    def expected(self) -> list[dict[str, Any]]:
        """What a new scan gives."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.jsonl"
            process = self.scan(out=[out])
            if (code := process.wait()) not in (0, 3):
                told = self.said(process)
                self.faults.append(f"an undisturbed scan ended with {code}: {told}")
            return rows(out)

    def scan(
        self,
        *words: str,
        out: list[Path] | None = None,
        settings: list[str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a scan in a process group of its own."""
        out = [self.outputs / name for name in NAMES] if out is None else out
        files = [word for path in out for word in ("-o", str(path))]
        always = ["--quiet", "--model", "fast", "--workers", str(self.workers)]
        chosen = self.settings if settings is None else settings
        command = [sys.executable, "-m", "medsift", "scan", str(self.inputs), *files, *always]
        self._scans += 1
        said = self.place / f"said-{self._scans}.txt"
        with said.open("wb") as stream:
            process = subprocess.Popen(
                [*command, *chosen, *words], start_new_session=True, stderr=stream
            )
        self._said[process.pid] = said
        return process

    def said(self, process: subprocess.Popen[bytes]) -> str:
        """The last lines that a scan wrote for people."""
        lines = self._said[process.pid].read_text("utf-8", "replace").split("\n")
        return " / ".join(line for line in lines[-12:] if line)

    def add(self) -> None:
        """A new picture, anywhere in the order of names."""
        self.made += 1
        Image.fromarray(self._pixels()).save(self._new_name())

    def replace(self) -> None:
        """Another picture under the name of one that is there."""
        if path := self._any():
            Image.fromarray(self._pixels()).save(path)

    def touch(self) -> None:
        """A new time for the same content."""
        if path := self._any():
            path.touch()

    def rename(self) -> None:
        """The same picture under another name."""
        if path := self._any():
            path.rename(self._new_name())

    def remove(self) -> None:
        """One picture less."""
        if path := self._any():
            path.unlink()

    def other_settings(self) -> None:
        """Other settings are refused, and from now on taken in a scan that begins anew."""
        other = self.rng.choice([each for each in SETTINGS if list(each) != self.settings])
        self._refused("other settings", lambda: self.scan("--resume", settings=list(other)))
        if self.rng.random() < 0.3:
            self._begin_anew(list(other))

    def _begin_anew(self, settings: list[str]) -> bool:
        """A scan over what is there; whether it had begun when it was killed."""
        before = self._journal_header()
        process = self.scan("--overwrite", settings=settings)
        try:
            process.wait(self.rng.uniform(0.2, self.seconds))
        except subprocess.TimeoutExpired:
            self._end(process)
        if self._journal_header() == before:
            self.happened["ended before it began"] += 1
            return False
        self.settings = settings
        self.happened["begun anew"] += 1
        return True

    def no_resume(self) -> None:
        """Nothing is overwritten unasked."""
        self._refused("no --resume", self.scan)

    def edited_output(self) -> None:
        """An output that somebody changed is refused; the change is taken back then."""
        path = self.outputs / self.rng.choice(NAMES[:2])
        good = self._kept_bytes(path)
        if not good:
            return
        before = path.read_bytes()
        at = self.rng.randrange(good)
        edited = before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :]
        path.write_bytes(edited)
        self._refused("an edited output", lambda: self.scan("--resume"))
        path.write_bytes(before)

    def beside_another(self) -> None:
        """While a scan runs, another one into one of its outputs is refused, and harms nothing."""
        locks = [self.outputs / f"{name}.lock" for name in NAMES]
        for path in locks:
            path.unlink(missing_ok=True)  # of a scan that was killed
        process = self.scan("--resume")
        while process.poll() is None and not all(path.exists() for path in locks):
            time.sleep(0.01)
        time.sleep(0.1)  # from making a lock to holding it
        # It waits while the other one tries, or it would often have ended before.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGSTOP)
        held = process.poll() is None and all(path.exists() for path in locks)
        if held:
            before = self._contents()
            other = self.scan("--overwrite", out=[self.outputs / self.rng.choice(NAMES)])
            if (code := other.wait()) != _UNEXPECTED:
                self.faults.append(f"a second scan ended with {code}: {self.said(other)}")
            if self._contents() != before and _is_stopped(process):
                self.faults.append("a second scan changed the outputs of the first")
            self.happened["two at once"] += 1
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)
        self._end(process)

    def taken_over(self) -> None:
        """One of the outputs is overwritten alone: the three cannot be gone on with any more."""
        if not self._kept_bytes(self.outputs / NAMES[0]):
            return
        name = self.rng.choice(NAMES)
        if (code := self.scan("--overwrite", out=[self.outputs / name]).wait()) not in (0, 3):
            self.faults.append(f"a scan into {name} alone ended with {code}")
        self._refused("one output taken over", lambda: self.scan("--resume"), always=True)
        while not self._begin_anew(self.settings):
            pass

    def _refused(
        self, what: str, start: Callable[[], subprocess.Popen[bytes]], always: bool = False
    ) -> None:
        if not always and not self._kept_bytes(self.outputs / NAMES[0]):
            return  # nothing yet that could be harmed
        self.happened[what] += 1
        before = self._contents()
        process = start()
        if (code := process.wait()) != _REFUSED:
            self.faults.append(f"{what}: ended with {code}: {self.said(process)}")
        after = self._contents()
        changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
        if changed:
            self.faults.append(f"{what}: changed {sorted(changed)}: {self.said(process)}")

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        how = self.rng.choice(("killed", "killed with workers", "interrupted", "terminated"))
        self.happened[how] += 1
        number = {"interrupted": signal.SIGINT, "terminated": signal.SIGTERM}.get(how)
        if how == "killed with workers":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.send_signal(number or signal.SIGKILL)
        process.wait()
        for _ in range(300):
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)
        self.faults.append("a worker outlived its scan")
        os.killpg(process.pid, signal.SIGKILL)

    def _kept_bytes(self, path: Path) -> int:
        """Bytes of an output that are of inputs that are done."""
        journal = self.outputs / "out.csv.journal"
        if not journal.is_file() or not path.is_file():
            return 0
        done = [
            json.loads(line)
            for line in journal.read_bytes().split(b"\n")[:-1]
            if line.startswith(b'{"done"')
        ]
        return int(done[-1]["bytes"][NAMES.index(path.name)]) if done else 0

    def _journal_header(self) -> bytes:
        """The first line of the journal, which tells one scan from another."""
        journal = self.outputs / "out.csv.journal"
        return journal.read_bytes().split(b"\n")[0] if journal.is_file() else b""

    def _contents(self) -> dict[str, bytes]:
        # Locks that a kill left are taken over by the next scan, also by one that is refused then.
        files = sorted(path for path in self.outputs.iterdir() if path.suffix != ".lock")
        return {path.name: path.read_bytes() for path in files}

    def _any(self) -> Path | None:
        return self.rng.choice(sorted(self.inputs.rglob("*.png")) or [None])

    def _new_name(self) -> Path:
        self.made += 1
        return self.inputs / f"{self.rng.randrange(1000):03}-{self.made}.png"

    def _pixels(self) -> np.ndarray:
        noise = np.random.default_rng(self.rng.randrange(1 << 30))
        side = self.rng.choice((24, 80, 128, 200))
        small = noise.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        return np.asarray(Image.fromarray(small).resize((side, side)))

    def _chosen(self, *actions: Callable[[], None]) -> Callable[[], None]:
        action = self.rng.choice(actions)
        if action.__name__ in {"add", "replace", "touch", "rename", "remove"}:
            self.happened[action.__name__] += 1
        return action


def _is_stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process still waits, and nobody else has let it go on."""
    status = Path(f"/proc/{process.pid}/stat").read_text()
    return status.rpartition(")")[2].split()[0] == "T"


def main() -> int:
    """Torture, and tell what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    ends = time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory() as place:
        torture = Torture(Path(place), random.Random(arguments.seed), arguments.workers)
        torture.begin()
        for number in range(arguments.rounds):
            if time.monotonic() > ends or len(torture.faults) > 5:
                break
            torture.round()
            sys.stderr.write(f"round {number + 1}: {dict(torture.happened)}\n")
            for fault in torture.faults:
                sys.stderr.write(f"FAULT: {fault}\n")
    told = ", ".join(f"{count} {name}" for name, count in torture.happened.items())
    sys.stdout.write(f"{told}; {len(torture.faults)} faults\n")
    for fault in torture.faults:
        sys.stdout.write(fault + "\n")
    return 1 if torture.faults else 0


if __name__ == "__main__":
    sys.exit(main())
