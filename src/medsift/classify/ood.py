"""How far a picture lies from everything that a model was trained on.

A softmax is sure of its answer even where it knows nothing. The features that it reads say
more: those of pictures like the training's lie near the mean of some class. The distance here is
that of Mahalanobis with one covariance for all classes (Lee et al. 2018, "A Simple Unified
Framework for Detecting Out-of-Distribution Samples"), of features that are brought to unit
length first (Mueller and Hein 2025, "Mahalanobis++"). Directions that principal components
leave out are not forgotten: they count with one variance for all of them, as in probabilistic
principal component analysis (Tipping and Bishop 1999). On request the distance from the mean of
all classes is taken off (Ren et al. 2021, "A Simple Fix to Mahalanobis Distance for Improving
Near-OOD Detection").

All of it is plain NumPy, and is stored in a file of some 100 kB, ``ood.npz`` in the model's
folder; see :class:`OodSpec` for what the card says of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from medsift.classify.ood_spec import OodSpec
from medsift.core.errors import ModelError

Floats = NDArray[np.float32]

OOD_FILE = "ood.npz"
_COMPONENTS = 32
_SHRINKAGE = 0.05
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class OodDetector:
    """Distances in the space of features; made by :func:`fit`.

    Attributes
    ----------
    widths : ndarray of int64, shape (members,)
        How many features each network gives; they are laid side by side.
    centre : ndarray of float32, shape (d,)
        Mean of the features of unit length, with ``d`` the sum of the widths.
    axes : ndarray of int8, shape (d, k)
        Directions, each to be multiplied by its entry of ``scale``.
    scale : ndarray of float32, shape (k,)
    means : ndarray of float32, shape (classes, k)
        Means of the classes, whitened.
    whiten : ndarray of float32, shape (k, k)
        ``z @ whiten`` has unit covariance within the classes.
    rest : float
        Variance in the directions that were left out, summed.
    background_mean, background_whiten : ndarray of float32, shapes (k,) and (k, k)
        The same of all pictures, for the relative distance.
    relative : float
        Share of the background's distance that is taken off: 0 or 1.
    """

    widths: NDArray[np.int64]
    centre: Floats
    axes: NDArray[np.int8]
    scale: Floats
    means: Floats
    whiten: Floats
    rest: float
    background_mean: Floats
    background_whiten: Floats
    relative: float

    def scores(self, features: Sequence[Floats]) -> NDArray[np.float64]:
        """Score pictures: the higher, the farther from all that was trained on.

        Parameters
        ----------
        features : sequence of ndarray of float32, shape (n, width)
            One for each network of the model, in its order.

        Returns
        -------
        ndarray of float64, shape (n,)
            Squared distances; about the number of components for a picture like the
            training's.

        Raises
        ------
        ModelError
            The features are not those of the networks that it was fitted for.
        """
        if [part.shape[1] for part in features] != self.widths.tolist():
            raise ModelError("the features do not fit the model's out-of-distribution score")
        projected, left = _project(_unit(features) - self.centre, self.axes, self.scale)
        placed = projected @ self.whiten
        nearest = _squared_distances(placed, self.means).min(axis=1)
        score = nearest + left / max(self.rest, _LEAST) * self._left_out
        if self.relative:
            general = (projected - self.background_mean) @ self.background_whiten
            score = score - self.relative * (general**2).sum(axis=1)
        return np.asarray(score, dtype=np.float64)

    @property
    def _left_out(self) -> float:
        # In how many directions the rest spreads is not kept. One unit for each component kept
        # gives what was left out as much say as what was not.
        return float(self.axes.shape[1])

    def save(self, path: Path) -> None:
        """Write it, compressed."""
        np.savez_compressed(path, **{f.name: getattr(self, f.name) for f in fields(self)})


def load(path: Path) -> OodDetector:
    """Read what :meth:`OodDetector.save` wrote.

    Raises
    ------
    ModelError
        There is no such file, or it is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            values = {f.name: stored[f.name] for f in fields(OodDetector)}
            for name in ("rest", "relative"):
                values[name] = float(values[name])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    return OodDetector(**values)


