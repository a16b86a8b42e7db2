"""What a gate would stop at other bounds, and what that would cost.

    python benchmarks/training/gate_bounds.py DATA [--model default] [--gate fast]

DATA are labelled folders that nothing was trained on. Each picture goes through the gate and
through the model's own networks; the table says what a cascade of the two would answer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from medsift.classify import store
from medsift.classify.card import GateSpec
from medsift.classify.cascade import gate_folder
from medsift.classify.ensemble import Ensemble, Output
from medsift.classify.views import Views
from medsift.evaluation.labelled import find_examples
from medsift.evaluation.measure import read_pixels
from medsift.evaluation.metrics import auroc, recall_at_fpr

BOUNDS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Answers:
    """What both say of a picture, and what it is."""

    medical: bool
    gate: Output
    model: Output

    def stops(self, below: float) -> bool:
        """Whether the gate's answer stands."""
        return self.gate.p_medical < below

    def score(self, below: float) -> float:
        """The cascade's probability of being medical."""
        return (self.gate if self.stops(below) else self.model).p_medical


def main() -> None:
    """Measure, and print the table in Markdown."""
    parser = argparse.ArgumentParser(description="what other bounds of a gate would do")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--gate", default="fast")
    arguments = parser.parse_args()
    found = list(answers(arguments.data, store.find(arguments.model), arguments.gate))
    write = sys.stdout.write
    write("| below | stop, % | of the not medical, % | medical among them | found without a gate |")
    write(" accuracy | AUROC | recall, 1 % FPR | recall, 0.1 % FPR |\n")
    write("|" + " ---: |" * 9 + "\n")
    for below in BOUNDS:
        write(f"| {' | '.join(row(found, below))} |\n")


def answers(data: Path, folder: Path, gate_name: str) -> Iterator[Answers]:
    """Ask the gate and the model's own networks about every picture."""
    model = Ensemble(folder)
    gate = Ensemble(gate_folder(folder, GateSpec(gate_name), model.card.classes))
    side = max(model.card.largest_side, gate.card.largest_side)
    for example in tqdm(find_examples(data), unit="image", disable=None):
        picture = Views(read_pixels(example, side), model.specs | gate.specs)
        (first,), (second,) = gate.run([picture]), model.run([picture])
        yield Answers(example.label == "medical", first, second)


def row(found: list[Answers], below: float) -> Iterator[str]:
    """Cells of one bound."""
    medical = np.array([each.medical for each in found])
    stops = np.array([each.stops(below) for each in found])
    scores = np.array([each.score(below) for each in found])
    alone = np.array([each.model.p_medical for each in found])
    yield f"{below:g}" if below else "no gate"
    yield f"{100 * stops.mean():.1f}"
    yield f"{100 * stops[~medical].mean():.1f}"
    yield f"{(stops & medical).sum()}"
    yield f"{(stops & medical & (alone >= 0.5)).sum()}"
    yield f"{100 * ((scores >= 0.5) == medical).mean():.2f}"
    yield f"{auroc(scores, medical):.4f}"
    for rate in (0.01, 0.001):
        yield f"{100 * recall_at_fpr(scores, medical, rate).recall.value:.2f}"


if __name__ == "__main__":
    main()
