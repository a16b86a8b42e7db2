"""How good a model is: labelled folders in, figures with their uncertainty out."""

from medsift.evaluation.labelled import Example, find_examples
from medsift.evaluation.measure import Measurement, measure
from medsift.evaluation.summary import Summary, summarise

__all__ = ["Example", "Measurement", "Summary", "find_examples", "measure", "summarise"]
