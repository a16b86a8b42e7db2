"""Standard streams that are closed, full, or given up by their reader."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medsift.cli import standard_input, streams
from medsift.cli.streams import Forgiving
from tests.samples import picture

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    picture(1).save(path)
    return path


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = f"set -o pipefail; {line.replace('medsift', f'{sys.executable} -m medsift')}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_closed_standard_input_has_no_names(tmp_path: Path) -> None:
    assert shell("medsift scan - -o r.jsonl <&-", tmp_path).returncode == 4


def test_a_closed_standard_error_loses_nothing(image: Path) -> None:
    done = shell("medsift scan a.png -o r.jsonl 2>&-", image.parent)
    assert done.returncode == 0
    assert len((image.parent / "r.jsonl").read_text().splitlines()) == 1


def test_a_full_standard_error_fails_no_scan(image: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = shell("medsift scan a.png -o r.jsonl 2>/dev/full", image.parent)
    assert done.returncode == 0
    assert len((image.parent / "r.jsonl").read_text().splitlines()) == 1


def test_records_for_a_closed_standard_output_are_refused(image: Path) -> None:
    done = shell("medsift scan a.png -o - >&-", image.parent)
    assert done.returncode == 1
    assert "standard output is closed" in done.stderr


@pytest.mark.parametrize("words", [["-o", "-"], ["--table"]])
def test_a_reader_that_leaves_ends_the_scan_without_complaint(
    image: Path, words: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "medsift", "scan", str(image), *words]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_reader_that_leaves_does_not_end_what_goes_to_a_file(image: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = image.parent / "r.jsonl"
    command = [sys.executable, "-m", "medsift", "scan", str(image), "-o", "-", "-o", str(out)]
    done = subprocess.run(
        [*command, "--quiet"], stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(out.read_text().splitlines()) == 1


@pytest.mark.parametrize(("name", "code"), [("SIGHUP", 129), ("SIGTERM", 143)])
def test_a_lost_terminal_ends_a_scan_as_an_interrupt_does(
    image: Path, name: str, code: int
) -> None:
    out = image.parent / "r.jsonl"
    command = [sys.executable, "-m", "medsift", "scan", "-", "-o", str(out), "-o", "-", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(f"{image}\n".encode())
        child.stdin.flush()
        assert child.stdout.readline()
        # The line goes to standard output first; the input is complete a moment later.
        time.sleep(1)
        child.send_signal(getattr(signal, name))
        assert child.wait(60) == code
    assert len(out.read_text().splitlines()) == 1
    assert not list(image.parent.glob("*.lock"))


def test_a_line_without_an_end_is_not_kept() -> None:
    pieces = [b"a.png\n" + b"x" * 60_000, *[b"x" * 65_536] * 100, b"xx\nb.png\nc.png"]
    first, long, *rest = standard_input._split(iter(pieces))
    assert (first, rest) == (b"a.png", [b"b.png", b"c.png"])
    assert long == b"x" * 256


def test_messages_that_cannot_be_written_are_nobodys_loss() -> None:
    class Full(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise OSError(28, "No space left on device")

    stream = Forgiving(Full())
    assert stream.write("text") == 4
    stream.flush()
    assert stream.isatty() is False


def test_usable_streams_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    before = sys.stdout
    assert streams.prepare() is True
    assert sys.stdout is before
