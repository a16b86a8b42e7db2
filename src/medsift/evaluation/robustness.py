"""How accuracy falls where pictures get worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from medsift.classify import Classifier
from medsift.core.errors import InputError
from medsift.core.picture import Pixels
from medsift.evaluation.corruptions import CORRUPTIONS, SEVERITIES, SIDE, Corruption
from medsift.evaluation.labelled import Example
from medsift.evaluation.measure import read_pixels
from medsift.evaluation.metrics import Share

_BATCH = 16


@dataclass(frozen=True, slots=True)
class RobustnessRow:
    """Accuracy under one corruption.

    Attributes
    ----------
    name : str
    benchmark : bool
        Whether it is one of ImageNet-C.
    shares : tuple of Share
        For severities 1 to 5.
    """

    name: str
    benchmark: bool
    shares: tuple[Share, ...]

    @property
    def mean(self) -> float:
        """Mean accuracy over the severities, 0 to 1."""
        return float(np.mean([share.value for share in self.shares]))


@dataclass(frozen=True, slots=True)
class Robustness:
    """The corruption matrix: accuracy of the label, uncertain answers by their side.

    Attributes
    ----------
    clean : Share
        Of the same pictures before they were made worse.
    rows : tuple of RobustnessRow
    """

    clean: Share
    rows: tuple[RobustnessRow, ...]


def even_sample(examples: Sequence[Example], count: int, seed: int = 1) -> list[Example]:
    """Choose examples such that sources take turns, in a random order that the seed decides."""
    rng = np.random.default_rng(seed)
    groups: dict[tuple[str, str, str], list[Example]] = {}
    for example in examples:
        groups.setdefault((example.label, example.kind, example.source), []).append(example)
    queues = [[members[i] for i in rng.permutation(len(members))] for members in groups.values()]
    order = [queues[i] for i in rng.permutation(len(queues))]
    turns = (
        queue[turn] for turn in range(max(map(len, order))) for queue in order if turn < len(queue)
    )
    return list(islice(turns, count))


def measure_robustness(
    classifier: Classifier,
    examples: Sequence[Example],
    corruptions: Sequence[Corruption] = CORRUPTIONS,
    progress: Callable[[int], object] = lambda _: None,
) -> Robustness:
    """Classify each example clean and under each corruption in each severity.

    Parameters
    ----------
    classifier : Classifier
    examples : sequence of Example
        Those that cannot be read are passed over.
    corruptions : sequence of Corruption
    progress : callable
        Called with the number of pictures classified since the last call.
    """
    cells = [(c, s) for c in range(len(corruptions)) for s in SEVERITIES]
    right = dict.fromkeys([(-1, 0), *cells], 0)
    n = 0
    for number, example in enumerate(examples):
        try:
            pixels = read_pixels(example, max(SIDE, classifier.largest_side))
        except InputError:
            progress(1 + len(cells))
            continue
        n += 1
        views = ((cell, _view(corruptions, cell, pixels, number)) for cell in right)
        for batch in _batches(views):
            predictions = classifier.classify([classifier.prepare(view) for _, view in batch])
            for (cell, _), prediction in zip(batch, predictions, strict=True):
                right[cell] += (prediction.p_medical >= 0.5) == (example.label == "medical")
        progress(1 + len(cells))
    rows = (
        RobustnessRow(
            corruption.name,
            corruption.benchmark,
            tuple(Share.of(right[c, s], n) for s in SEVERITIES),
        )
        for c, corruption in enumerate(corruptions)
    )
    return Robustness(Share.of(right[-1, 0], n), tuple(rows))


def render_robustness(robustness: Robustness) -> str:
    """Lay the matrix out as text."""
    clean = robustness.clean
    width = max((len(row.name) for row in robustness.rows), default=0)
    title = f"Accuracy on {clean.n} pictures made worse, severities 1 to 5 and their mean"
    lines = [
        "",
        f"{title} (* Hendrycks and Dietterich 2019)",
        f"  {'clean':{width}}    {clean.value:6.1%}  [{clean.low:.1%}, {clean.high:.1%}]",
    ]
    for row in robustness.rows:
        cells = "  ".join(f"{share.value:6.1%}" for share in row.shares)
        lines.append(
            f"  {row.name:{width}} {'*' if row.benchmark else ' '}  {cells}  {row.mean:6.1%}"
        )
    return "\n".join(lines) + "\n"


def _view(
    corruptions: Sequence[Corruption], cell: tuple[int, int], pixels: Pixels, seed: int
) -> Pixels:
    place, severity = cell
    return corruptions[place].apply(pixels, severity, seed) if severity else pixels


def _batches(
    views: Iterator[tuple[tuple[int, int], Pixels]],
) -> Iterator[list[tuple[tuple[int, int], Pixels]]]:
    while batch := list(islice(views, _BATCH)):
        yield batch
