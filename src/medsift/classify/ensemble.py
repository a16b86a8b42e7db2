"""Several networks, one calibrated probability for each class.

Each member's logits go through a softmax at its own temperature (Guo et al. 2017, "On
Calibration of Modern Neural Networks"); the probabilities are averaged; then the sum over the
medical classes is mapped by a logistic curve (Platt 1999), and the classes of either side are
scaled to the new sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsift.classify.card import Member, ModelCard, read_card
from medsift.classify.network import Network
from medsift.classify.preprocess import Preprocess, prepare
from medsift.core.picture import Pixels

Prepared: TypeAlias = tuple[NDArray[np.float32], ...]
"""One float32 (3, size, size) for each different preprocessing of the members."""

MemberMaps: TypeAlias = tuple[Member, NDArray[np.float64]]
"""A member, and its logits at each place: float64 (n, classes, h, w)."""

_EPSILON = 1e-7


class Ensemble:
    """The networks of a model folder.

    Parameters
    ----------
    folder : Path
        See :mod:`medsift.classify.card`.
    threads : int
        Threads that one inference may use.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.card: ModelCard = read_card(folder)
        self._networks = [Network(folder / m.file, threads) for m in self.card.members]
        # Members that share a preprocessing share its work.
        self._specs: list[Preprocess] = list(dict.fromkeys(m.preprocess for m in self.card.members))
        self._medical = np.array([c.label == "medical" for c in self.card.classes])

    def prepare(self, pixels: Pixels) -> Prepared:
        """Make what :meth:`probabilities` takes; all that needs to be kept of a picture."""
        return tuple(prepare(pixels, spec) for spec in self._specs)

    def probabilities(self, batch: Sequence[Prepared], tta: bool = False) -> NDArray[np.float64]:
        """Calibrated probabilities of the classes.

        Parameters
        ----------
        batch : sequence of Prepared
        tta : bool
            Also average over the horizontal flip.

        Returns
        -------
        ndarray of float64, shape (n, classes)
            Rows sum to 1.
        """
        total = np.zeros((len(batch), len(self.card.classes)))
        for member, network, views in self._runs(batch, tta):
            for view in views:
                total += softmax(network.logits(view) / member.temperature) / len(views)
        return self._calibrated(total / len(self._networks))

    @property
    def has_class_maps(self) -> bool:
        """Whether :meth:`probabilities_and_maps` can be had of these networks."""
        return all(network.has_class_map for network in self._networks)

    def probabilities_and_maps(
        self, batch: Sequence[Prepared], tta: bool = False
    ) -> tuple[NDArray[np.float64], list[MemberMaps]]:
        """Calibrated probabilities, and what each place of the pictures says, in one run.

        Parameters
        ----------
        batch : sequence of Prepared
        tta : bool
            Also average over the horizontal flip.

        Returns
        -------
        probabilities : ndarray of float64, shape (n, classes)
            As :meth:`probabilities` gives them.
        maps : list of (Member, ndarray of float64, shape (n, classes, h, w))
            Logits of each member at each place, over its temperature. The grid covers the
            square that the member's network reads.

        Raises
        ------
        ModelError
            A network has no output for this.
        """
        total = np.zeros((len(batch), len(self.card.classes)))
        maps: list[MemberMaps] = []
        for member, network, views in self._runs(batch, tta):
            laid_back: list[NDArray[np.float32]] = []
            for number, view in enumerate(views):
                logits, class_map = network.logits_and_map(view)
                total += softmax(logits / member.temperature) / len(views)
                laid_back.append(class_map[..., ::-1] if number else class_map)
            mean = np.mean(laid_back, axis=0, dtype=np.float64) / member.temperature
            maps.append((member, np.asarray(mean)))
        return self._calibrated(total / len(self._networks)), maps

    def _runs(
        self, batch: Sequence[Prepared], tta: bool
    ) -> Iterator[tuple[Member, Network, list[NDArray[np.float32]]]]:
        """Yield what each network has to read: the batch, and with ``tta`` its mirror image."""
        for member, network in zip(self.card.members, self._networks, strict=True):
            slot = self._specs.index(member.preprocess)
            tensor = np.stack([prepared[slot] for prepared in batch])
            flipped = [np.ascontiguousarray(tensor[..., ::-1])] if tta else []
            yield member, network, [tensor, *flipped]

    def p_medical(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over the medical classes: (n, classes) to (n,)."""
        # Contiguous, so that the order of summing, and with it the last bit, is the same whatever
        # else is in the batch.
        medical = np.ascontiguousarray(probabilities[:, self._medical])
        summed: NDArray[np.float64] = medical.sum(axis=1)
        return np.clip(summed, 0.0, 1.0)

    def _calibrated(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        slope, offset = self.card.calibration
        if (slope, offset) == (1.0, 0.0):
            return probabilities
        raw = np.clip(self.p_medical(probabilities), _EPSILON, 1 - _EPSILON)
        mapped = 1 / (1 + np.exp(-(slope * np.log(raw / (1 - raw)) + offset)))
        inside, outside = mapped / raw, (1 - mapped) / (1 - raw)
        scale = np.where(self._medical, inside[:, None], outside[:, None])
        scaled = probabilities * scale
        rows: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
        return rows


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Softmax over the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    result: NDArray[np.float64] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result
