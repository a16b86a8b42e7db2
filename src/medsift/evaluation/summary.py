"""From single measurements to the figures that a reader wants."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from medsift.core.taxonomy import Label
from medsift.evaluation.measure import Measurement
from medsift.evaluation.metrics import (
    OperatingPoint,
    Share,
    auroc,
    confusion_matrix,
    expected_calibration_error,
    expected_precision,
    recall_at_fpr,
)

FALSE_POSITIVE_RATES = (1e-2, 1e-3)
PREVALENCES = (0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class EvaluationSummary:
    """All figures of an evaluation.

    Attributes
    ----------
    model : str
        Name and version.
    accuracy : Share
        Of all images that were read: probability of medical at least one half or not, so that
        a model cannot gain by being uncertain.
    decided : Share
        Accuracy of those that were not called uncertain.
    uncertain, failed : int
        Images called uncertain; images that could not be read (in no other figure).
    by_label, by_kind, by_source : mapping of str to Share
        Accuracy of the two labels, as above. Kinds and sources are preceded by their label.
    auroc, ece : float
        See :mod:`medsift.evaluation.metrics`.
    operating_points : tuple of OperatingPoint
    precision_at_prevalence : mapping
        For each false-positive rate, expected precision at each prevalence.
    kind_accuracy : mapping of str to Share
        By label, how often the kind is right where it is known; a wrong label counts as
        wrong kind.
    kinds : tuple of str
    confusion : tuple of tuple of int
        Rows are true kinds, columns predicted ones.
    ms_per_image : float
    """

    model: str
    accuracy: Share
    decided: Share
    uncertain: int
    failed: int
    by_label: Mapping[str, Share]
    by_kind: Mapping[str, Share]
    by_source: Mapping[str, Share]
    auroc: float
    ece: float
    operating_points: tuple[OperatingPoint, ...]
    precision_at_prevalence: Mapping[str, Mapping[str, float]]
    kind_accuracy: Mapping[str, Share]
    kinds: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    ms_per_image: float

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON: not-a-number and infinite become None."""
        cleaned = json_ready(asdict(self))
        assert isinstance(cleaned, dict)  # noqa: S101  for the type checker
        return cleaned


def is_right(measurement: Measurement) -> bool:
    """Whether the probability of medical lies on the side of the truth."""
    prediction = measurement.prediction
    return prediction is not None and _side(prediction.p_medical) == measurement.example.label


def summarise(measurements: Sequence[Measurement], model: str) -> EvaluationSummary:
    """Compute the figures of an evaluation."""
    read = [m for m in measurements if m.prediction is not None]
    predictions = [m.prediction for m in read if m.prediction is not None]
    scores = np.array([p.p_medical for p in predictions], dtype=np.float64)
    positive = np.array([m.example.label == "medical" for m in read], dtype=np.bool_)
    certain = [m for m, p in zip(read, predictions, strict=True) if p.label != "uncertain"]
    named = [(m.example, p) for m, p in zip(read, predictions, strict=True) if m.example.kind]
    names, counts = confusion_matrix([e.kind for e, _ in named], [p.kind for _, p in named])
    points = tuple(recall_at_fpr(scores, positive, fpr) for fpr in FALSE_POSITIVE_RATES)
    kinds_right: dict[str, list[bool]] = defaultdict(list)
    for example, prediction in named:
        kinds_right[example.label].append(prediction.kind == example.kind)
    return EvaluationSummary(
        model=model,
        accuracy=_share(map(is_right, read)),
        decided=_share(map(is_right, certain)),
        uncertain=len(read) - len(certain),
        failed=len(measurements) - len(read),
        by_label=_by(read, lambda m: m.example.label),
        by_kind=_by(read, lambda m: _joined(m.example.label, m.example.kind)),
        by_source=_by(read, lambda m: _joined(m.example.label, m.example.kind, m.example.source)),
        auroc=auroc(scores, positive),
        ece=expected_calibration_error(scores, positive),
        operating_points=points,
        precision_at_prevalence={f"{p.fpr:g}": _precisions(p) for p in points},
        kind_accuracy={label: _share(rights) for label, rights in sorted(kinds_right.items())},
        kinds=tuple(names),
        confusion=tuple(tuple(int(v) for v in row) for row in counts),
        ms_per_image=float(np.mean([m.ms for m in read])) if read else math.nan,
    )


def _side(p_medical: float) -> Label:
    return "medical" if p_medical >= 0.5 else "non_medical"


def _share(rights: Iterable[bool]) -> Share:
    values = list(rights)
    return Share.of(sum(values), len(values))


def _joined(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def _by(measurements: Iterable[Measurement], key: Any) -> dict[str, Share]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for measurement in measurements:
        groups[key(measurement)].append(is_right(measurement))
    return {name: _share(rights) for name, rights in sorted(groups.items())}


def _precisions(point: OperatingPoint) -> dict[str, float]:
    # At no observed false positive the rate asked for is the honest bound.
    fpr = point.false_positives / point.negatives if point.false_positives else point.fpr
    return {f"{p:g}": expected_precision(point.recall.value, fpr, p) for p in PREVALENCES}


def json_ready(value: Any) -> Any:
    """The same, with None for what JSON cannot hold: not-a-number and infinite."""
    if isinstance(value, Mapping):
        return {key: json_ready(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
