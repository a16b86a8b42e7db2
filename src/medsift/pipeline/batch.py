"""Pictures wait here for their verdict until there are enough of them for the networks.

Batches are filled across inputs: most inputs are a single picture. How large they are depends on
the model, see :attr:`medsift.classify.Classifier.batch`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from medsift.classify import Classifier, FigurePrediction
from medsift.classify.burnt_text import Grey
from medsift.classify.ensemble import Prepared
from medsift.core.picture import Picture, Pixels
from medsift.core.record import Record

_WAITING = 64
_SECONDS = 1.0
"""So long a picture waits at most, so that slow inputs are told one by one."""

_REMEMBERED = 4096
"""Verdicts on pictures of other inputs that are kept: some 2 MB."""

Verdict: TypeAlias = "tuple[FigurePrediction, bytes | None]"
"""A prediction and, where it was asked for, a small map of what speaks for medical."""

Likeness: TypeAlias = tuple[object, ...]
"""What two pictures must have in common to be taken for the same."""


@dataclass(slots=True, eq=False)
class Slot:
    """The verdict on a picture, shared by its copies; empty until its batch was classified."""

    verdict: Verdict | None = None
    features: bytes | None = None


@dataclass(slots=True, eq=False)
class Pending:
    """A record that awaits its verdict, or its turn; pixels are let go already.

    Attributes
    ----------
    position : int
        Of the input among those of the task.
    record : Record or None
        None says that the input has no more.
    slot : Slot or None
        Set where a verdict is due.
    prepared : Prepared or None
        Set where the networks are to give it.
    likeness : Likeness or None
        Under which the verdict is remembered.
    figure : ndarray of uint8, shape (h, w, 3), or None
        Pixels that panels are to be found in, where the networks are to give a verdict.
    shown : ndarray of uint8, shape (h, w, 3), or None
        Pixels that panels are to be cut from for people, where each gets a record.
    grey : ndarray of uint8 or None
        What text is looked for in, see :mod:`medsift.classify.burnt_text`.
    """

    position: int
    record: Record | None
    slot: Slot | None = None
    prepared: Prepared | None = None
    likeness: Likeness | None = None
    figure: Pixels | None = field(default=None, repr=False)
    thumbnail: bytes | None = None
    saved: Picture | None = None
    pixels: bytes | None = None
    shown: Pixels | None = field(default=None, repr=False)
    declared_modality: str = ""
    grey: Grey | None = None
    ms: float = 0.0


class Batch:
    """Collects what is pending, in order, and has it classified.

    Parameters
    ----------
    classifier : Classifier
    heat : bool
        Also make small maps of what speaks for medical, if the model can tell.
    panels : bool
        Look for the panels of all pictures, not only of those that the model is unsure of.
    features : bool
        Also keep what the networks make of the pictures.
    """

    def __init__(
        self,
        classifier: Classifier,
        heat: bool = False,
        panels: bool = False,
        features: bool = False,
    ) -> None:
        self._features = features
        self._classifier = classifier
        self._panels = panels
        self._heat = heat and classifier.explains
        self._full = classifier.batch
        self._pending: list[Pending] = []
        self._fresh = 0
        self._since = 0.0
        self._remembered: OrderedDict[Likeness, Verdict] = OrderedDict()

    def recall(self, likeness: Likeness) -> Verdict | None:
        """The verdict on the same picture in an earlier input, if it is remembered."""
        if self._features:
            return None  # features would take too much memory to be remembered
        found = self._remembered.get(likeness)
        if found is not None:
            self._remembered.move_to_end(likeness)
        return found

    def clear(self) -> None:
        """Forget what is pending, after an interruption."""
        self._pending, self._fresh = [], 0

    def add(self, pending: Pending) -> None:
        """Put something at the end."""
        if not self._pending:
            self._since = time.monotonic()
        self._pending.append(pending)
        self._fresh += pending.prepared is not None

    @property
    def is_due(self) -> bool:
        """Whether there is enough to classify, or has waited long enough."""
        return bool(self._pending) and (
            self._fresh >= self._full
            or len(self._pending) >= _WAITING
            or time.monotonic() - self._since > _SECONDS
        )

    def take(self) -> Iterator[Pending]:
        """Classify, and give all that was pending, in order, with its verdict."""
        taken = self._pending
        self.clear()
        fresh = [pending for pending in taken if pending.prepared is not None]
        started = time.perf_counter()
        verdicts = self._verdicts(fresh)
        share = (time.perf_counter() - started) * 1000 / max(1, len(fresh))
        self._note_features(fresh)
        for pending, verdict in zip(fresh, verdicts, strict=True):
            pending.ms += share
            if pending.slot is not None:
                pending.slot.verdict = verdict
            if pending.likeness is not None:
                self._remember(pending.likeness, verdict)
        yield from taken

    def _verdicts(self, fresh: list[Pending]) -> Sequence[Verdict]:
        batch = [p.prepared for p in fresh if p.prepared]
        figures = [p.figure for p in fresh]
        if not self._heat:
            found = self._classifier.classify_figures(batch, figures, self._panels)
            return [(figure, None) for figure in found]
        sizes = [_size(p.record) for p in fresh]
        return self._classifier.explain_figures(batch, sizes, figures, self._panels)

    def _note_features(self, fresh: list[Pending]) -> None:
        if not self._features or not fresh:
            return
        rows = self._classifier.features_of([p.prepared for p in fresh if p.prepared])
        for pending, row in zip(fresh, rows, strict=True):
            if pending.slot is not None:
                pending.slot.features = row.astype("<f4").tobytes()

    def _remember(self, likeness: Likeness, verdict: Verdict) -> None:
        self._remembered[likeness] = verdict
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _size(record: Record | None) -> tuple[int, int]:
    # Only the proportions count.
    return (record and record.width) or 1, (record and record.height) or 1
