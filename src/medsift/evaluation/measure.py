"""Run a classifier over labelled images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from medsift.classify import Classifier
from medsift.classify.ensemble import Prepared
from medsift.classify.prediction import Prediction
from medsift.core.errors import InputError, UnreadableError
from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Pixels, Provenance
from medsift.decode.reader import frames
from medsift.evaluation.labelled import Example


@dataclass(frozen=True, slots=True)
class Measurement:
    """One labelled image, and what the classifier says of it.

    Attributes
    ----------
    example : Example
    prediction : Prediction or None
        None where the image could not be read.
    error : str
        Why it could not.
    ms : float
        Time for reading, decoding and classifying, milliseconds; the networks' time is that
        of the batch, shared evenly.
    """

    example: Example
    prediction: Prediction | None
    error: str
    ms: float


def read_pixels(example: Example, target: int, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """Decode the first frame of an example, as scanning decodes it.

    Raises
    ------
    InputError
        The file cannot be read or decoded.
    """
    source = str(example.path)
    try:
        data = example.path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot read {source}: {error.strerror}") from error
    where = Provenance(source=source, source_type="image", extraction="file")
    for picture in frames(data, where, limits, target):
        return picture.pixels
    raise UnreadableError(f"{source} holds no picture")


def measure(
    classifier: Classifier,
    examples: Iterable[Example],
    progress: Callable[[int], object] = lambda _: None,
) -> Iterator[Measurement]:
    """Classify labelled images, in order, a batch at a time.

    Parameters
    ----------
    classifier : Classifier
    examples : iterable of Example
    progress : callable
        Called with the number of images done since the last call.
    """
    iterator = iter(examples)
    while batch := list(islice(iterator, classifier.batch)):
        yield from _measure_batch(classifier, batch)
        progress(len(batch))


def _measure_batch(classifier: Classifier, batch: Sequence[Example]) -> Iterator[Measurement]:
    read = [_prepared(classifier, example) for example in batch]
    tensors = [prepared for prepared, _, _ in read if prepared is not None]
    start = time.perf_counter()
    predictions = iter(classifier.classify(tensors))
    shared = (time.perf_counter() - start) * 1000 / max(1, len(tensors))
    for example, (prepared, error, ms) in zip(batch, read, strict=True):
        if prepared is None:
            yield Measurement(example, None, error, ms)
        else:
            yield Measurement(example, next(predictions), "", ms + shared)


def _prepared(classifier: Classifier, example: Example) -> tuple[Prepared | None, str, float]:
    start = time.perf_counter()
    prepared, text = None, ""
    try:
        prepared = classifier.prepare(read_pixels(example, classifier.largest_side))
    except InputError as error:
        text = error.record_text
    return prepared, text, (time.perf_counter() - start) * 1000
