"""What comes of an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from medsift.core.errors import InputError
from medsift.core.record import Record
from medsift.sources.inputs import Input


@dataclass(frozen=True, slots=True)
class Outcome:
    """A record, and what reports want to show with it.

    Attributes
    ----------
    record : Record
    thumbnail : bytes or None
        A small encoded picture, where it was asked for.
    heat : bytes or None
        What of the picture speaks for medical, where it was asked for and the model can
        tell; see :func:`medsift.classify.explain.small_map`.
    features : bytes or None
        What the networks make of the picture, where it was asked for: float32 values, see
        :meth:`medsift.classify.Classifier.features`.
    pixels : bytes or None
        Name of the file with the pixels, see :mod:`medsift.pipeline.with_pixels`.
    """

    record: Record
    thumbnail: bytes | None = field(default=None, repr=False)
    heat: bytes | None = field(default=None, repr=False)
    features: bytes | None = field(default=None, repr=False)
    pixels: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Examined:
    """An input and all its outcomes, at least one.

    Attributes
    ----------
    item : Input
    outcomes : sequence of Outcome
    earlier : bool
        Whether an earlier run found them, which this one goes on from.
    written : bool
        Whether they are in the outputs already.
    """

    item: Input
    outcomes: Sequence[Outcome]
    earlier: bool = False
    written: bool = False


def failure(item: Input, fault: InputError) -> Outcome:
    """What comes of an input that its worker could not finish."""
    return Outcome(
        Record(source=item.source, status="failed", reason=fault.code, error=fault.record_text)
    )
