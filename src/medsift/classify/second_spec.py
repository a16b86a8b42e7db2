"""When a second reader is asked, and how much it counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SecondSpec:
    """Another model that is asked where the first is in doubt: an optional part of its card.

    Radiologists call that double reading. What is plain stays cheap, and the larger networks see
    only what they can change.

    Attributes
    ----------
    model : str
        Name of a bundled model, or a folder relative to that of the card.
    low, high : float
        Probabilities of being medical between which a picture is in doubt, both included.
    share : float
        Weight of the second reader's probabilities in the mean with those of the first, above 0,
        at most 1.
    calibration : tuple of float
        ``(a, b)``: calibrated log-odds of medical are ``a * logit(p) + b`` of the mean; fitted on
        pictures in doubt alone.
    """

    model: str
    low: float
    high: float
    share: float
    calibration: tuple[float, float] = (1.0, 0.0)

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(f"doubt lies between two probabilities, not {self.low}, {self.high}")
        if not 0 < self.share <= 1:
            raise ValueError(f"a second reader counts more than 0 and at most 1, not {self.share}")
        if not all(math.isfinite(value) for value in self.calibration):
            raise ValueError("a calibration is finite")

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> SecondSpec:
        """Inverse of :func:`dataclasses.asdict`."""
        slope, offset = (float(value) for value in row["calibration"])
        low, high, share = (float(row[name]) for name in ("low", "high", "share"))
        return cls(str(row["model"]), low, high, share, (slope, offset))

    def is_asked(self, p_medical: float) -> bool:
        """Whether a picture of this probability is in doubt."""
        return self.low <= p_medical <= self.high
