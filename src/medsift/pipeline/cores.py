"""How many cores this process may use: fewer than the machine has where it is confined."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

_MOUNT = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
_CPU_V1 = ("cpu", "cpu,cpuacct", "cpuacct,cpu")


def cores_at_hand() -> int:
    """Cores that this process may use, at least 1.

    Of those that it may run on, no more than the time that containers grant (the quota of its
    control groups, of version 1 and 2).
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min([cores, *map(math.ceil, quotas())]))


def quotas(mount: Path = _MOUNT, own_groups: Path = _OWN_GROUPS) -> Iterator[float]:
    """Yield the limits on cores of the control groups of this process, and of those around them.

    Parameters
    ----------
    mount : Path
        Where the system shows control groups.
    own_groups : Path
        Where it tells those of this process.
    """
    try:
        lines = own_groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0":
            yield from _upwards(mount, path, _quota_v2)
        elif "cpu" in controllers.split(","):
            for name in _CPU_V1:
                yield from _upwards(mount / name, path, _quota_v1)


def _upwards(root: Path, path: str, quota: Callable[[Path], float | None]) -> Iterator[float]:
    inner = PurePosixPath(path.lstrip("/"))
    for group in (inner, *inner.parents):
        # A container may see its own group as the root, and the path as the host does.
        found = quota(root / group)
        if found is not None:
            yield found


def _quota_v2(group: Path) -> float | None:
    words = _words(group / "cpu.max")
    return _share(words[0], words[1]) if len(words) > 1 else None


def _quota_v1(group: Path) -> float | None:
    quota, period = _words(group / "cpu.cfs_quota_us"), _words(group / "cpu.cfs_period_us")
    return _share(quota[0], period[0]) if quota and period else None


def _share(quota: str, period: str) -> float | None:
    if not (quota.isdigit() and period.isdigit()):
        return None  # "max" or -1: no limit
    return int(quota) / int(period) if int(quota) and int(period) else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []
