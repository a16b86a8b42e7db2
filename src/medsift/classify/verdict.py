"""From probabilities to a verdict: label, reason, kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medsift.classify.card import ModelClass
from medsift.classify.ensemble import Output
from medsift.classify.prediction import Prediction, Verdict, kinds_of, likelihood


@dataclass(frozen=True, slots=True)
class Cut:
    """Where labels end.

    Attributes
    ----------
    threshold : float
        A confidence below it is ``uncertain``.
    possible_from : float or None
        What is not medical is ``uncertain`` from this probability of medical on.
    """

    threshold: float
    possible_from: float | None = None

    def reason(self, p_medical: float) -> str:
        """Why a picture of this probability is uncertain; empty where it is not."""
        if max(p_medical, 1 - p_medical) < self.threshold:
            return "low_confidence"
        possible = self.possible_from is not None and p_medical >= self.possible_from
        return "possibly_medical" if possible and p_medical < 0.5 else ""


def verdict_of(output: Output, classes: Sequence[ModelClass], cut: Cut, model: str) -> Prediction:
    """Name label and kind of a picture.

    Parameters
    ----------
    output : Output
    classes : sequence of ModelClass
        Of the model, in order.
    cut : Cut
    model : str
        Name and version, for the prediction.
    """
    p_medical = output.p_medical
    label: Verdict = "medical" if p_medical >= 0.5 else "non_medical"
    reason = cut.reason(p_medical)
    allowed = np.array([bool(reason) or c.label == label for c in classes])
    inside = np.where(allowed, output.probabilities, 0.0)
    best = int(inside.argmax())
    total = float(inside.sum())
    kind = classes[best]
    return Prediction(
        label="uncertain" if reason else label,
        p_medical=p_medical,
        confidence=max(p_medical, 1 - p_medical),
        likelihood=likelihood(p_medical),
        kind=kind.name,
        p_kind=float(inside[best]) / total if total > 0 else 0.0,
        dicom_modality=kind.dicom_modality,
        reason=reason,
        model=model,
        kinds=kinds_of([c.name for c in classes], output.probabilities.tolist()),
    )
