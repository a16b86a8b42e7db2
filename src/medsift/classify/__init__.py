"""Pixels become a verdict: preprocessing, networks, ensemble, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medsift.core.lazy import attach

if TYPE_CHECKING:
    from medsift.classify.classifier import Classifier
    from medsift.classify.explain import Explanation
    from medsift.classify.figures import FigurePrediction, PanelPrediction
    from medsift.classify.prediction import Prediction

__all__ = ["Classifier", "Explanation", "FigurePrediction", "PanelPrediction", "Prediction"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "Classifier": "medsift.classify.classifier",
        "Explanation": "medsift.classify.explain",
        "FigurePrediction": "medsift.classify.figures",
        "PanelPrediction": "medsift.classify.figures",
        "Prediction": "medsift.classify.prediction",
    },
)
