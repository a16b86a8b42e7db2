"""The Ray engine, on a cluster of this machine."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from medsift.report.writers import read_rows
from tests.samples import jpeg, picture, write_folder

pytestmark = pytest.mark.ray

PICTURES = 60
BLOCK = 3


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=900, check=False)


def command(*words: str | Path) -> list[str]:
    scan = [sys.executable, "-m", "medsift", "scan", *map(str, words)]
    return [*scan, "--workers", "2", "--model", "fast", "--quiet"]


def rows_in(output: Path) -> list[dict[str, Any]]:
    files = sorted(output.glob("part-*.parquet")) if output.is_dir() else [output]
    # The time that a picture took is the one thing that differs from run to run.
    return [{**row, "ms": 0} for file in files for row in read_rows(file)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, documents, and files that cannot be read."""
    path = tmp_path_factory.mktemp("inputs")
    write_folder(path)
    for n in range(PICTURES):
        picture(100 + n).save(path / f"picture {n:02}.png")
    return path


@pytest.fixture(scope="module")
def local(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The records of the local engine."""
    out = tmp_path_factory.mktemp("local") / "r.parquet"
    assert run(folder, "-o", out).returncode == 3
    return rows_in(out)


@pytest.fixture(scope="module")
def sharded(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished folder of shards, at the making of which an actor was killed."""
    out = tmp_path_factory.mktemp("sharded") / "shards"
    words = command(folder, "--engine", "ray", "-o", f"{out}/", "--block", str(BLOCK))
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr
        deadline = time.monotonic() + 600
        while len(list(out.glob("part-*"))) < 3:
            assert child.poll() is None, child.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (victim, *_) = actors(child.pid)
        # Ray's own choice would have actors starve beside any other work.
        wanted = os.getpriority(os.PRIO_PROCESS, child.pid)
        assert os.getpriority(os.PRIO_PROCESS, victim) == wanted
        os.kill(victim, signal.SIGKILL)
        made = len(list(out.glob("part-*")))
        assert child.wait(600) == 3, child.stderr.read()
    assert made * BLOCK < PICTURES, "the actor was killed too late to matter"
    return out


def actors(root: int) -> list[int]:
    """Process ids of the actors below a process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
            parents = ancestors(int(folder.name))
        except (OSError, ValueError):
            continue
        if name.startswith(b"ray::MapWorker") and root in parents:
            found.append(int(folder.name))
    return found


def ancestors(pid: int) -> list[int]:
    chain = []
    while pid > 1:
        stat = Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
        chain.append(pid)
    return chain


def test_the_loss_of_an_actor_leaves_no_trace(sharded: Path, local: list[dict[str, Any]]) -> None:
    assert rows_in(sharded) == local
    success = json.loads((sharded / "_SUCCESS").read_text())
    assert success["records"] == len(local)
    assert success["shards"] == len(list(sharded.glob("part-*")))
    assert success["failed"] == sum(row["status"] == "failed" for row in local) == 2
    assert not [path for path in sharded.iterdir() if path.name.startswith(".")]


def test_resuming_makes_the_missing_shards_and_no_other(
    folder: Path, sharded: Path, local: list[dict[str, Any]]
) -> None:
    shards = sorted(sharded.glob("part-*"))
    for lost in (shards[0], shards[7]):
        lost.unlink()
    (sharded / "_SUCCESS").unlink()
    kept = {path: path.stat().st_mtime_ns for path in sharded.glob("part-*")}
    words = (folder, "--engine", "ray", "-o", f"{sharded}/", "--block", str(BLOCK))
    refused = run(*words)
    assert (refused.returncode, "--resume goes on" in refused.stderr) == (2, True)
    done = run(*words, "--resume")
    assert done.returncode == 3, done.stderr
    assert rows_in(sharded) == local
    assert (sharded / "_SUCCESS").is_file()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_resuming_with_other_inputs_or_options_is_refused(folder: Path, sharded: Path) -> None:
    words = ("--engine", "ray", "-o", f"{sharded}/", "--block", str(BLOCK), "--resume")
    other = run(folder, *words, "--threshold", "0.9")
    assert (other.returncode, "had threshold" in other.stderr) == (2, True)


def test_outputs_in_one_file_are_those_of_the_local_engine(
    folder: Path, local: list[dict[str, Any]], tmp_path: Path
) -> None:
    done = run(folder, "--engine", "ray", "-o", tmp_path / "r.csv", "-o", tmp_path / "r.jsonl")
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    assert rows_in(tmp_path / "r.jsonl") == local
    assert rows_in(tmp_path / "r.csv") == local


def test_references_of_all_kinds_become_shards(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [tmp_path / f"{n}.jpg" for n in range(12)]
    for n, path in enumerate(names):
        path.write_bytes(jpeg(picture(n)))
    (tmp_path / "list.txt").write_text(f"{names[0]}\n\n{names[1]}\n")
    table = pa.table({"id": [1, 2, 3, 4, 5], "url": [None, *map(str, names[2:6])]})
    pq.write_table(table, tmp_path / "list.parquet", row_group_size=2)
    prefix = tmp_path / "prefix" / "below"
    prefix.mkdir(parents=True)
    for path in names[6:9]:
        path.rename(prefix / path.name)
    with tarfile.open(tmp_path / "web-00000.tar", "w") as tar:
        for n, path in enumerate(names[9:]):
            for name, content in ((f"{n}.jpg", path.read_bytes()), (f"{n}.cls", b"1")):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    done = run(
        *(tmp_path / "web-00000.tar", f"file://{prefix.parent}"),
        *("--inputs-from", tmp_path / "list.txt"),
        *("--inputs-from", f"{tmp_path / 'list.parquet'}:url"),
        *("--engine", "ray", "-o", f"{tmp_path / 'out'}/", "--block", "3"),
    )
    assert done.returncode == 0, done.stderr
    found = rows_in(tmp_path / "out")
    where = [(Path(row["source"]).name, row["member"]) for row in found if row["status"] == "ok"]
    assert where == [
        *[("web-00000.tar", f"{n}.jpg") for n in range(3)],
        *[(f"{n}.jpg", "") for n in (6, 7, 8, 0, 1, 2, 3, 4, 5)],
    ]
