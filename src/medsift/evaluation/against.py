"""``medsift evaluate`` with a second model or an earlier run beside the first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medsift.core.errors import UsageError
from medsift.evaluation import predictions
from medsift.evaluation.compare import Comparison, compare, pairs, render, write_differing
from medsift.evaluation.folds import groups_of, read_groups
from medsift.evaluation.measure import Measurement

__all__ = ["Against", "check", "render", "with_baseline"]


@dataclass(frozen=True, slots=True)
class Against:
    """What two models say of the same pictures.

    Attributes
    ----------
    first, second : sequence of Measurement
    names : tuple of str
        Of the two.
    """

    first: Sequence[Measurement]
    second: Sequence[Measurement]
    names: tuple[str, str]

    def compared(self, groups: Path | None) -> Comparison:
        """Compare them; ``groups`` is the file that tells which sources belong together."""
        both = pairs(self.first, self.second)
        if groups is None:
            return compare(both, self.names)
        return compare(
            both, self.names, groups_of([m.example for m, _ in both], read_groups(groups))
        )

    def write(self, folder: Path) -> None:
        """Write what only one of them gets right, as a table and as pictures."""
        write_differing(pairs(self.first, self.second), folder)


def check(arguments: argparse.Namespace) -> None:
    """Refuse what does not go together, before any picture is looked at.

    Raises
    ------
    UsageError
        It does not.
    """
    if len(arguments.model) > 2:
        raise UsageError("two models can be compared, not more")
    if len(arguments.model) == 2 and arguments.baseline is not None:
        raise UsageError("compare with a second --model or with a --baseline, not with both")


def with_baseline(path: Path, measurements: Sequence[Measurement], data: Path) -> Against:
    """Measurements beside those of an earlier run, which come first: what changed since.

    Raises
    ------
    UsageError
        The file cannot be read, or knows none of the pictures.
    """
    earlier = predictions.read(path, [m.example for m in measurements], data)
    before = next((m.prediction.model for m in earlier if m.prediction), "")
    now = next((m.prediction.model for m in measurements if m.prediction), "")
    return Against(earlier, measurements, (f"{before} ({path})", now))
