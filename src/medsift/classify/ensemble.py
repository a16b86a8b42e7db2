"""Several networks, one calibrated probability for each class.

Each member's logits go through a softmax at its own temperature (Guo et al. 2017, "On
Calibration of Modern Neural Networks"); the probabilities are averaged; then the sum over the
medical classes is mapped by a logistic curve (Platt 1999), and the classes of either side are
scaled to the new sums. In an adapted model, a last layer of its own goes on from there, see
:mod:`medsift.classify.head`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsift.classify import head as last_layer
from medsift.classify.card import MemberSpec, ModelCard, ModelClass, read_card
from medsift.classify.network import Network
from medsift.classify.preprocess import Preprocess, normalise
from medsift.core.errors import ModelError
from medsift.core.picture import Pixels

Prepared: TypeAlias = Mapping[Preprocess, Pixels]
"""One picture as uint8 (size, size, 3) for each different preprocessing of the networks."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What another model said of the pictures of a batch, and how much it counts.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (n, classes)
    share : float
        Its weight in the mean with the ensemble's own, 0 to 1.
    """

    probabilities: NDArray[np.float64]
    share: float


MemberMap: TypeAlias = tuple[MemberSpec, NDArray[np.float64]]
"""A member, and its logits at each place of a picture: float64 (classes, h, w)."""

_EPSILON = 1e-7

_BATCH_PIXELS = 2**17
"""Pixels that the networks read at a time, and :data:`_BATCH_MOST` pictures.

