"""Check the sources on folders of real files: nothing is lost, nothing crashes, nothing stays.

    python benchmarks/sources/real_files.py FOLDER... [--seconds 120] [--list]

Each file is read in a process of its own, with a time limit, a bound on its address space and a
temporary folder of its own. Printed for each folder:

files, no record
    Files, and those that end in neither a picture nor a skipped or failed record; all that crash,
    run out of time or die count here.
pictures, skipped, failed
    What the files end in.
rasters, found
    Members of zip-based files, nested ones too, that Pillow takes for pictures; and those of
    them that medsift tells of by the same member. Pillow and zipfile are the judges here, not
    the code under test. Metafiles are left out: they are programs that draw.
leftovers
    Files in the temporary folders when the processes had ended.
slowest, memory
    Seconds of the slowest file, and the largest resident memory of any.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from medsift.core.limits import DEFAULT_LIMITS
from medsift.core.picture import Picture, Provenance
from medsift.sources.base import Blob, Budget, Context
from medsift.sources.registry import findings

ADDRESS_SPACE = 6 << 30
DEEPEST = 3
MOST_MEMBERS = 5000
MOST_BYTES = 64 << 20


@dataclass
class Read:
    """What came of one file."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    members: set[str] = field(default_factory=set)
    end: str = ""
    seconds: float = 0.0
    memory: int = 0
    leftovers: list[str] = field(default_factory=list)


def read(path: Path, seconds: int) -> Read:
    """Read a file in a child process."""
    folder = tempfile.mkdtemp(prefix="benchmark-")
    report = Path(folder) / "report.json"
    inner = Path(folder) / "tmp"
    inner.mkdir()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _run_child(path, inner, report)
    result = Read()
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() - started > seconds:
            os.kill(child, signal.SIGKILL)
            result.end = "timed out"
        time.sleep(0.005)
    result.seconds = time.monotonic() - started
    result.memory = usage.ru_maxrss
    if status and not result.end:
        result.end = f"died of {status}"
    if report.exists():
        told = json.loads(report.read_text("utf-8"))
        result.statuses.update(told["statuses"])
        result.reasons.update(told["reasons"])
        result.members.update(told["members"])
    result.leftovers = [str(left.relative_to(inner)) for left in inner.rglob("*")]
    shutil.rmtree(folder)
    return result


def _run_child(path: Path, inner: Path, report: Path) -> None:
    try:
        tempfile.tempdir = os.environ["TMPDIR"] = str(inner)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        context = Context(recurse=findings, budget=Budget(DEFAULT_LIMITS), target=160)
        statuses: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        members = set()
        for finding in findings(Blob(Provenance(str(path)), path=path), context):
            if isinstance(finding, Picture):
                statuses["picture"] += 1
            else:
                statuses[finding.status] += 1
                reasons[f"{finding.status}: {finding.reason}"] += 1
            members.add(finding.where.member)
        told = {"statuses": statuses, "reasons": reasons, "members": sorted(members)}
        report.write_text(json.dumps(told), "utf-8")
    except BaseException:  # noqa: BLE001
        os._exit(1)
    os._exit(0)


def rasters(data: bytes | Path, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Members of a zip-based file that are pictures, by the standard library and Pillow."""
    try:
        archive = zipfile.ZipFile(data if isinstance(data, Path) else io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return
    with archive:
        for info in archive.infolist()[:MOST_MEMBERS]:
            name = f"{prefix}{info.filename}"
            if info.is_dir() or info.file_size > MOST_BYTES or "__MACOSX" in name:
                continue
            try:
                content = archive.read(info)
            except Exception:  # noqa: BLE001  encrypted or damaged: judged by its record
                continue
            if _is_raster(content):
                yield name
            elif content[:4] == b"PK\x03\x04" and depth < DEEPEST:
                yield from rasters(content, f"{name}/", depth + 1)


def _is_raster(content: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as image:
                return image.format not in {"WMF", "EPS", "PDF"}
    except Exception:  # noqa: BLE001
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--list", action="store_true", help="name what is missing, and why")
    arguments = parser.parse_args()
    head = "files | no record | pictures | skipped | failed | rasters | found | leftovers"
    print(f"| folder | {head} | slowest | memory |")
    print(f"| {' | '.join(['---'] * 11)} |")
    reasons: Counter[str] = Counter()
    bad = False
    for folder in arguments.folders:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        results = {path: read(path, arguments.seconds) for path in files}
        wanted = {path: set(rasters(path)) for path in files}
        missing = {
            path: {_plain(name) for name in wanted[path]} - set(map(_plain, results[path].members))
            for path in files
        }
        lost = [path for path, one in results.items() if one.end or not one.statuses]
        sums: Counter[str] = Counter()
        for one in results.values():
            sums.update(one.statuses)
            reasons.update(one.reasons)
        total = sum(map(len, wanted.values()))
        left = sum(len(one.leftovers) for one in results.values())
        cells = [
            folder.name, len(files), len(lost), sums["picture"], sums["skipped"], sums["failed"],
            total, total - sum(map(len, missing.values())), left,
            f"{max(one.seconds for one in results.values()):.1f} s",
            f"{max(one.memory for one in results.values()) / 1024:.0f} MiB",
        ]  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        bad = bad or bool(lost or left or any(missing.values()))
        if arguments.list:
            for path in files:
                if path in lost or missing[path] or results[path].leftovers:
                    one = results[path]
                    print(path.name, one.end, sorted(missing[path])[:5], one.leftovers)
    print("\n| reason | records |\n| --- | --- |")
    for reason, count in sorted(reasons.items()):
        print(f"| {reason} | {count} |")
    sys.exit(bad)


def _plain(name: str) -> str:
    while name.startswith(("/", "./")):
        name = name[1:]
    return name.replace("\\", "/")


if __name__ == "__main__":
    main()
