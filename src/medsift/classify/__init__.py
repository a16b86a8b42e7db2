"""Pixels become a verdict: preprocessing, networks, ensemble, calibration."""

from __future__ import annotations

from medsift.classify.classifier import Classifier
from medsift.classify.prediction import Prediction

__all__ = ["Classifier", "Prediction"]
