"""The last touch on records: the decision that was asked for, and no more kinds than were.

Here and not in the workers, so that what they could not finish gets its decision, too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from medsift.classify import store
from medsift.core.record import Record
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined


class Finisher:
    """Gives records what the options ask for.

    Parameters
    ----------
    options : ScanOptions

    Raises
    ------
    ModelError
        There is no such model.
    """

    def __init__(self, options: ScanOptions) -> None:
        folder = store.find(options.model)
        # Before any work: its card may lack it.
        _ = options.recall_bound
        self._keeps = options.all_kinds
        self._acceptance = None
        if options.accept:
            from medsift.classify.card import read_card
            from medsift.classify.decision import Acceptance

            card = read_card(folder)
            self._acceptance = Acceptance.of(options.accept, card.accept, options.accept_threshold)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self._acceptance is not None or not self._keeps

    def record(self, record: Record) -> Record:
        """The record as it is handed on."""
        if self._acceptance is not None:
            record = self._acceptance.decided(record)
        return record if self._keeps or record.kinds is None else replace(record, kinds=None)

    def examined(self, examined: Examined) -> Examined:
        """All outcomes of an input as they are handed on."""
        outcomes = [replace(o, record=self.record(o.record)) for o in examined.outcomes]
        return replace(examined, outcomes=outcomes)

    def stream(self, stream: Iterator[Examined]) -> Generator[Examined, None, None]:
        """All outcomes as they are handed on; those of an earlier run have been."""
        try:
            for examined in stream:
                yield examined if examined.earlier else self.examined(examined)
        finally:
            # At once, so that workers stop; plain iterators hold nothing that must be let go.
            if isinstance(stream, Generator):
                stream.close()
