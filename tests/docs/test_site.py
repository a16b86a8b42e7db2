"""The pages of the site: those written by hand, and those made from the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from medsift.cli.main import full_parser
from medsift.core.record import FIELDS
from medsift.core.taxonomy import TAXONOMY

from .blocks import blocks_of

ROOT = Path(__file__).resolve().parents[2]


def builder() -> Any:
    spec = importlib.util.spec_from_file_location("build_docs", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    builder().write_pages(folder)
    return folder


def test_every_page_is_in_the_navigation_and_the_other_way_round(pages: Path) -> None:
    nav = (ROOT / "zensical.toml").read_text(encoding="utf-8").partition("[project.theme]")[0]
    named = re.findall(r'"([\w/-]+\.md)"', nav)
    assert sorted(named) == sorted(str(p.relative_to(pages)) for p in pages.rglob("*.md"))


def test_links_between_pages_lead_somewhere(pages: Path) -> None:
    for page in pages.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_links_of_the_sources_lead_somewhere_without_the_site() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", text):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_reference_has_every_command_with_every_option(pages: Path) -> None:
    text = (pages / "reference" / "command-line.md").read_text()
    commands = next(a for a in full_parser()._actions if a.dest == "command").choices
    assert commands
    for name, parser in dict(commands).items():
        assert f"## medsift {name}\n" in text
        for action in parser._actions:
            for option in action.option_strings:
                assert option in text or option in {"-h", "--help"}
    assert "%(default)s" not in text


def test_the_taxonomy_has_every_kind(pages: Path) -> None:
    text = (pages / "reference" / "taxonomy.md").read_text()
    for kind in TAXONOMY:
        assert f"| `{kind.name}` | {kind.label} | {kind.dicom_modality} |" in text


def test_the_fields_of_a_record_are_described_in_their_order() -> None:
    page = (ROOT / "docs" / "reference" / "records.md").read_text()
    text = page.partition("\n## ")[0]  # reasons further down may have names of fields
    names = [
        name
        for row in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    ]
    assert [name for name in names if name in FIELDS] == list(FIELDS)


def test_headings_in_code_stay_as_they_are() -> None:
    text = "# A\n```sh\n# not a heading\n```\n## B\n"
    assert builder().demoted(text) == "## A\n```sh\n# not a heading\n```\n### B\n"


def test_blocks_know_their_place_their_language_and_how_they_end(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "text\n```sh\ntrue\n```\n<!-- exit 5 -->\n```sh\nexit 5\n```\n"
        "```python\na = 1\n```\n"
        "<!-- continues -->\n<!-- needs torch -->\n```python\nprint(a)\n```\n"
        "<!-- not run: why not -->\n```sh\nfalse\n```\n```text\nnothing\n```\n"
    )
    found = [(b.line, b.language, b.code, b.exit_code, b.needs) for b in blocks_of(page)]
    assert found == [
        (2, "sh", "true\n", 0, ""),
        (6, "sh", "exit 5\n", 5, ""),
        (9, "python", "a = 1\n", 0, ""),
        (14, "python", "a = 1\nprint(a)\n", 0, "torch"),
    ]


@pytest.mark.parametrize("text", ["```\nx\n```\n", "<!-- later -->\n```sh\ntrue\n```\n"])
def test_blocks_of_which_nobody_said_whether_they_run_are_refused(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(ValueError, match=r"page\.md:[12]: "):
        list(blocks_of(tmp_path / "page.md"))
