"""A small model goes first, a larger one is asked in doubt.

Most pictures of a collection are of no interest, and a cheap network is sure of them. Its answer
stands; all others go on to the ensemble, as if there were no gate. That is the early rejection of
a cascade (Viola and Jones 2001, "Rapid Object Detection using a Boosted Cascade of Simple
Features"). It errs on one side only: nothing becomes medical at the gate.

Where the ensemble is not sure, a second reader's networks are asked, too, and both are averaged:
unlike networks err on different pictures, and few pictures are in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medsift.classify import store
from medsift.classify.card import GateSpec, ModelClass, read_card
from medsift.classify.ensemble import Ensemble, Heard, Output, Prepared, calibrated, sum_over
from medsift.classify.second_spec import SecondSpec
from medsift.classify.views import Views
from medsift.core.errors import ModelError
from medsift.core.picture import Pixels


class Cascade:
    """The networks of a model folder, its gate and its second reader, where the card names them.

    Parameters
    ----------
    folder : Path
        See :mod:`medsift.classify.card`.
    threads : int
        Threads that one inference may use.

    Raises
    ------
    ModelError
        A model cannot be loaded, or the models do not go together.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.ensemble = Ensemble(folder, threads)
        self._gate: Ensemble | None = None
        self._below = self._share = 0.0
        spec = self.ensemble.card.gate
        if spec is not None:
            self._gate = Ensemble(gate_folder(folder, spec, self.ensemble.card.classes), threads)
            self._below, self._share = spec.below, spec.share
        self._stages = [stage for stage in (self._gate, self.ensemble) if stage is not None]
        self._doubt = self.ensemble.card.second
        self._second: Ensemble | None = None
        if self._doubt is not None:
            beside = second_folder(folder, self._doubt, self.ensemble.card.classes)
            self._second = Ensemble(beside, threads)
        self._medical = np.array([c.label == "medical" for c in self.ensemble.card.classes])
        # Stages of the same preprocessing share its work.
        self._specs = frozenset().union(*(stage.specs for stage in self._all))

    @property
    def batch(self) -> int:
        """Pictures that are best read at a time by what reads them all, the first stage."""
        return self._stages[0].batch

    @property
    def largest_side(self) -> int:
        """Side in pixels below which decoding at a reduced size would lose detail.

        A second reader, which is asked about few, makes do with what the others need.
        """
        return max(stage.card.largest_side for stage in self._stages)

    @property
    def has_class_maps(self) -> bool:
        """Whether :meth:`run` can tell what each place of a picture says."""
        return all(stage.has_class_maps for stage in self._all)

    def prepare(self, pixels: Pixels) -> Prepared:
        """Make what :meth:`run` takes; all that needs to be kept of a picture."""
        return Views(pixels, self._specs)

    def run(self, batch: Sequence[Prepared], tta: bool = False, maps: bool = False) -> list[Output]:
        """Ask the gate first, of what it does not stop the ensemble, in doubt the second reader.

        Parameters
        ----------
        batch : sequence of Prepared
        tta : bool
            Also average over the horizontal flip, in all.
        maps : bool
            Whether to tell what each place of the pictures says.

        Returns
        -------
        list of Output
            In order, each the gate's or the ensemble's, with what the gate and the second reader
            said mixed in where the card says so.

        Raises
        ------
        ModelError
            A network has no output for the maps.
        """
        if not batch:
            return []
        outputs = self._first(batch, tta, maps)
        if self._second is not None and self._doubt is not None:
            asked = [n for n, o in enumerate(outputs) if self._doubt.is_asked(o.p_medical)]
            for start in range(0, len(asked), self._second.batch):
                places = asked[start : start + self._second.batch]
                answers = self._second.run([batch[place] for place in places], tta, maps)
                for place, answer in zip(places, answers, strict=True):
                    outputs[place] = self._together(self._doubt, outputs[place], answer)
        return outputs

    @property
    def _all(self) -> list[Ensemble]:
        return [*self._stages, *([self._second] if self._second is not None else [])]

    def _first(self, batch: Sequence[Prepared], tta: bool, maps: bool) -> list[Output]:
        """What the gate and the ensemble say."""
        if self._gate is None:
            return self.ensemble.run(batch, tta, maps)
        outputs = self._gate.run(batch, tta, maps)
        passed = [place for place, output in enumerate(outputs) if not self._stops(output)]
        # The gate's batches are too large for larger inputs, should all of one pass.
        for start in range(0, len(passed), self.ensemble.batch):
            places = passed[start : start + self.ensemble.batch]
            answers = self.ensemble.run(
                [batch[place] for place in places],
                tta,
                maps,
                self._heard([outputs[place] for place in places]),
            )
            for place, answer in zip(places, answers, strict=True):
                outputs[place] = answer
        return outputs

    def _together(self, spec: SecondSpec, first: Output, second: Output) -> Output:
        mean = spec.share * second.probabilities + (1 - spec.share) * first.probabilities
        rows = calibrated(mean[None], self._medical, spec.calibration)
        p_medical = float(sum_over(rows, self._medical)[0])
        return Output(rows[0], p_medical, [*first.maps, *second.maps])

    def _heard(self, outputs: Sequence[Output]) -> Heard | None:
        if not self._share:
            return None
        return Heard(np.stack([output.probabilities for output in outputs]), self._share)

    def _stops(self, output: Output) -> bool:
        return output.p_medical < self._below


def gate_folder(folder: Path, spec: GateSpec, classes: tuple[ModelClass, ...]) -> Path:
    """Find a model's gate, and make sure that the two go together.

    Parameters
    ----------
    folder : Path
        Of the model.
    spec : GateSpec
        The gate that it shall have.
    classes : tuple of ModelClass
        Of the model.

    Raises
    ------
    ModelError
        There is no such model, it knows other kinds, or it is no plain ensemble.
    """
    return _plain(folder, f"gate {spec.model}", spec.model, classes)


def second_folder(folder: Path, spec: SecondSpec, classes: tuple[ModelClass, ...]) -> Path:
    """Find a model's second reader, and make sure that the two go together.

    Parameters
    ----------
    folder : Path
        Of the model.
    spec : SecondSpec
        The second reader that it shall have.
    classes : tuple of ModelClass
        Of the model.

    Raises
    ------
    ModelError
        There is no such model, it knows other kinds, or it is no plain ensemble.
    """
    return _plain(folder, f"second reader {spec.model}", spec.model, classes)


def _plain(folder: Path, what: str, model: str, classes: tuple[ModelClass, ...]) -> Path:
    """Folder of another model, which is asked alone: what its own card would ask is not."""
    found = store.find_beside(folder, model)
    card = read_card(found)
    if card.gate is not None or card.second is not None:
        raise ModelError(f"the {what} of {folder} asks other models itself")
    if card.classes != classes:
        raise ModelError(f"the {what} of {folder} knows other kinds than the model")
    return found
