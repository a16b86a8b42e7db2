"""How good a model is: labelled folders in, figures with their uncertainty out."""

from medsift.evaluation.labelled import Example, find_examples
from medsift.evaluation.measure import Measurement, measure
from medsift.evaluation.summary import EvaluationSummary, summarise

__all__ = ["EvaluationSummary", "Example", "Measurement", "find_examples", "measure", "summarise"]
