"""Pixels become a verdict: preprocessing, networks, ensemble, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medsift.core.lazy import attach

if TYPE_CHECKING:
    from medsift.classify.classifier import Classifier
    from medsift.classify.prediction import Prediction

__all__ = ["Classifier", "Prediction"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "Classifier": "medsift.classify.classifier",
        "Prediction": "medsift.classify.prediction",
    },
)
