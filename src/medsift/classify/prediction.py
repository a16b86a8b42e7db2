"""The verdict on one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["medical", "non_medical", "uncertain"]
Likelihood: TypeAlias = Literal["very_unlikely", "unlikely", "possible", "likely", "very_likely"]

_BUCKETS: tuple[tuple[float, Likelihood], ...] = (
    (0.05, "very_unlikely"),
    (0.35, "unlikely"),
    (0.65, "possible"),
    (0.95, "likely"),
)


KINDS_FLOOR = 0.001
"""Kinds of a smaller probability are not told: what 44 of them could hold is below 0.05."""

_KINDS_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Prediction:
    """The verdict on one picture.

    Attributes
    ----------
    label : {"medical", "non_medical", "uncertain"}
    p_medical : float
        Calibrated probability that the picture is medical, 0 to 1.
    confidence : float
        ``max(p_medical, 1 - p_medical)``, 0.5 to 1.
    likelihood : str
        Bucket of ``p_medical``, see :func:`likelihood`.
    kind : str
        The most probable kind given the label; of all kinds where the label is uncertain.
    p_kind : float
        Probability of ``kind`` given the label, 0 to 1.
    dicom_modality : str
        DICOM code that goes with ``kind``; empty for what is not medical.
    reason : str
        Why the label is uncertain: ``low_confidence`` or ``possibly_medical``; else empty.
    model : str
        Name and version of the model.
    kinds : mapping of str to float
        Probability of each kind, whatever the label, from :data:`KINDS_FLOOR` on, largest
        first. Calibrated like ``p_medical``: those of the medical kinds add up to it.
    """

    label: Verdict
    p_medical: float
    confidence: float
    likelihood: Likelihood
    kind: str
    p_kind: float
    dicom_modality: str
    reason: str
    model: str
    kinds: Mapping[str, float] = field(default_factory=dict, hash=False)


def kinds_of(names: Sequence[str], probabilities: Sequence[float]) -> dict[str, float]:
    """Kinds to their probabilities, from :data:`KINDS_FLOOR` on, largest first.

    Parameters
    ----------
    names : sequence of str
    probabilities : sequence of float
        Of each name, 0 to 1. Kept to four decimals: more would pretend to be known.
    """
    told = [
        (name, round(float(p), _KINDS_DIGITS))
        for name, p in zip(names, probabilities, strict=True)
        if p >= KINDS_FLOOR
    ]
    return dict(sorted(told, key=lambda pair: -pair[1]))


def likelihood(p_medical: float) -> Likelihood:
    """Name the bucket of a calibrated probability.

    The borders, 0.05, 0.35, 0.65 and 0.95, are part of the interface: since the probability is
    calibrated, a name means the same for every version of every model.
    """
    for border, name in _BUCKETS:
        if p_medical < border:
            return name
    return "very_likely"
