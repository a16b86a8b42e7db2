"""What the networks make of pictures: features, and the verdicts that stood before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from medsift.classify import Classifier
from medsift.classify.ensemble import Prepared
from medsift.classify.head import unit
from medsift.core.errors import InputError
from medsift.evaluation.labelled import Example
from medsift.evaluation.measure import read_pixels


@dataclass(frozen=True, slots=True)
class Seen:
    """Pictures as the networks see them.

    Attributes
    ----------
    examples : tuple of Example
        Those that could be read.
    features : ndarray of float32, shape (n, d)
        Each network's at unit length, side by side.
    base : ndarray of float64, shape (n, classes)
        Calibrated probabilities of the model, without its gate.
    widths : tuple of int
        How many features each network gives.
    failed : tuple of (Example, str)
        Those that could not be read, and why.
    """

    examples: tuple[Example, ...]
    features: NDArray[np.float32]
    base: NDArray[np.float64]
    widths: tuple[int, ...]
    failed: tuple[tuple[Example, str], ...] = ()


def look_at(
    classifier: Classifier,
    examples: Sequence[Example],
    threads: int = 1,
    progress: Callable[[int], object] = lambda _: None,
) -> Seen:
    """Run the networks over labelled pictures.

    Parameters
    ----------
    classifier : Classifier
    examples : sequence of Example
    threads : int
        Threads that read and look at pictures side by side.
    progress : callable
        Called with the number of pictures done since the last call.
    """
    kept: list[Example] = []
    failed: list[tuple[Example, str]] = []
    features, base = [], []
    widths: tuple[int, ...] = ()
    for batch, read, found in _answers(classifier, examples, threads):
        for example, answer in zip(batch, read, strict=True):
            if isinstance(answer, str):
                failed.append((example, answer))
            else:
                kept.append(example)
        if found is not None:
            features.append(unit(found[0]))
            base.append(found[1])
            widths = tuple(part.shape[1] for part in found[0])
        progress(len(batch))
    classes = len(classifier.card.classes)
    return Seen(
        tuple(kept),
        np.concatenate(features) if features else np.zeros((0, 0), np.float32),
        np.concatenate(base) if base else np.zeros((0, classes)),
        widths,
        tuple(failed),
    )


_Answer = tuple[
    Sequence[Example],
    "list[Prepared | str]",
    "tuple[tuple[NDArray[np.float32], ...], NDArray[np.float64]] | None",
]


def _answers(
    classifier: Classifier, examples: Sequence[Example], threads: int
) -> Iterator[_Answer]:
    """Look at batches on several threads, and give the answers in order.

    Decoders and networks let other threads work meanwhile. Only a few batches are under way, so
    that memory stays flat.
    """

    def look(batch: Sequence[Example]) -> _Answer:
        read = [_prepared(classifier, example) for example in batch]
        good = [prepared for prepared in read if not isinstance(prepared, str)]
        return batch, read, classifier.base(good) if good else None

    iterator = iter(examples)
    batches = iter(lambda: list(islice(iterator, classifier.batch)), [])
    under_way: deque[Future[_Answer]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for batch in batches:
            under_way.append(pool.submit(look, batch))
            if len(under_way) > 2 * threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _prepared(classifier: Classifier, example: Example) -> Prepared | str:
    try:
        return classifier.prepare(read_pixels(example, classifier.largest_side))
    except InputError as error:
        return error.record_text
