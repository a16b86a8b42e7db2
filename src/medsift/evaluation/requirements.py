"""Conditions on the figures of an evaluation, for scripts: ``accuracy>=0.97``.

A name is that of a figure as ``--json`` writes it; a dot leads to what is inside one
(``kind_accuracy.medical``, ``over_sources.auroc.low``, ``comparison.accuracy.difference``), and a
figure with an interval stands for its value. ``recall@0.01`` is the recall of medical at that rate
of false positives.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medsift.core.errors import UsageError

_FORM = re.compile(r"\s*([^<>=]+?)\s*(>=|<=|>|<|==?)\s*([-+]?[0-9.]+(?:[eE][-+]?\d+)?)\s*(%?)\s*")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "==": operator.eq,
}
_RECALL = "recall@"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A figure, how it is compared, and with what."""

    figure: str
    sign: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read ``figure>=bound``; a bound may be a percentage.

        Raises
        ------
        UsageError
            It is not of this form.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(f"not a requirement: {text!r}; write figure>=bound")
        try:
            bound = float(match[3]) / (100 if match[4] else 1)
        except ValueError as error:
            raise UsageError(f"not a number: {match[3]!r} in {text!r}") from error
        return cls(match[1], match[2], bound)

    def check(self, figures: Mapping[str, Any]) -> str:
        """Why the figures do not meet it; empty where they do.

        Raises
        ------
        UsageError
            There is no such figure.
        """
        value = figure(figures, self.figure)
        wanted = f"{self.figure} {self.sign} {self.bound:g}"
        if value is None:
            return f"{wanted}, but it is not known"
        if _COMPARE[self.sign](value, self.bound):
            return ""
        return f"{wanted}, but it is {value:.6g}"


def figure(figures: Mapping[str, Any], name: str) -> float | None:
    """Look a figure up; None where it could not be measured.

    Raises
    ------
    UsageError
        There is no such figure.
    """
    if name.startswith(_RECALL):
        return _recall(figures, name)
    found: Any = figures
    rest = name
    while rest:
        # Names of kinds and sources hold dots themselves: the longest that fits.
        key = _longest_key(found, rest)
        if key is None:
            known = ", ".join(map(str, found)) if isinstance(found, Mapping) else "nothing more"
            raise UsageError(f"there is no figure {name!r}; there {rest!r} could be: {known}")
        found, rest = found[key], rest[len(key) + 1 :]
    if isinstance(found, Mapping) and "value" in found:
        found = found["value"]
    if found is not None and not isinstance(found, (int, float)):
        raise UsageError(f"{name!r} is not one figure")
    return None if found is None else float(found)


def unmet(requirements: Sequence[Requirement], figures: Mapping[str, Any]) -> list[str]:
    """What is not met, a sentence each."""
    return [text for requirement in requirements if (text := requirement.check(figures))]


def _longest_key(found: Any, rest: str) -> str | None:
    if not isinstance(found, Mapping):
        return None
    fitting = [key for key in found if rest == key or rest.startswith(f"{key}.")]
    return max(fitting, key=len, default=None)


def _recall(figures: Mapping[str, Any], name: str) -> float | None:
    points = {f"{point['fpr']:g}": point for point in figures.get("operating_points", ())}
    try:
        point = points[f"{float(name.removeprefix(_RECALL)):g}"]
    except (KeyError, ValueError):
        known = ", ".join(f"{_RECALL}{rate}" for rate in points)
        raise UsageError(f"there is no figure {name!r}; there is {known}") from None
    value = point["recall"]["value"]
    return None if value is None else float(value)
