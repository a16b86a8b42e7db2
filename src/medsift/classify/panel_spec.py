"""When the panels of a figure change the verdict on it, and how."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CLIP = 1e-7


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """How a model takes the panels of a figure into account: an optional part of its card.

    A figure whose probability of being medical lies from ``low`` to ``high`` is looked at by its
    panels. Where it has some, its log-odds become ``whole`` times those of the figure, plus
    ``best`` times those of the most probable panel, plus ``offset``: fitted by logistic regression
    on origins that had no part in training.

    Attributes
    ----------
    low, high : float
        Outside of these the figure is sure, and its panels are not even looked for.
    whole, best : float
        At least 0: no panel makes a figure less probable by being more so.
    offset : float
    """

    low: float
    high: float
    whole: float
    best: float
    offset: float

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(f"panels count between two probabilities, not {self.low}, {self.high}")
        if not (self.whole >= 0 and self.best >= 0 and math.isfinite(self.offset)):
            raise ValueError("the weights of a figure and its panels must be at least 0")

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> PanelSpec:
        """Inverse of :func:`dataclasses.asdict`."""
        return cls(**{name: float(row[name]) for name in cls.__dataclass_fields__})

    def is_unsure(self, p_medical: float) -> bool:
        """Whether a figure of this probability is looked at by its panels."""
        return self.low <= p_medical <= self.high

    def combined(self, whole: float, best: float) -> float:
        """Probability of a figure from its own and that of its most probable panel."""
        odds = self.whole * log_odds(whole) + self.best * log_odds(best) + self.offset
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, odds))))


def log_odds(p: float) -> float:
    """Natural logarithm of the odds, bounded."""
    clipped = min(max(p, _CLIP), 1 - _CLIP)
    return math.log(clipped / (1 - clipped))
