"""Labels that are worth a second look, the most suspect first.

Two signs: the model is sure of another label or kind (the probability of the given label is what
confident learning ranks by, Northcutt et al. 2021, "Confident Learning"), and copies of a picture
that carry another label. Neither proves a mistake.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medsift.evaluation.copies import copies_in, prints_of
from medsift.evaluation.labelled import Example
from medsift.evaluation.measure import Measurement
from medsift.evaluation.summary import is_right
from medsift.report.csv_file import inert

COLUMNS = (
    "path",
    "label",
    "kind",
    "source",
    "split",
    "model_label",
    "model_kind",
    "p_given_label",
    "p_model_kind",
    "suspicion",
    "why",
    "copies_with_other_labels",
    "copies_in_other_splits",
)
_COPY, _KIND = 0.9, 0.5


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that is worth a look.

    Attributes
    ----------
    measurement : Measurement
    suspicion : float
        0 to 1: the higher, the sooner it is to be looked at.
    why : tuple of str
        ``label``, ``kind``, ``copies``, ``splits``: what speaks against it.
    other_labels, other_splits : tuple of Path
        Copies and near-copies with another label or kind, or in another split.
    """

    measurement: Measurement
    suspicion: float
    why: tuple[str, ...]
    other_labels: tuple[Path, ...]
    other_splits: tuple[Path, ...]


def find_suspects(measurements: Sequence[Measurement]) -> list[Suspect]:
    """Find suspects, the most suspect first; pictures are read again, for their copies."""
    prints = prints_of(m.example for m in measurements)
    labels: dict[int, list[Path]] = {}
    splits: dict[int, list[Path]] = {}
    for copy in copies_in(prints):
        for one, other in ((copy.first, copy.second), (copy.second, copy.first)):
            mine, theirs = prints[one].example, prints[other].example
            if named(mine) != named(theirs):
                labels.setdefault(one, []).append(theirs.path)
            if mine.split != theirs.split:
                splits.setdefault(one, []).append(theirs.path)
    found = []
    for number, measurement in enumerate(measurements):
        suspect = _suspect(measurement, labels.get(number, []), splits.get(number, []))
        if suspect.why:
            found.append(suspect)
    return sorted(found, key=lambda s: (-s.suspicion, str(s.measurement.example.path)))


def named(example: Example) -> tuple[str, str]:
    """Label and kind."""
    return example.label, example.kind


def write_suspects(suspects: Sequence[Suspect], path: Path) -> None:
    """Write a table, a row for each suspect."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for suspect in suspects:
            writer.writerow([inert(cell) for cell in _cells(suspect)])


def _suspect(m: Measurement, labels: Sequence[Path], splits: Sequence[Path]) -> Suspect:
    why, suspicion = [], 0.0
    if m.prediction is not None and not is_right(m):
        why.append("label")
        suspicion = 1 - _p_given(m)
    elif m.prediction is not None and m.example.kind and m.prediction.kind != m.example.kind:
        why.append("kind")
        # A kind is less than a label: many of them overlap.
        suspicion = _KIND * m.prediction.p_kind
    if labels:
        why.append("copies")
        suspicion = max(suspicion, _COPY)
    if splits:
        why.append("splits")
    return Suspect(m, suspicion, tuple(why), tuple(labels), tuple(splits))


def _p_given(m: Measurement) -> float:
    if m.prediction is None:
        return 1.0
    p = m.prediction.p_medical
    return p if m.example.label == "medical" else 1 - p


def _cells(suspect: Suspect) -> list[str]:
    m = suspect.measurement
    e, p = m.example, m.prediction
    said = ["", "", "", ""]
    if p is not None:
        side = "medical" if p.p_medical >= 0.5 else "non_medical"
        said = [side, p.kind, f"{_p_given(m):.4f}", f"{p.p_kind:.4f}"]
    return [
        *(str(e.path), e.label, e.kind, e.source, e.split),
        *said,
        f"{suspect.suspicion:.4f}",
        " ".join(suspect.why),
        " | ".join(map(str, suspect.other_labels)),
        " | ".join(map(str, suspect.other_splits)),
    ]
