"""Fit how the panels of a figure count, for a model, on whole repositories that training left out.

    python benchmarks/panels/fit_rule.py MODEL DATA/val MANIFEST.csv [--write] [--most N]

MODEL is a bundled name or a folder; DATA/val holds ``<label>/<kind>/<source>/<file>``; the manifest
names the repository of each file (columns ``file`` and ``repository``). Pictures whose probability
lies within the bounds and that have panels are the sample; a logistic regression with weights of at
least 0 takes the log-odds of the whole and of the most probable panel. Each repository is judged by
what was fitted on four fifths of the others' folds; ``--write`` puts the fit on all into the card.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from medsift.classify import Classifier, store
from medsift.classify.card import read_card, write_card
from medsift.classify.figures import crop, panels_of
from medsift.classify.panel_spec import PanelSpec, log_odds

LOW, HIGH = 0.01, 0.95
FOLDS = 5
_RIDGE = 0.02


@dataclass(frozen=True, slots=True)
class Example:
    """One figure with panels: its label, its probability, and that of its best panel."""

    group: str
    medical: bool
    whole: float
    best: float


def examples(model: str, data: Path, manifest: Path, most: int) -> tuple[list[Example], int]:
    """Look at the pictures of a pool; returns the figures, and how many pictures there were."""
    with manifest.open(encoding="utf-8", newline="") as stream:
        groups = {row["file"]: row["repository"] for row in csv.DictReader(stream)}
    classifier = Classifier(model)
    found: list[Example] = []
    files = sorted(
        data.glob("*/*/*/*"), key=lambda path: hashlib.sha256(path.name.encode()).digest()
    )
    for path in files[:most]:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        boxes = panels_of(pixels)
        if not boxes:
            continue
        whole = classifier.predict(pixels).p_medical
        if not LOW <= whole <= HIGH:
            continue
        panels = classifier.predict_batch([crop(pixels, box) for box in boxes])
        name = path.relative_to(data.parent).as_posix()
        best = max(p.p_medical for p in panels)
        medical = name.split("/")[1] == "medical"
        found.append(Example(groups.get(name, path.parent.name), medical, whole, best))
    return found, len(files[:most])


def fit(sample: list[Example]) -> PanelSpec:
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
    return PanelSpec(LOW, HIGH, *(round(float(v), 4) for v in w))


def fold_of(group: str) -> int:
    """Which fold a repository is in: by its name alone."""
    return hashlib.sha256(group.encode()).digest()[0] % FOLDS


def judged(sample: list[Example]) -> list[float]:
    """Probability of each figure by a rule that its fold had no part in."""
    rules = {
        k: fit([e for e in sample if fold_of(e.group) != k])
        for k in {fold_of(e.group) for e in sample}
    }
    return [rules[fold_of(e.group)].combined(e.whole, e.best) for e in sample]


def report(sample: list[Example], pictures: int) -> None:
    """Print what the rule does to figures of repositories that it was not fitted on."""
    after = judged(sample)
    medical = [e.medical for e in sample]
    print(f"{pictures} pictures, {len(sample)} unsure with panels, {sum(medical)} of them medical")
    print(f"in {len({e.group for e in sample})} repositories")
    for name, values in (("whole", [e.whole for e in sample]), ("panels", after)):
        found = sum(p >= 0.5 for p, m in zip(values, medical, strict=True) if m)
        alarms = sum(p >= 0.5 for p, m in zip(values, medical, strict=True) if not m)
        loss = -sum(
            math.log(max(1e-7, p if m else 1 - p)) for p, m in zip(values, medical, strict=True)
        )
        print(f"{name:7} found {found}, false alarms {alarms}, log loss {loss / len(sample):.4f}")


def main() -> None:
    """Fit, tell, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--write", action="store_true", help="put the rule into the model's card")
    parser.add_argument("--most", type=int, default=1_000_000, help="look at so many pictures")
    arguments = parser.parse_args()
    sample, pictures = examples(arguments.model, arguments.data, arguments.manifest, arguments.most)
    report(sample, pictures)
    rule = fit(sample)
    print(rule)
    if arguments.write:
        folder = store.find(arguments.model)
        write_card(replace(read_card(folder), panels=rule), folder)


if __name__ == "__main__":
    main()
