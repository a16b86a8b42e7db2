"""From which probability on a wanted picture is taken: what a model's card says of it.

A part of ``model.json``, fitted by ``medsift.evaluation.accepting``::

    "accept": {
      "skin": {"take": 0.62, "leave": 0.03, "rates": {...}},
      ...
    }

The names are those of groups and kinds. The rates are for people: how many wanted pictures were
taken and lost, and how many others were taken, on sources that had no part in the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Bounds:
    """Two probabilities, and what was measured with them.

    Attributes
    ----------
    take : float
        A picture is accepted where the probability of what is wanted reaches this; above 0.
    leave : float
        It is rejected where the probability lies below; at most ``take``.
    rates : mapping
        Counts and shares, as :mod:`medsift.evaluation.accepting` writes them.
    """

    take: float
    leave: float
    rates: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.leave <= self.take <= 1 or self.take == 0:
            raise ValueError(f"bounds must lie in order between 0 and 1: {self.leave}, {self.take}")

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Bounds:
        """Inverse of :func:`dataclasses.asdict`."""
        return cls(float(row["take"]), float(row["leave"]), dict(row.get("rates", {})))


FALLBACK = Bounds(take=0.60, leave=0.10)
"""For models whose card has no bounds for what is wanted. Nothing was fitted: 0.60 is where labels
end to be uncertain, and one in ten is what networks that were trained with softened labels leave
to a handful of kinds that a picture is surely not of.
"""
