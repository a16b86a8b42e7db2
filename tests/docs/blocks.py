"""Code blocks of Markdown pages, and how they are to be run.

A comment before a block says what is special about it: ``<!-- exit 5 -->`` (it ends with this
code), ``<!-- continues -->`` (it needs the Python block before it), ``<!-- needs torch -->``
(skipped without the module; with ``class_map`` or ``recall``: where the bundled model has none),
``<!-- asks a service -->`` (run by ``test_service_examples.py``) or ``<!-- not run: why -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?P<notes>(?:^ *<!--[^\n]*-->\n)*)"
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_NOTE = re.compile(r"<!-- (exit \d+|continues|asks a service|needs [\w.]+|not run: [^\n]+?) -->")
_RUN = frozenset({"sh", "python", "js"})
_SHOWN = frozenset({"text", "json", "toml", "csv", "html", "yaml"})


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page.

    Attributes
    ----------
    page : Path
    line : int
        Where it begins, from 1.
    language : {"sh", "python", "js"}
    code : str
    exit_code : int
        With which it ends.
    needs : str
        Module without which it cannot run.
    asks : bool
        Whether it asks a running service.
    """

    page: Path
    line: int
    language: str
    code: str
    exit_code: int = 0
    needs: str = ""
    asks: bool = False


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page that are to be run, in order.

    Raises
    ------
    ValueError
        A block is in a language of which it is not known whether it is to be run, or a comment
        before one is not understood.
    """
    text = page.read_text(encoding="utf-8")
    before = ""
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("language")) + 1
        language = match["language"]
        if language in _SHOWN:
            continue
        if language not in _RUN:
            raise ValueError(f"{page}:{line}: blocks of {language or 'no language'} are unknown")
        notes = _NOTE.findall(match["notes"])
        if len(notes) != match["notes"].count("<!--"):
            raise ValueError(f"{page}:{line}: a comment that is not understood")
        code = re.sub(f"^{match['indent']}", "", match["code"], flags=re.MULTILINE)
        if language == "python":
            before = code = before + code if "continues" in notes else code
        if any(note.startswith("not run: ") for note in notes):
            continue
        told = dict(note.split(" ", 1) for note in notes if note.startswith(("exit ", "needs ")))
        yield Block(
            page=page,
            line=line,
            language=language,
            code=code,
            exit_code=int(told.get("exit", 0)),
            needs=told.get("needs", ""),
            asks="asks a service" in notes,
        )
