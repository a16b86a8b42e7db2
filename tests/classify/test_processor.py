"""What the processor can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.classify import processor


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        ("x86_64", "fpu sse4_2 avx2 avx512f avx512_vnni", False),
        ("AMD64", "fpu avx2 avx_vnni", False),
        ("x86_64", "fpu sse4_2 avx2 avx512f", True),
        ("x86_64", None, True),
        ("aarch64", "asimd", False),
    ],
)
def test_only_x86_without_vnni_may_overflow(
    machine: str,
    flags: str | None,
    expected: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    cpuinfo = tmp_path / "cpuinfo"
    if flags is not None:
        cpuinfo.write_text(
            f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n"
        )
    assert processor.may_overflow(cpuinfo) is expected
