"""Fit how the panels of a figure count, for a model, on figures that its networks never saw.

    python benchmarks/panels/fit_rule.py MODEL DATA [DATA ...] --groups MANIFEST.csv \\
        [--within LOW HIGH] [--write CARD]

MODEL is a folder that ``medsift train --folds`` made, with its ``run``; so is that of its gate.
DATA are the labelled folders that it was trained on, MANIFEST.csv the groups of its folds. Figures
whose probability over folds lies within the bounds and that have panels are the sample; their
panels are judged by the networks of the folds that did not see the figure's group. A logistic
regression with weights of at least 0 takes the log-odds of the whole and of the most probable
panel. Each group is judged by what was fitted on four fifths of the others, for several ranges of
doubt; ``--write`` puts the fit of the one that is given into the card of a model folder.

Pictures that the manifest found in a PDF (column ``path``) are counted apart, all of them and not
only those in doubt: how many medical ones are found, and how many of the others are taken for such.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from medsift.classify import Classifier
from medsift.classify.card import read_card, write_card
from medsift.classify.cascade import gate_folder, second_folder
from medsift.classify.figures import crop, panels_of
from medsift.classify.panel_spec import PanelSpec, log_odds
from medsift.evaluation.folds import assign_folds, groups_of, read_groups
from medsift.evaluation.labelled import find_examples
from medsift.evaluation.out_of_fold import ARCHIVE, OutOfFold

LOW, HIGH = 0.01, 0.95
RANGES = ((0.01, 0.95), (0.05, 0.9), (0.1, 0.8), (0.2, 0.7), (0.3, 0.6))
FOLDS = 5
_RIDGE = 0.02
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Example:
    """One figure with panels: its label, its probability, and that of its best panel."""

    key: str
    group: str
    medical: bool
    whole: float
    best: float


def examples(
    model: Path, data: Sequence[Path], manifest: Path
) -> tuple[list[Example], dict[str, float]]:
    """Judge the panels of figures in doubt; returns them, and the wholes of all pictures."""
    answers = OutOfFold.read(model / "run" / ARCHIVE)
    card = read_card(model)
    medical = np.array([c.label == "medical" for c in card.classes])
    sums = answers.probabilities[:, medical].sum(axis=1)
    whole = dict(zip(answers.keys, map(float, sums), strict=True))
    known = {
        "/".join((e.label, e.kind, e.source, e.path.name)): e
        for folder in data
        for e in find_examples(folder)
    }
    pictures = [(key, known[key]) for key in answers.keys]
    groups = groups_of([e for _, e in pictures], read_groups(manifest))
    folds = int(card.training["folds"])
    assignment = assign_folds([e for _, e in pictures], groups, folds)
    found: list[Example] = []
    for fold in range(folds):
        with tempfile.TemporaryDirectory() as folder:
            classifier = Classifier(without_fold(model, fold, Path(folder)))
            for place in np.flatnonzero(assignment == fold):
                key, example = pictures[place]
                if not LOW <= whole[key] <= HIGH:
                    continue
                pixels = np.asarray(Image.open(example.path).convert("RGB"))
                panels = [crop(pixels, box) for box in panels_of(pixels)]
                if panels:
                    best = max(p.p_medical for p in classifier.predict_batch(panels))
                    is_medical = example.label == "medical"
                    found.append(Example(key, groups[place], is_medical, whole[key], best))
    return found, whole


def without_fold(model: Path, fold: int, folder: Path) -> Path:
    """Make a model that works as another does, with the networks that did not see a fold."""
    card = read_card(model)
    judges = read_card(model / "run" / f"fold-{fold}").members
    members = []
    for own, judge in zip(card.members, judges, strict=True):
        shutil.copy(model / "run" / f"fold-{fold}" / judge.file, folder / judge.file)
        members.append(replace(own, file=judge.file))
    gate, second = card.gate, card.second
    if gate is not None:
        (folder / "gate").mkdir()
        without_fold(gate_folder(model, gate, card.classes), fold, folder / "gate")
        gate = replace(gate, model="gate")
    if second is not None:
        (folder / "second").mkdir()
        without_fold(second_folder(model, second, card.classes), fold, folder / "second")
        second = replace(second, model="second")
    changed = replace(card, members=tuple(members), gate=gate, second=second, panels=None)
    write_card(changed, folder)
    return folder


def fit(sample: list[Example], low: float, high: float) -> PanelSpec:
    """Logistic regression by projected Newton steps, towards a rule that changes nothing."""
    x = np.array([[log_odds(e.whole), log_odds(e.best), 1.0] for e in sample])
    y = np.array([e.medical for e in sample], dtype=float)
    start = np.array([1.0, 0.0, 0.0])
    w = start.copy()
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -40, 40)))
        gradient = x.T @ (p - y) / len(y) + _RIDGE * (w - start)
        curvature = (x * (p * (1 - p))[:, None]).T @ x / len(y) + _RIDGE * np.eye(3)
        step = np.clip(np.linalg.solve(curvature, gradient), -1, 1)
        w = w - step
        w[:2] = np.maximum(w[:2], 0)
    return PanelSpec(low, high, *(round(float(v), 4) for v in w))


def fold_of(group: str) -> int:
    """Which fold a group is in: by its name alone."""
    return hashlib.sha256(group.encode()).digest()[0] % FOLDS


def judged(sample: list[Example]) -> list[float]:
    """Probability of each figure by a rule that its fold had no part in."""
    rules = {
        k: fit([e for e in sample if fold_of(e.group) != k], LOW, HIGH)
        for k in {fold_of(e.group) for e in sample}
    }
    return [rules[fold_of(e.group)].combined(e.whole, e.best) for e in sample]


def report(sample: list[Example], pictures: int) -> None:
    """Print what rules for some ranges do to figures of groups that they were not fitted on."""
    print(f"{pictures} pictures, {len(sample)} unsure with panels, in", end=" ")
    print(f"{len({e.group for e in sample})} groups\n")
    print("| looked at | figures | medical | | found | false alarms | log loss |")
    print("| --- | ---: | ---: | --- | ---: | ---: | ---: |")
    for low, high in RANGES:
        asked = [e for e in sample if low <= e.whole <= high]
        medical = [e.medical for e in asked]
        for name, values in (("whole", [e.whole for e in asked]), ("panels", judged(asked))):
            pairs = list(zip(values, medical, strict=True))
            found = sum(p >= 0.5 for p, m in pairs if m)
            alarms = sum(p >= 0.5 for p, m in pairs if not m)
            loss = -sum(math.log(max(1e-7, p if m else 1 - p)) for p, m in pairs) / len(pairs)
            row = f"{len(asked)} | {sum(medical)} | {name} | {found} | {alarms} | {loss:.4f}"
            print(f"| {low} to {high} | {row} |")


def documents_of(manifest: Path) -> dict[str, str]:
    """File name of each picture that was found in a PDF, and a name of that document."""
    with manifest.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        row["file"].rsplit("/", 1)[-1]: row["repository"]
        + "/"
        + row["path"].lower().split(".pdf")[0]
        for row in rows
        if ".pdf" in row["path"].lower()
    }


def report_documents(
    sample: list[Example], whole: dict[str, float], manifest: Path, within: tuple[float, float]
) -> None:
    """Print what the rule does to all pictures of documents, with an interval over documents."""
    asked = [e for e in sample if within[0] <= e.whole <= within[1]]
    after = dict(zip([e.key for e in asked], judged(asked), strict=True))
    names = documents_of(manifest)
    keys = [key for key in whole if key.rsplit("/", 1)[-1] in names]
    documents, place = np.unique(
        [names[key.rsplit("/", 1)[-1]] for key in keys], return_inverse=True
    )
    medical = np.array([key.startswith("medical/") for key in keys])
    before = np.array([whole[key] for key in keys]) >= 0.5
    now = np.array([after.get(key, whole[key]) for key in keys]) >= 0.5
    print(f"\n{len(keys)} pictures of {len(documents)} PDFs, {medical.sum()} of them medical")
    rng = np.random.default_rng(1)
    draws = rng.multinomial(len(documents), np.full(len(documents), 1 / len(documents)), RESAMPLES)
    for name, those in (("medical found", medical), ("false alarms", ~medical)):
        sums = [
            np.bincount(place, w * those, len(documents)) for w in (before, now, np.ones(len(keys)))
        ]
        old, new, every = (draws @ part for part in sums)
        low, high = np.quantile(100 * (new - old) / np.maximum(every, 1), (0.025, 0.975))
        shares = [100 * part.sum() / sums[2].sum() for part in sums[:2]]
        print(
            f"{name}: {shares[0]:.2f} % without panels, {shares[1]:.2f} % with, "
            f"{shares[1] - shares[0]:+.2f} ({low:+.2f} to {high:+.2f}) of {int(sums[2].sum())}"
        )


def main() -> None:
    """Fit, tell, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--groups", type=Path, required=True)
    parser.add_argument("--within", type=float, nargs=2, default=(0.2, 0.7), metavar="P")
    parser.add_argument("--write", type=Path, help="put the rule into the card of this folder")
    arguments = parser.parse_args()
    sample, whole = examples(arguments.model, arguments.data, arguments.groups)
    report(sample, len(whole))
    low, high = arguments.within
    report_documents(sample, whole, arguments.groups, (low, high))
    rule = fit([e for e in sample if low <= e.whole <= high], low, high)
    print(rule)
    if arguments.write:
        write_card(replace(read_card(arguments.write), panels=rule), arguments.write)


if __name__ == "__main__":
    main()
