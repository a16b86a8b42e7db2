"""Several networks, one calibrated probability for each class.

Each member's logits go through a softmax at its own temperature (Guo et al. 2017, "On
Calibration of Modern Neural Networks"); the probabilities are averaged; then the sum over the
medical classes is mapped by a logistic curve (Platt 1999), and the classes of either side are
scaled to the new sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsift.classify import ood as ood_score
from medsift.classify.card import Member, ModelCard, read_card
from medsift.classify.network import Network
from medsift.classify.preprocess import Preprocess, prepare
from medsift.core.picture import Pixels

Prepared: TypeAlias = tuple[NDArray[np.float32], ...]
"""One float32 (3, size, size) for each different preprocessing of the members."""

MemberMaps: TypeAlias = tuple[Member, NDArray[np.float64]]
"""A member, and its logits at each place: float64 (n, classes, h, w)."""

_EPSILON = 1e-7


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the networks say of a batch.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (n, classes)
        Calibrated; rows sum to 1.
    distances : ndarray of float64, shape (n,), or None
        Out-of-distribution scores, see :mod:`medsift.classify.ood`; None where the model has
        no such score.
    maps : list of (Member, ndarray of float64, shape (n, classes, h, w))
        Logits of each member at each place, over its temperature, where they were asked for.
        The grid covers the square that the member's network reads.
    """

    probabilities: NDArray[np.float64]
    distances: NDArray[np.float64] | None
    maps: list[MemberMaps]


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
        ood = self.card.ood
        self._detector = ood_score.load(folder / ood.file) if ood is not None else None

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
        return self.run(batch, tta).probabilities

    @property
    def has_class_maps(self) -> bool:
        """Whether :meth:`run` can tell what each place of a picture says."""
        return all(network.has_class_map for network in self._networks)

    def run(self, batch: Sequence[Prepared], tta: bool = False, maps: bool = False) -> Outputs:
        """Run each network once, and take from it all that it can tell.

        Parameters
        ----------
        batch : sequence of Prepared
        tta : bool
            Also average over the horizontal flip; distances are those of the plain view.
        maps : bool
            Whether to tell what each place of the pictures says.

        Raises
        ------
        ModelError
            A network has no output for the maps.
        """
        total = np.zeros((len(batch), len(self.card.classes)))
        features: list[NDArray[np.float32] | None] = []
        laid_out: list[MemberMaps] = []
        for member, network, views in self._runs(batch, tta):
            of_views = []
            for number, view in enumerate(views):
                wanted = self._detector is not None and number == 0
                answer = network.run(view, features=wanted, class_map=maps)
                total += softmax(answer.logits / member.temperature) / len(views)
                if number == 0:
                    features.append(answer.features)
                if answer.class_map is not None:
                    of_views.append(answer.class_map[..., ::-1] if number else answer.class_map)
            if of_views:
                mean = np.mean(of_views, axis=0, dtype=np.float64) / member.temperature
                laid_out.append((member, np.asarray(mean)))
        probabilities = self._calibrated(total / len(self._networks))
        return Outputs(probabilities, self._distances(features), laid_out)

    def features(self, batch: Sequence[Prepared]) -> tuple[NDArray[np.float32], ...]:
        """Features (n, d) of each member, as :mod:`medsift.classify.ood` takes them."""
        answers = (network.run(v[0], features=True) for _, network, v in self._runs(batch, False))
        return tuple(a.features for a in answers if a.features is not None)

    def _distances(
        self, features: Sequence[NDArray[np.float32] | None]
    ) -> NDArray[np.float64] | None:
        found = [part for part in features if part is not None]
        if self._detector is None or not found:
            return None
        # One by one, so that the last bit does not depend on what else is in the batch.
        rows = [self._detector.scores([p[i : i + 1] for p in found]) for i in range(len(found[0]))]
        return np.concatenate(rows)

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
