"""Every command and code block of the README and the documentation works as it stands there."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from medsift import Classifier

from .blocks import blocks_of
from .running import ROOT, run

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


PARTNERS = frozenset({"datasets", "docling", "sklearn", "umap"})


def marked(page: Path) -> Any:
    """A page as a parameter; those that train run with the other tests of training, for example."""
    needs = {block.needs for block in blocks_of(page)}
    marks = [pytest.mark.train] if "torch" in needs else []
    marks += [pytest.mark.partners] if needs & PARTNERS else []
    return pytest.param(page, id=str(page.relative_to(ROOT)), marks=marks)


@pytest.mark.parametrize("page", [marked(page) for page in PAGES])
def test_the_blocks_of_a_page_run(page: Path, desk: Path) -> None:
    for block in blocks_of(page):
        if block.asks or (block.needs and not has(block.needs)):
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
    if need == "recall":
        return Classifier().card.recall is not None
    return importlib.util.find_spec(need) is not None
