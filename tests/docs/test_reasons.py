"""The reference tells of every reason that a record can have, and of no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import get_args

from medsift.core.errors import InputError
from medsift.sources.pdf.placement.decoration import JunkReason
from medsift.sources.web.fetching import errors
from tests.conftest import ROOT

_SOURCES = ROOT / "src" / "medsift"
_NO_RECORDS = {"training", "evaluation", "app", "server"}
_HOLDERS = re.compile(r"_?(?:note|reason)s?|_LOW|_CONFLICT")
_REASON = re.compile(r"[a-z]+(?:_[a-z]+)*")
# Codes that others stand for: bases, and codes that only the service answers with.
_BASES = {"input_error", "left_out"}


def _documented() -> set[str]:
    page = (ROOT / "docs" / "reference" / "records.md").read_text(encoding="utf-8")
    section = page.partition("\n## reason\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `(\w+)` \| (?:ok|skipped|failed)", section, re.MULTILINE)
    codes = re.findall(r"`(\w+)`", section.partition("Failed records")[2])
    return {*table, *codes}


def _codes() -> set[str]:
    assert errors.RobotsError.code != errors.LeftOutError.code  # the module is imported
    waiting, found = [InputError], set()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("medsift.") and ".server" not in kind.__module__:
            found.add(kind.code)
    return found - _BASES


def _modules() -> Iterator[ast.Module]:
    for path in sorted(_SOURCES.rglob("*.py")):
        if path.relative_to(_SOURCES).parts[0] not in _NO_RECORDS:
            yield ast.parse(path.read_text(encoding="utf-8"))


def _words(node: ast.AST) -> set[str]:
    """String constants of an expression, but for those that it only looks up or compares."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return _words(node.body) | _words(node.orelse)
    if isinstance(node, (ast.Tuple, ast.List, ast.BoolOp)):
        parts = node.values if isinstance(node, ast.BoolOp) else node.elts
        return set().union(*map(_words, parts))
    return set()


def _written() -> set[str]:
    """Reasons and notes that the code writes down as constants."""
    found: set[str] = set()
    for node in (node for module in _modules() for node in ast.walk(module)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            found |= _words(node.args[2]) if name == "Problem" and len(node.args) > 2 else set()
            found |= {
                w for k in node.keywords if k.arg in {"reason", "note"} for w in _words(k.value)
            }
        elif isinstance(node, ast.Assign):
            names = [getattr(t, "id", getattr(t, "attr", "")) for t in node.targets]
            found |= _words(node.value) if any(map(_HOLDERS.fullmatch, names)) else set()
    return {word for word in found if _REASON.fullmatch(word)}


def _constants() -> set[str]:
    nodes = (node for module in _modules() for node in ast.walk(module))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def test_every_reason_stands_in_the_reference() -> None:
    written = _written()
    assert {"blank", "truncated", "frames_thinned", "low_confidence"} <= written
    missing = (written | _codes() | set(get_args(JunkReason))) - _documented()
    assert missing == set()


def test_the_reference_tells_of_no_reason_that_there_is_not() -> None:
    assert _documented() - _constants() == set()
