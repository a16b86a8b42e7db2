"""What networks said of pictures whose groups they had never seen, kept for all that is fitted.

Calibration, thresholds, the bounds of a gate and the figures of a card come from these answers.
They are kept beside the run, see :mod:`medsift.evaluation.out_of_fold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsift.classify.card import ModelClass
from medsift.classify.ensemble import Output
from medsift.core.errors import ModelError
from medsift.evaluation.calibration import apply_platt
from medsift.evaluation.out_of_fold import ARCHIVE, OutOfFold
from medsift.training.data import PixelStore

ANSWERS = ARCHIVE
"""Name of the archive, in the folder of the run."""
ALONE = "alone.npz"
"""The same of the networks without a gate and a second reader, uncalibrated."""

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by pictures.

    Attributes
    ----------
    keys, groups : tuple of str
        Which picture, and what must not be cut through.
    probabilities : ndarray of float64, shape (n, classes)
        Calibrated; rows sum to 1.
    """

    keys: tuple[str, ...]
    groups: tuple[str, ...]
    probabilities: NDArray[np.float64]

    @classmethod
    def named(
        cls, store: PixelStore, groups: Sequence[str], probabilities: NDArray[np.float64]
    ) -> Answers:
        """Name the answers on the pictures of a store."""
        keys = tuple("/".join((e.label, e.kind, e.source, e.path.name)) for e in store.examples)
        return cls(keys, tuple(groups), probabilities)

    def write(self, path: Path, classes: Sequence[ModelClass]) -> None:
        """Write the archive."""
        names = tuple(c.name for c in classes)
        OutOfFold(self.keys, self.groups, names, self.probabilities).write(path)

    @classmethod
    def read(cls, path: Path) -> Answers:
        """Read an archive that :meth:`write` wrote.

        Raises
        ------
        ModelError
            There is none, or it is something else.
        """
        found = OutOfFold.read(path)
        return cls(found.keys, found.groups, found.probabilities)

    def of(self, medical: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Sum (n,) over the medical classes, 0 to 1."""
        summed: NDArray[np.float64] = self.probabilities[:, medical].sum(axis=1)
        return np.clip(summed, 0.0, 1.0)

    def like(self, other: Answers) -> Answers:
        """The same answers in the order of other answers on the same pictures.

        Raises
        ------
        ModelError
            There is none for one of the pictures.
        """
        places = {key: place for place, key in enumerate(self.keys)}
        try:
            rows = [places[key] for key in other.keys]
        except KeyError as error:
            raise ModelError(f"there is no answer over folds on {error}") from None
        return replace(other, probabilities=self.probabilities[rows])

    def mixed(self, other: Answers, share: float) -> Answers:
        """Mean with other answers on the same pictures, in the same order."""
        mean = share * other.probabilities + (1 - share) * self.probabilities
        return replace(self, probabilities=mean)

    def where(self, chosen: NDArray[np.bool_], other: Answers) -> Answers:
        """These answers where they are chosen, and other ones elsewhere."""
        rows = np.where(chosen[:, None], self.probabilities, other.probabilities)
        return replace(self, probabilities=rows)

    def outputs(self, medical: NDArray[np.bool_]) -> list[Output]:
        """As the networks would have given them at work."""
        sums = np.clip(self.probabilities[:, medical].sum(axis=1), 0.0, 1.0)
        return [Output(row, float(p), []) for row, p in zip(self.probabilities, sums, strict=True)]


def calibrated(
    probabilities: NDArray[np.float64], medical: NDArray[np.bool_], curve: tuple[float, float]
) -> NDArray[np.float64]:
    """Put the sum over the medical classes on a curve, and scale the classes of either side.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (n, classes)
    medical : ndarray of bool, shape (classes,)
    curve : tuple of float
        See :func:`medsift.evaluation.calibration.apply_platt`.
    """
    raw = np.clip(probabilities[:, medical].sum(axis=1), _TINY, 1 - _TINY)
    mapped = apply_platt(raw, curve)
    scale = np.where(medical, (mapped / raw)[:, None], ((1 - mapped) / (1 - raw))[:, None])
    scaled: NDArray[np.float64] = probabilities * scale
    rows: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return rows
