"""From which probability on a picture is possibly medical: what a model's card says of it.

An optional part of ``model.json``, fitted by ``medsift.evaluation.recalling``::

    "recall": {
      "bounds": [{"recall": 0.99, "threshold": 0.031, "promised": true, "rates": {...}}, ...],
      "cost": [[0.001, 0.999, 0.31], [0.002, 0.998, 0.24], ...]
    }

The rates are for people: how many medical pictures lay below bounds that were fitted on other
groups, and how many others above. The cost has for some thresholds, in order, the share of medical
pictures and the share of others that lie at or above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from medsift.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class RecallBound:
    """A probability above which a share of the medical pictures is expected.

    Attributes
    ----------
    recall : float
        That share, above 0 and below 1.
    threshold : float
        Pictures whose probability of being medical reaches this are possibly medical; 0 to 1.
    promised : bool
        Whether there were enough groups to promise it; otherwise it was only seen.
    rates : mapping
        Counts and shares, as :mod:`medsift.evaluation.recalling` writes them.
    """

    recall: float
    threshold: float
    promised: bool = True
    rates: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (0 < self.recall < 1 and 0 <= self.threshold <= 1):
            raise ValueError(f"no bound of a recall: {self.recall} from {self.threshold}")


@dataclass(frozen=True, slots=True)
class RecallSpec:
    """All bounds of a model, and what each threshold costs.

    Attributes
    ----------
    bounds : tuple of RecallBound
        By recall, smallest first.
    cost : tuple of (float, float, float)
        Threshold, share of medical pictures at or above it, share of others at or above it;
        by threshold, smallest first.
    """

    bounds: tuple[RecallBound, ...]
    cost: tuple[tuple[float, float, float], ...] = ()

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> RecallSpec:
        """Inverse of :func:`dataclasses.asdict`."""
        bounds = [
            RecallBound(
                float(b["recall"]),
                float(b["threshold"]),
                bool(b.get("promised", True)),
                dict(b.get("rates", {})),
            )
            for b in row["bounds"]
        ]
        cost = [(float(t), float(found), float(others)) for t, found, others in row["cost"]]
        return cls(tuple(sorted(bounds, key=lambda b: b.recall)), tuple(sorted(cost)))

    def others_above(self, threshold: float) -> float | None:
        """Share of other pictures at or above a threshold, interpolated; None if not known."""
        if not self.cost:
            return None
        before = max((c for c in self.cost if c[0] <= threshold), default=self.cost[0])
        after = min((c for c in self.cost if c[0] >= threshold), default=self.cost[-1])
        if after[0] <= before[0]:
            return before[2]
        weight = (threshold - before[0]) / (after[0] - before[0])
        return before[2] + weight * (after[2] - before[2])


def bound_for(spec: RecallSpec | None, recall: float, model: str) -> RecallBound:
    """The bound that keeps at least this recall.

    Parameters
    ----------
    spec : RecallSpec or None
        Of the model's card.
    recall : float
    model : str
        Its name, for people.

    Raises
    ------
    UsageError
        The card has no bounds, or none for so high a recall.
    """
    if spec is None or not spec.bounds:
        raise UsageError(
            f"the model {model} has no bounds for --recall in its card; they are fitted on answers"
            " over folds: python -m medsift.evaluation.recalling --help"
        )
    for bound in spec.bounds:
        if bound.recall >= recall:
            return bound
    raise UsageError(
        f"the card of the model {model} has bounds for a recall of {spec.bounds[-1].recall:g} at"
        f" most, not {recall:g}: more was not reached on sources that it had not seen"
    )


def sentence(spec: RecallSpec, bound: RecallBound) -> str:
    """What a bound means and costs, for people."""
    said = f"pictures from p {bound.threshold:.2g} on count as possibly medical"
    if not bound.promised:
        said += " (a recall that was seen on held-out sources, too few of them to promise it)"
    others = spec.others_above(bound.threshold)
    if others is None:
        return said
    return (
        f"{said}; of pictures that are not, about {_percent(others)} lie above it on sources"
        " that the model had not seen: expect to look at that share of them"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 else "less than 0.1 %"
