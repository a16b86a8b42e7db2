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
from medsift.pipeline.panels import small_enough


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
    panels: bool = True,
) -> Iterator[Measurement]:
    """Classify labelled images, in order, a batch at a time.

    Parameters
    ----------
    classifier : Classifier
    examples : iterable of Example
    progress : callable
        Called with the number of images done since the last call.
    panels : bool
        Let the panels of images that the model is not sure of count, as scanning does.
    """
    iterator = iter(examples)
    looks = panels and classifier.counts_panels
    while batch := list(islice(iterator, classifier.batch)):
        yield from _measure_batch(classifier, batch, looks)
        progress(len(batch))


@dataclass(frozen=True, slots=True)
class _Read:
    """An image that was read, or why it could not be."""

    ms: float
    prepared: Prepared | None = None
    pixels: Pixels | None = None
    error: str = ""


def _measure_batch(
    classifier: Classifier, batch: Sequence[Example], panels: bool
) -> Iterator[Measurement]:
    images = [_read(classifier, example, panels) for example in batch]
    tensors = [image.prepared for image in images if image.prepared is not None]
    figures = [image.pixels for image in images if image.prepared is not None]
    start = time.perf_counter()
    predictions = iter(classifier.classify_figures(tensors, figures))
    shared = (time.perf_counter() - start) * 1000 / max(1, len(tensors))
    for example, image in zip(batch, images, strict=True):
        if image.prepared is None:
            yield Measurement(example, None, image.error, image.ms)
        else:
            yield Measurement(example, next(predictions).prediction, "", image.ms + shared)


def _read(classifier: Classifier, example: Example, panels: bool) -> _Read:
    start = time.perf_counter()
    try:
        pixels = read_pixels(example, classifier.largest_side)
    except InputError as error:
        return _Read((time.perf_counter() - start) * 1000, error=error.record_text)
    prepared = classifier.prepare(pixels)
    kept = small_enough(pixels) if panels else None
    return _Read((time.perf_counter() - start) * 1000, prepared, kept)