def fit(
    features: Sequence[Floats],
    targets: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
    *,
    components: int = _COMPONENTS,
    shrinkage: float = _SHRINKAGE,
    relative: bool = False,
) -> OodDetector:
    """Learn means and covariances from training pictures.

    Parameters
    ----------
    features : sequence of ndarray of float32, shape (n, width)
        The ONNX output ``features`` of each network, in the order of the model's members, of
        the same pictures.
    targets : ndarray of int64, shape (n,)
        Class of each picture; which numbers are used does not matter. Negative ones are left
        out.
    weights : ndarray of float64, shape (n,), optional
        How much a picture counts; such that large sources do not drown small ones.
    components : int
        Principal components to keep; fewer where there are fewer features or pictures.
    shrinkage : float
        How far the covariances are drawn towards a ball, 0 to 1 (Ledoit and Wolf 2004, with a
        set instead of an estimated amount).
    relative : bool
        Take off the distance from the mean of all classes.

    Raises
    ------
    ValueError
        There are no pictures, or the arrays do not go together.
    """
    known = targets >= 0
    rows = _unit([part[known] for part in features])
    classes = targets[known]
    if len(rows) < 2:
        raise ValueError("out-of-distribution scores cannot be fitted without pictures")
    share = np.ones(len(targets)) if weights is None else weights
    share = share[known] / share[known].sum()
    centre = (share @ rows).astype(np.float32)
    centred = rows - centre
    axes, scale = _principal_axes(centred, share, components)
    # From here on with the axes as they are stored, so that rounding them costs nothing.
    projected, left = _project(centred, axes, scale)
    names, which = np.unique(classes, return_inverse=True)
    totals = np.bincount(which, weights=share, minlength=len(names))
    sums = np.zeros((len(names), projected.shape[1]))
    np.add.at(sums, which, projected * share[:, None])
    means = sums / totals[:, None]
    whiten = _whitening(projected - means[which], share, shrinkage)
    background = share @ projected
    return OodDetector(
        widths=np.array([part.shape[1] for part in features], dtype=np.int64),
        centre=centre,
        axes=axes,
        scale=scale,
        means=(means @ whiten).astype(np.float32),
        whiten=whiten.astype(np.float32),
        rest=float(share @ left),
        background_mean=background.astype(np.float32),
        background_whiten=_whitening(projected - background, share, shrinkage).astype(np.float32),
        relative=float(relative),
    )


def threshold_at(scores: NDArray[np.float64], quantile: float = 0.99) -> float:
    """Lowest score such that at least the given share of held-out scores lie at or below it.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Of pictures that :func:`fit` did not see, from sources that training did not see.
    quantile : float
        0 to 1. One less this is the share of ordinary pictures that become uncertain for it.
    """
    if not len(scores):
        return math.inf
    return float(np.quantile(scores, quantile, method="inverted_cdf"))


def store(
    detector: OodDetector, held_out: Sequence[Floats], folder: Path, quantile: float = 0.99
) -> OodSpec:
    """Write a detector into a model's folder; return what the card is to say of it.

    Parameters
    ----------
    detector : OodDetector
    held_out : sequence of ndarray of float32, shape (n, width)
        Features of pictures that :func:`fit` did not see, for the threshold.
    folder : Path
    quantile : float
        See :func:`threshold_at`.
    """
    scores = detector.scores(held_out)
    detector.save(folder / OOD_FILE)
    return OodSpec(OOD_FILE, threshold_at(scores, quantile), quantile, len(scores))


def _unit(features: Sequence[Floats]) -> Floats:
    """Each network's features at unit length, side by side."""
    parts = [
        part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), _LEAST) for part in features
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _project(
    centred: Floats, axes: NDArray[np.int8], scale: Floats
) -> tuple[Floats, NDArray[np.float64]]:
    """Coordinates along the axes, and the squared length of what is left, never negative."""
    projected = (centred @ axes.astype(np.float32)) * scale
    left = (centred.astype(np.float64) ** 2).sum(axis=1) - (projected.astype(np.float64) ** 2).sum(
        axis=1
    )
    return projected, np.maximum(left, 0.0)


def _principal_axes(
    centred: Floats, share: NDArray[np.float64], components: int
) -> tuple[NDArray[np.int8], Floats]:
    covariance = (centred * share[:, None]).T.astype(np.float64) @ centred
    values, vectors = np.linalg.eigh(covariance)
    kept = min(components, max(1, int((values > values[-1] * 1e-9).sum())))
    vectors = vectors[:, ::-1][:, :kept]
    scale = np.abs(vectors).max(axis=0) / 127
    return np.round(vectors / scale).astype(np.int8), scale.astype(np.float32)


def _whitening(
    deviations: NDArray[np.floating[Any]], share: NDArray[np.float64], shrinkage: float
) -> NDArray[np.float64]:
    """Return ``w`` such that ``deviations @ w`` has unit covariance."""
    covariance = (deviations * share[:, None]).T @ deviations
    size = len(covariance)
    ball = np.eye(size) * max(np.trace(covariance) / size, _LEAST)
    shrunk = (1 - shrinkage) * covariance + shrinkage * ball
    result: NDArray[np.float64] = np.linalg.inv(np.linalg.cholesky(shrunk)).T
    return result


def _squared_distances(
    points: NDArray[np.floating[Any]], means: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """(n, k) and (classes, k) to (n, classes)."""
    first, second = points.astype(np.float64), means.astype(np.float64)
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None]
    result: NDArray[np.float64] = np.maximum(squares - 2 * first @ second.T, 0.0)
    return result
