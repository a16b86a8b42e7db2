"""What a model keeps of its training, so that adapting it does not make it forget.

A few pictures of each kind, but not the pictures: their features along some principal axes, at
8 bits, and what the model says of them. A last layer that is fitted to new kinds beside
the old ones is also fitted to these (replay of features, as in Rebuffi et al. 2017, "iCaRL", and
Hayes et al. 2020, "REMIND").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import ModelError

MEMORY_FILE = "memory.npz"
_LEVELS = 127
_LEAST_LOG = -12.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Memory:
    """Features of some pictures of each kind, and what the model says of them.

    Attributes
    ----------
    centre : ndarray of float32, shape (d,)
        Mean of the features, each network's at unit length, side by side.
    axes : ndarray of float32, shape (d, k)
        Principal axes, in which alone the features are kept.
    rows : ndarray of float32, shape (n, k)
        Features along the axes.
    base : ndarray of float64, shape (n, classes)
        The model's calibrated probabilities, without its gate; where that is at hand, by networks
        that had not seen the picture.
    targets : ndarray of int64, shape (n,)
        True class of each picture.
    groups : ndarray of int64, shape (n,)
        Number of the source of each picture.
    """

    centre: Floats
    axes: Floats
    rows: Floats
    base: NDArray[np.float64]
    targets: NDArray[np.int64]
    groups: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write it, compressed: features at 8 bits, each column by its own scale."""
        axes, axes_scale = _coded(self.axes)
        rows, rows_scale = _coded(self.rows)
        np.savez_compressed(
            path,
            centre=self.centre.astype(np.float16),
            axes=axes,
            axes_scale=axes_scale,
            rows=rows,
            rows_scale=rows_scale,
            logs=np.log(np.maximum(self.base, np.exp(_LEAST_LOG))).astype(np.float16),
            targets=self.targets.astype(np.int16),
            groups=self.groups.astype(np.int16),
        )


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
            base = np.exp(stored["logs"].astype(np.float64))
            memory = Memory(
                centre=stored["centre"].astype(np.float32),
                axes=stored["axes"].astype(np.float32) * stored["axes_scale"],
                rows=stored["rows"].astype(np.float32) * stored["rows_scale"],
                base=base / base.sum(axis=1, keepdims=True),
                targets=stored["targets"].astype(np.int64),
                groups=stored["groups"].astype(np.int64),
            )
        count = len(memory.rows)
        fits = (
            memory.axes.shape == (*memory.centre.shape, *memory.rows.shape[1:])
            and memory.base.shape == (count, classes)
            and memory.targets.shape == memory.groups.shape == (count,)
            and bool(((memory.targets >= 0) & (memory.targets < classes)).all())
        )
    except (OSError, ValueError, KeyError, EOFError, IndexError, BadZipFile) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    if not fits:
        raise ModelError(f"{path} does not fit the model's card")
    return memory


def _coded(values: Floats) -> tuple[NDArray[np.int8], Floats]:
    scale = (np.maximum(np.abs(values).max(axis=0), 1e-9) / _LEVELS).astype(np.float32)
    return np.round(values / scale).astype(np.int8), scale
