"""What a model keeps of its training, so that adapting it does not make it forget.

A few pictures of each kind, but not the pictures: their features, which the networks turned them
into, at 8 bits, and what the model says of them. A last layer that is fitted to new kinds beside
the old ones is also fitted to these (replay of features, as in Rebuffi et al. 2017, "iCaRL", and
Hayes et al. 2020, "REMIND").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from medsift.classify.head import unit
from medsift.core.errors import ModelError

MEMORY_FILE = "memory.npz"
_LEVELS = 127
_LEAST_LOG = -12.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Features of some pictures of each kind, and what the model says of them.

    Attributes
    ----------
    features : ndarray of float32, shape (n, d)
        Each network's at unit length, side by side.
    base : ndarray of float64, shape (n, classes)
        The model's calibrated probabilities, without its gate.
    targets : ndarray of int64, shape (n,)
        True class of each picture.
    groups : ndarray of int64, shape (n,)
        Number of the source of each picture.
    """

    features: NDArray[np.float32]
    base: NDArray[np.float64]
    targets: NDArray[np.int64]
    groups: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write it, compressed: features at 8 bits, each column by its own scale."""
        scale = np.maximum(np.abs(self.features).max(axis=0), 1e-9) / _LEVELS
        np.savez_compressed(
            path,
            codes=np.round(self.features / scale).astype(np.int8),
            scale=scale.astype(np.float32),
            logs=np.log(np.maximum(self.base, np.exp(_LEAST_LOG))).astype(np.float16),
            targets=self.targets.astype(np.int16),
            groups=self.groups.astype(np.int16),
        )


def make(
    features: Sequence[NDArray[np.float32]],
    base: NDArray[np.float64],
    targets: NDArray[np.int64],
    groups: NDArray[np.int64],
) -> Memory:
    """Make a memory from features (n, width) of each network."""
    return Memory(unit(features), base, targets, groups)


def load(path: Path, classes: int) -> Memory:
    """Read what :meth:`Memory.save` wrote.

    Parameters
    ----------
    path : Path
    classes : int
        How many the model has.

    Raises
    ------
    ModelError
        There is no such file, it is damaged, or of another model.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            features = stored["codes"].astype(np.float32) * stored["scale"]
            base = np.exp(stored["logs"].astype(np.float64))
            targets = stored["targets"].astype(np.int64)
            groups = stored["groups"].astype(np.int64)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    fits = (
        base.shape == (len(features), classes)
        and targets.shape == groups.shape == (len(features),)
        and bool(((targets >= 0) & (targets < classes)).all())
    )
    if not fits:
        raise ModelError(f"{path} does not fit the model's card")
    return Memory(features, base / base.sum(axis=1, keepdims=True), targets, groups)
