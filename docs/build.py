"""Build the documentation site: the pages of this folder, and those made from the code.

    python docs/build.py [--pages-only]

The command line, the taxonomy, the model cards, the benchmarks and the list of changes are written
from what they describe, so that no page can say otherwise than the code.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from medsift.classify import store
from medsift.classify.card import read_card
from medsift.cli.main import full_parser
from medsift.core.modality import expected_kinds
from medsift.core.taxonomy import TAXONOMY
from medsift.evaluation.accepting import expected_table

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "docs"
PAGES = ROOT / "build" / "docs"


def main() -> int:
    """Write the pages, then build the site with every warning an error."""
    parser = argparse.ArgumentParser(description="build the documentation site")
    parser.add_argument("--pages-only", action="store_true", help="do not build the site")
    arguments = parser.parse_args()
    write_pages(PAGES)
    if arguments.pages_only:
        return 0
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def write_pages(folder: Path) -> None:
    """Copy the pages to a folder, and add those that are made from the code."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    made = {
        "reference/command-line.md": command_line(),
        "reference/taxonomy.md": taxonomy(),
        "reference/model-cards.md": model_cards(),
        "benchmarks.md": benchmarks(),
        "changes.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    }
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        intro = path.read_text(encoding="utf-8").rstrip() + "\n\n" if path.exists() else ""
        path.write_text(intro + text, encoding="utf-8")


def command_line() -> str:
    """Every command with all its options, from the parsers themselves."""
    return "\n".join(_command(full_parser(), 2)) + "\n"


def taxonomy() -> str:
    """The kinds, and the DICOM modalities that go with them."""
    lines = ["## Kinds", "", "| kind | label | DICOM | what it is |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{kind.name}` | {kind.label} | {kind.dicom_modality} | {kind.description} |"
        for kind in TAXONOMY
    ]
    lines += ["", "## DICOM modalities and the kinds that may go with them", ""]
    lines += ["| modality | kinds |", "| --- | --- |"]
    lines += [
        f"| {code} | {', '.join(f'`{kind}`' for kind in sorted(kinds))} |"
        for code, kinds in sorted(expected_kinds().items())
    ]
    return "\n".join(lines) + "\n"


def model_cards() -> str:
    """The cards of the bundled models, as ``medsift models show`` prints them."""
    cards = [
        demoted((folder / "README.md").read_text(encoding="utf-8")) + accepting(folder)
        for folder in store.bundled()
    ]
    return "\n".join(cards)


_EXPECTED = (
    "Shares of pictures of whole origins that had no part in the bounds. The row of 0.5 % is the"
    " default; the `threshold` of another row asks for that one (`--accept-threshold`,"
    " `accept_threshold=` in Python)."
)


def accepting(folder: Path) -> str:
    """What operators may expect of `accept`, by how many others they allow."""
    told = {
        name: rows
        for name, bounds in read_card(folder).accept.items()
        if (rows := bounds.rates.get("expected"))
    }
    if not told:
        return ""
    lines = [
        "",
        "### What to expect of `accept`",
        "",
        _EXPECTED,
    ]
    for name, rows in told.items():
        lines += ["", f"`{name}`:", "", *expected_table(rows)]
    return "\n".join(lines) + "\n"


def benchmarks() -> str:
    """What stands in the folders of the benchmarks."""
    parts = sorted((ROOT / "benchmarks").rglob("*.md"))
    return "\n".join(demoted(part.read_text(encoding="utf-8")) for part in parts)


def demoted(text: str) -> str:
    """Markdown with its headings one level deeper; lines of code that begin with # stay."""
    inside = False
    lines = []
    for line in text.splitlines():
        inside ^= line.startswith("```")
        lines.append(line if inside else re.sub(r"^(#{1,5}) ", r"#\1 ", line))
    return "\n".join(lines) + "\n"


def _command(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    yield from ("```text", parser.format_usage().removeprefix("usage: ").rstrip(), "```", "")
    below: dict[str, argparse.ArgumentParser] = {}
    about: dict[str, str] = {}
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no public way
        rows = []
        for action in group._group_actions:  # noqa: SLF001
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
                below.update(action.choices)
                about.update({a.dest: a.help or "" for a in action._choices_actions})  # noqa: SLF001
            elif not isinstance(action, argparse._HelpAction):  # noqa: SLF001
                rows.append(f"| {_names(action)} | {_cell(_help(parser, action))} |")
        if rows:
            title = (group.title or "").replace("positional arguments", "arguments")
            yield from (f"| {title} | |", "| --- | --- |", *rows, "")
    for name, child in below.items():
        yield from (f"{'#' * level} {child.prog}", "", _sentence(about.get(name, "")), "")
        yield from _command(child, level + 1)


def _names(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices is not None:
        metavar = "{" + ",".join(map(str, action.choices)) + "}"
    value = "" if action.nargs == 0 else f" {metavar}"
    if not action.option_strings:
        return f"`{metavar}`"
    return f"`{', '.join(action.option_strings)}{value}`"


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    formatter = parser._get_formatter()  # noqa: SLF001
    return formatter._expand_help(action) if action.help else ""  # noqa: SLF001


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "." if text else ""


if __name__ == "__main__":
    sys.exit(main())
