"""What a model card says of its out-of-distribution score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OodSpec:
    """What a model card says of its out-of-distribution score.

    Attributes
    ----------
    file : str
        Relative to the model's folder.
    threshold : float
        A picture with a higher score is out of distribution.
    quantile : float
        The share of held-out pictures that lie at or below the threshold, 0 to 1.
    held_out : int
        How many pictures the threshold was taken from.
    """

    file: str
    threshold: float
    quantile: float
    held_out: int

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> OodSpec:
        """Inverse of :func:`dataclasses.asdict`."""
        return cls(
            file=str(row["file"]),
            threshold=float(row["threshold"]),
            quantile=float(row["quantile"]),
            held_out=int(row["held_out"]),
        )
