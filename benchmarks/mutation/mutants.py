"""Small faults for a module, as cosmic-ray's operators make them, and a sample of them."""

from __future__ import annotations

import ast
import difflib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

_PREFIX = "core/"
_BINARY = (
    "Add_Sub", "Sub_Add", "Mul_Div", "Mul_FloorDiv", "Div_Mul", "FloorDiv_Mul", "FloorDiv_Div",
    "Mod_Mul", "Pow_Mul", "RShift_LShift", "LShift_RShift", "BitOr_BitAnd", "BitAnd_BitOr",
    "BitXor_BitAnd",
)  # fmt: skip
_COMPARISONS = (
    "Eq_NotEq", "NotEq_Eq", "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt",
    "GtE_Lt", "Is_IsNot", "IsNot_Is",
)  # fmt: skip
_OTHERS = (
    "ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_Not", "AddNot",
    "ReplaceUnaryOperator_Delete_Invert", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue",
    "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak",
    "ExceptionReplacer", "NumberReplacer", "RemoveDecorator", "ZeroIterationForLoop",
)  # fmt: skip
OPERATORS = (
    *(f"ReplaceBinaryOperator_{name}" for name in _BINARY),
    *(f"ReplaceComparisonOperator_{name}" for name in _COMPARISONS),
    *_OTHERS,
)
"""Of each operation its opposite and its neighbour: all 213 would make hundreds of one line."""

_WITHOUT_BEHAVIOUR = frozenset({"frozen", "slots", "repr"})
"""Keywords of dataclasses: mypy refuses to assign to what is frozen, slots save memory, and what is
left out of a representation shortens what people see."""

_NEAR = 3
"""An operation may begin so many lines from the one that changes."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault in one module.

    Attributes
    ----------
    module : str
        Path below ``src/medsift``.
    first, last : int
        Lines of the statement that holds it, counted from 1.
    line : int
        Where it is.
    before, after : str
        The lines that it changes, as they are and with it.
    code : str
        The whole module with it.
    on_import : bool
        Whether it is in no function: then it runs once, for whichever test comes first.
    """

    module: str
    first: int
    last: int
    line: int
    before: str
    after: str
    code: str
    on_import: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others although lines above it come and go."""
        return self.module, self.before, self.after


def sampled(root: Path, module: str, count: int, seed: int) -> list[Mutant]:
    """Some mutants of a module, each on a line of its own as far as there are enough lines.

    Parameters
    ----------
    root : Path
        ``src/medsift``.
    module : str
        Path below it.
    count : int
    seed : int
    """
    source = (root / module).read_text(encoding="utf-8")
    places: dict[int, list[tuple[str, int]]] = {}
    for line, operator, occurrence in _places(source):
        places.setdefault(line, []).append((operator, occurrence))
    generator = random.Random(f"{seed} {module}")
    lines = sorted(places)
    generator.shuffle(lines)
    made: list[Mutant] = []
    for line in lines:
        if len(made) == count:
            break
        operator, occurrence = generator.choice(places[line])
        mutant = _made(module, source, line, operator, occurrence)
        if mutant is not None:
            made.append(mutant)
    return made


def stands(root: Path, module: str, before: str) -> bool:
    """Whether a module still has the lines that a mutant changes."""
    path = root / module
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    return before.strip() in " ".join(source.split())


def remade(root: Path, module: str, line: int, before: str, after: str) -> Mutant | None:
    """A mutant that is known by its lines; None where the code no longer has them.

    Parameters
    ----------
    root : Path
        ``src/medsift``.
    module : str
        Path below it.
    line : int
        Where it was. Of equal lines, the nearest is taken.
    before, after : str
        The lines that it changed.
    """
    path = root / module
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    written = [" ".join(text.split()) for text in source.splitlines()]
    alike = [n for n, text in enumerate(written, 1) if text and text in before]
    for place, operator, occurrence in sorted(
        (place for place in _places(source) if any(abs(place[0] - n) <= _NEAR for n in alike)),
        key=lambda place: abs(place[0] - line),
    ):
        mutant = _made(module, source, place, operator, occurrence)
        if mutant is not None and mutant.key == (module, before, after):
            return mutant
    return None


def _places(source: str) -> Iterator[tuple[int, str, int]]:
    """Line, operator, and which of its occurrences, of all that could be changed."""
    nodes = list(ast_nodes(get_ast(source)))
    left_out = _without_behaviour(source)
    for name in OPERATORS:
        operator: Any = get_operator(_PREFIX + name)()
        occurrence = 0
        for node in nodes:
            for (line, column), _ in operator.mutation_positions(node):
                if not any(start <= (line, column) < end for start, end in left_out):
                    yield line, name, occurrence
                occurrence += 1


def _without_behaviour(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Annotations, what only type checkers see, and keywords that change nothing but memory."""
    found: list[ast.AST | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
            if isinstance(node, ast.AnnAssign) and "TypeAlias" in ast.unparse(node.annotation):
                found.append(node)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif _is_without_behaviour(node):
            found.append(node)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for node in found
        if isinstance(node, ast.expr | ast.keyword | ast.stmt)
    ]


def _is_without_behaviour(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in _WITHOUT_BEHAVIOUR
    # What only type checkers see, and what runs on another system than this.
    elsewhere = ("TYPE_CHECKING", "sys.platform == 'win32'")
    return isinstance(node, ast.If) and ast.unparse(node.test) in elsewhere


def _made(module: str, source: str, line: int, operator: str, occurrence: int) -> Mutant | None:
    code = mutate_code(source, get_operator(_PREFIX + operator)(), occurrence)
    if code is None or code == source:
        return None
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    if ast.dump(tree) == ast.dump(ast.parse(source)):
        return None
    changed = [
        text
        for text in difflib.ndiff(source.splitlines(), code.splitlines())
        if text[:2] in {"- ", "+ "}
    ]
    before = " ".join(" ".join(t[2:].split()) for t in changed if t[0] == "-")
    after = " ".join(" ".join(t[2:].split()) for t in changed if t[0] == "+")
    first, last = _statement(source, line)
    return Mutant(module, first, last, line, before, after, code, _is_on_import(source, line))


def _is_on_import(source: str, line: int) -> bool:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(ast.parse(source)) if isinstance(node, functions)]
    return not any(body[0].lineno <= line <= (body[-1].end_lineno or 0) for body in bodies)


def _statement(source: str, line: int) -> tuple[int, int]:
    """First and last line of the smallest statement around a line, without its body."""
    best = (line, line)
    smallest = 10**9
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.stmt):
            continue
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno
        last = max(node.lineno, last or node.lineno)
        if node.lineno <= line <= last and last - node.lineno < smallest:
            best, smallest = (node.lineno, last), last - node.lineno
    return best
