"""What the processor can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsift.classify import network, processor, store
from tests.classify.tiny_model import write_model


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


@pytest.mark.parametrize("without_vnni", [True, False])
def test_networks_take_the_careful_way_only_where_it_is_needed(
    without_vnni: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(network, "may_overflow", lambda: without_vnni)
    (unbounded,) = write_model(tmp_path / "tiny").glob("*.onnx")
    assert _is_careful(unbounded) == without_vnni


@pytest.mark.parametrize("path", sorted(store.BUNDLED.glob("*/*.onnx")), ids=str)
def test_bundled_networks_never_need_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "may_overflow", lambda: True)
    assert not _is_careful(path)


def _is_careful(path: Path) -> bool:
    options = network.Network(path)._session.get_session_options()
    try:
        return bool(options.get_session_config_entry("session.x64quantprecision") == "1")
    except RuntimeError:
        return False