What a larger batch saves, a call for each picture, is then below a twentieth, while its memory
grows, and its layers outgrow the processor's caches.
"""

_BATCH_MOST = 8


@dataclass(frozen=True, slots=True)
class Output:
    """What the networks say of a picture.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (classes,)
        Calibrated; they sum to 1.
    p_medical : float
        Their sum over the medical classes, 0 to 1.
    maps : list of (MemberSpec, ndarray of float64, shape (classes, h, w))
        Logits of each member at each place, over its temperature, where they were asked for.
        The grid covers the square that the member's network reads.
    """

    probabilities: NDArray[np.float64]
    p_medical: float
    maps: list[MemberMap]


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
        self.specs: frozenset[Preprocess] = frozenset(m.preprocess for m in self.card.members)
        self._medical = _medical(self.card.classes)
        self._head = _head(folder, self.card)

    @property
    def batch(self) -> int:
        """Pictures that are best read at a time: a power of two, by the size of the input.

        8 for 128 pixels, 4 for 160, 2 for 224.
        """
        fitting = _BATCH_PIXELS // max(spec.size for spec in self.specs) ** 2
        return min(_BATCH_MOST, 1 << max(0, fitting.bit_length() - 1))

    @property
    def has_class_maps(self) -> bool:
        """Whether :meth:`run` can tell what each place of a picture says."""
        # Those are of the networks' own last layers, which an adapted model does not ask.
        return self._head is None and all(network.has_class_map for network in self._networks)

    def run(
        self,
        batch: Sequence[Prepared],
        tta: bool = False,
        maps: bool = False,
        heard: Heard | None = None,
    ) -> list[Output]:
        """Run each network once, and take from it all that it can tell.

        Parameters
        ----------
        batch : sequence of Prepared
            At least one.
        tta : bool
            Also average over the horizontal flip.
        maps : bool
            Whether to tell what each place of the pictures says.
        heard : Heard, optional
            Probabilities of another model, mixed in before the calibration.

        Raises
        ------
        ModelError
            A network has no output for the maps, or the model was adapted.
        """
        if maps and self._head is not None:
            raise ModelError(
                f"{self.card.name} is an adapted model, whose verdicts cannot be explained"
            )
        total = np.zeros((len(batch), len(self._own_classes)))
        features: list[NDArray[np.float32]] = []
        laid_out: list[MemberMap] = []
        for member, network, views in self._runs(batch, tta):
            of_views = []
            for number, view in enumerate(views):
                wanted = self._head is not None and number == 0
                answer = network.run(view, features=wanted, class_map=maps)
                total += softmax(answer.logits / member.temperature) / len(views)
                if answer.features is not None:
                    features.append(answer.features)
                if answer.class_map is not None:
                    of_views.append(answer.class_map[..., ::-1] if number else answer.class_map)
            if of_views:
                laid = np.mean(of_views, axis=0, dtype=np.float64) / member.temperature
                laid_out.append((member, np.asarray(laid)))
        mean = total / len(self._networks)
        if heard is not None:
            mean = heard.share * heard.probabilities + (1 - heard.share) * mean
        probabilities = self._answer(mean, features)
        medical = self._p_medical(probabilities)
        return [
            Output(
                probabilities[place],
                float(medical[place]),
                [(member, values[place]) for member, values in laid_out],
            )
            for place in range(len(batch))
        ]

    @property
    def feature_size(self) -> int:
        """Features of a picture, of all members together."""
        return sum(network.feature_size for network in self._networks)

    def base(
        self, batch: Sequence[Prepared]
    ) -> tuple[tuple[NDArray[np.float32], ...], NDArray[np.float64]]:
        """Features of each member, and what its own last layers say: what a new one goes on from.

        Returns
        -------
        tuple of ndarray of float32, shape (n, d)
        ndarray of float64, shape (n, classes)
            Probabilities by the networks' own last layers, calibrated.
        """
        total = np.zeros((len(batch), len(self._own_classes)))
        features = []
        for member, network, views in self._runs(batch, False):
            answer = network.run(views[0], features=True)
            total += softmax(answer.logits / member.temperature)
            features.append(np.asarray(answer.features))
        return tuple(features), self._own(total / len(self._networks))

    def features(self, batch: Sequence[Prepared]) -> tuple[NDArray[np.float32], ...]:
        """Features (n, d) of each member: what its last layer reads."""
        answers = (network.run(v[0], features=True) for _, network, v in self._runs(batch, False))
        return tuple(a.features for a in answers if a.features is not None)

    def _runs(
        self, batch: Sequence[Prepared], tta: bool
    ) -> Iterator[tuple[MemberSpec, Network, list[NDArray[np.float32]]]]:
        """Yield what each network has to read: the batch, and with ``tta`` its mirror image."""
        views = {}
        for spec in self.specs:
            tensor = np.stack([normalise(prepared[spec], spec) for prepared in batch])
            flipped = [np.ascontiguousarray(tensor[..., ::-1])] if tta else []
            views[spec] = [tensor, *flipped]
        for member, network in zip(self.card.members, self._networks, strict=True):
            yield member, network, views[member.preprocess]

    @property
    def _own_classes(self) -> tuple[ModelClass, ...]:
        """What the networks' own last layers tell apart."""
        return self.card.head.base_classes if self.card.head else self.card.classes

    def _own(self, averaged: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the networks' own last layers say, calibrated."""
        if self.card.head is None:
            return calibrated(averaged, self._medical, self.card.calibration)
        own = _medical(self._own_classes)
        return calibrated(averaged, own, self.card.head.base_calibration)

    def _answer(
        self, averaged: NDArray[np.float64], features: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float64]:
        own = self._own(averaged)
        if self._head is None:
            return own
        found = self._head.probabilities(features, own)
        return calibrated(found, self._medical, self.card.calibration)

    def _p_medical(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over the medical classes: (n, classes) to (n,)."""
        return sum_over(probabilities, self._medical)


def _medical(classes: Sequence[ModelClass]) -> NDArray[np.bool_]:
    return np.array([c.label == "medical" for c in classes])


def _head(folder: Path, card: ModelCard) -> last_layer.Head | None:
    if card.head is None:
        return None
    return last_layer.load(folder / card.head.file, len(card.classes), len(card.head.base_classes))


def sum_over(probabilities: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sum over some of the classes: (n, classes) to (n,), 0 to 1."""
    # Contiguous, so that the order of summing, and with it the last bit, is the same whatever
    # else is in the batch.
    part = np.ascontiguousarray(probabilities[:, chosen])
    summed: NDArray[np.float64] = part.sum(axis=1)
    return np.clip(summed, 0.0, 1.0)


def calibrated(
    probabilities: NDArray[np.float64], medical: NDArray[np.bool_], curve: tuple[float, float]
) -> NDArray[np.float64]:
    """Bring the sum over the medical classes on a logistic curve, and scale the classes to it.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (n, classes)
    medical : ndarray of bool, shape (classes,)
    curve : tuple of float
        Slope and offset in log-odds.
    """
    slope, offset = curve
    if (slope, offset) == (1.0, 0.0):
        return probabilities
    raw = np.clip(sum_over(probabilities, medical), _EPSILON, 1 - _EPSILON)
    mapped = 1 / (1 + np.exp(-(slope * np.log(raw / (1 - raw)) + offset)))
    inside, outside = mapped / raw, (1 - mapped) / (1 - raw)
    scale = np.where(medical, inside[:, None], outside[:, None])
    scaled = probabilities * scale
    rows: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return rows


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Softmax over the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    result: NDArray[np.float64] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result
