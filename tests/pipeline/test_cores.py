"""The cores at hand, within containers, too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from medsift.pipeline import cores
from medsift.pipeline.cores import cores_at_hand, quotas


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content + "\n")


def found(tmp_path: Path, own: str) -> list[float]:
    (tmp_path / "own").write_text(own)
    return list(quotas(tmp_path / "mount", tmp_path / "own"))


def test_a_container_of_version_2_has_its_quota_at_the_root(tmp_path: Path) -> None:
    group(tmp_path / "mount", cpu__max="150000 100000")
    assert found(tmp_path, "0::/\n") == [1.5]


def test_quotas_of_groups_around_count_too(tmp_path: Path) -> None:
    group(tmp_path / "mount/a.slice", cpu__max="300000 100000")
    group(tmp_path / "mount/a.slice/b.scope", cpu__max="max 100000")
    assert found(tmp_path, "0::/a.slice/b.scope\n") == [3.0]


@pytest.mark.parametrize("name", ["cpu", "cpu,cpuacct"])
def test_version_1_has_quota_and_period_apart(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "mount" / name / "docker/1"
    group(inner, cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000")
    group(inner.parent, cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    own = f"4:memory:/docker/1\n3:{name}:/docker/1\n"
    assert found(tmp_path, own) == [0.5]


def test_what_cannot_be_read_sets_no_limit(tmp_path: Path) -> None:
    group(tmp_path / "mount", cpu__max="nonsense")
    assert found(tmp_path, "0::/\nnonsense\n\n") == []
    assert list(quotas(tmp_path, tmp_path / "absent")) == []


@pytest.mark.parametrize(("limits", "count"), [([], 8), ([1.5, 4.0], 2), ([0.1], 1), ([64.0], 8)])
def test_no_more_cores_than_granted_and_at_least_one(
    monkeypatch: pytest.MonkeyPatch, limits: list[float], count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "quotas", lambda: iter(limits))
    assert cores_at_hand() == count
