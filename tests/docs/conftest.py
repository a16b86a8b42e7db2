"""The folder that the pages speak of."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from .running import ROOT


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
    compound(sorted((samples / "medical").glob("*.png"))).save(tmp_path / "papers" / "panels.pdf")
    return tmp_path


def compound(pictures: Sequence[Path], side: int = 300, gutter: int = 20) -> Image.Image:
    """A figure of two by two panels, as papers print them."""
    step = side + gutter
    figure = Image.new("RGB", (2 * step - gutter, 2 * step - gutter), "white")
    for number in range(4):
        with Image.open(pictures[number % len(pictures)]) as picture:
            panel = picture.convert("RGB").resize((side, side))
        figure.paste(panel, (number % 2 * step, number // 2 * step))
    return figure
