"""Every command and code block of the README and the documentation works as it stands there."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medsift import Classifier

from .blocks import Block, blocks_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_SECONDS = 600


def marked(page: Path) -> Any:
    """A page as a parameter; those that train run with the other tests of training."""
    trains = any(block.needs == "torch" for block in blocks_of(page))
    marks = [pytest.mark.train] if trains else []
    return pytest.param(page, id=str(page.relative_to(ROOT)), marks=marks)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `demo/build_samples.py` makes."""
    if importlib.util.find_spec("skimage") is None:
        pytest.skip("the sample pictures of scikit-image are not installed")
    folder = tmp_path_factory.mktemp("documents") / "samples"
    subprocess.run([sys.executable, ROOT / "demo" / "build_samples.py", folder], check=True)
    return folder


@pytest.fixture
def desk(samples: Path, tmp_path: Path) -> Path:
    """A folder with the files that the pages speak of."""
    shutil.copytree(samples, tmp_path / "samples")
    shutil.copytree(samples, tmp_path / "share")
    shutil.copytree(samples / "documents", tmp_path / "papers")
    shutil.copytree(samples / "dicom", tmp_path / "scans")
    shutil.copytree(samples / "web", tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    shutil.copy(samples / "documents" / "report.pdf", tmp_path / "paper.pdf")
    shutil.copy(samples / "medical" / "ihc.png", tmp_path / "image.png")
    return tmp_path


@pytest.mark.parametrize("page", [marked(page) for page in PAGES])
def test_the_blocks_of_a_page_run(page: Path, desk: Path) -> None:
    for block in blocks_of(page):
        if block.needs and not has(block.needs):
            continue
        done = run(block, desk)
        assert done.returncode == block.exit_code, (
            f"{page}:{block.line} ended with {done.returncode}\n"
            f"{block.code}\n{done.stdout}\n{done.stderr}"
        )
        assert "Traceback" not in done.stderr, f"{page}:{block.line}\n{done.stderr}"


def has(need: str) -> bool:
    """Whether what a block needs is at hand."""
    if need == "class_map":
        return Classifier().explains
    return importlib.util.find_spec(need) is not None


def run(block: Block, desk: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as a reader would: in a shell, or as a script."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if block.language == "sh":
        command = ["bash", "-euo", "pipefail", "-c", block.code]
    else:
        script = desk / f"line_{block.line}.py"
        script.write_text(block.code, encoding="utf-8")
        command = [sys.executable, script.name]
    return subprocess.run(
        command,
        cwd=desk,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
