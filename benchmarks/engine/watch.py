"""Runs a command and watches the memory of all its processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

_SHORTEST, _LONGEST = 0.05, 1.0
"""Seconds between two looks: more of them as time goes by, as each takes some milliseconds."""
_SHARE = 50
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Watched:
    """What a command took.

    Attributes
    ----------
    seconds : float
        Wall time from its start to its end.
    cpu : float
        Processor time of all processes that were seen, in seconds; short ones may be missed.
    tree : int
        Largest sum of the resident memory of all processes at a time, in MiB. What they share
        counts for each of them.
    single : int
        Largest resident memory of one process other than the first, in MiB; of the first where
        there is no other.
    output : str
    """

    seconds: float
    cpu: float
    tree: int
    single: int
    output: str


def run(command: Sequence[str], cores: int | None = None) -> Watched:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str
    cores : int, optional
        Confine it to so many cores.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    root = psutil.Process(process.pid)
    if cores is not None and hasattr(root, "cpu_affinity"):
        root.cpu_affinity(sorted(root.cpu_affinity() or [])[:cores])
    tree = child = own = 0
    spent: dict[int, float] = {}
    while process.poll() is None:
        sizes = dict(_sizes([root, *_children(root)], spent))
        tree = max(tree, sum(sizes.values()))
        own = max(own, sizes.pop(root.pid, 0))
        child = max(child, *sizes.values(), 0)
        ran = time.perf_counter() - started
        time.sleep(min(_LONGEST, max(_SHORTEST, ran / _SHARE)))
    seconds = time.perf_counter() - started
    output, errors = process.communicate()
    if process.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)} failed:\n{errors[-2000:]}")
    single = child or own
    return Watched(seconds, sum(spent.values()), tree // MIB, single // MIB, output)


def _sizes(processes: list[psutil.Process], spent: dict[int, float]) -> Iterator[tuple[int, int]]:
    for each in processes:
        with suppress(psutil.Error):
            times = each.cpu_times()
            spent[each.pid] = times.user + times.system
            yield each.pid, each.memory_info().rss


def _children(root: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return list(root.children(recursive=True))
    return []
