"""From features and labels to a last layer, its penalty chosen over sources that it did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsift.adaptation.regression import RegressionData, Solution, fit, log_loss, log_softmax
from medsift.classify.head import Head, offsets

Floats = NDArray[np.float64]

RIDGES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
"""Penalties to choose from, the strongest first; rows have a mean squared length of 1."""

COMPONENTS = 256
MAY_LOSE = 0.003
_POWER = 2
_OVERSAMPLED = 16
_TEMPERATURES = np.geomspace(0.5, 4.0, 43)
_NEVER = 1e3


@dataclass(frozen=True, slots=True)
class Space:
    """Where the layer works: features less ``centre`` (d,), along ``axes`` (d, k)."""

    widths: tuple[int, ...]
    centre: NDArray[np.float32]
    axes: NDArray[np.float32]

    def rows(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features (n, d) in this space, (n, k)."""
        return np.asarray((features - self.centre) @ self.axes, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Material:
    """All that a last layer is fitted to: a user's pictures and those of the memory.

    Attributes
    ----------
    rows : ndarray of float32, shape (n, k)
        In the :class:`Space` of the layer.
    base : ndarray of float64, shape (n, base classes)
    targets : ndarray of int64, shape (n,)
        Index among the classes of the new model.
    folds : ndarray of int64, shape (n,)
        Which fold a picture is held out with.
    mine : ndarray of bool, shape (n,)
        The user's, and not of the memory.
    weights : ndarray of float64, shape (n,)
    link : ndarray of int64, shape (classes,)
        Class of the base model that a class goes on from, or -1.
    learned : ndarray of bool, shape (classes,)
        Which classes the user has pictures of.
    """

    rows: NDArray[np.float32]
    base: Floats
    targets: NDArray[np.int64]
    folds: NDArray[np.int64]
    mine: NDArray[np.bool_]
    weights: Floats
    link: NDArray[np.int64]
    learned: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A last layer, and how it did on what it was not fitted to.

    Attributes
    ----------
    head : Head
    ridge : float
        The penalty that was chosen.
    handicap : float
        What was taken off the logits of new kinds, so that old ones do not get lost.
    held_out : ndarray of float64, shape (n, classes)
        Probabilities of each picture by a layer that was fitted without its fold.
    """

    head: Head
    ridge: float
    handicap: float
    held_out: Floats


def fit_head(material: Material, space: Space, may_lose: float = MAY_LOSE) -> Fitted:
    """Choose the penalty over folds, then fit the layer to everything.

    The penalty is that of the least loss on held-out folds. Then new kinds get a handicap, the
    smallest with which the kinds of the memory's held-out pictures lose at most ``may_lose`` of
    what the base model gets right. Last comes a temperature.

    Parameters
    ----------
    material : Material
    space : Space
    may_lose : float
        Share of the memory's pictures, 0 to 1.
    """
    rows = material.rows.astype(np.float64)
    scale = max(float(np.sqrt((rows**2).sum(axis=1).mean())), 1e-12)
    problem = RegressionData(
        rows / scale,
        material.targets,
        offsets(material.base, material.link),
        material.weights / material.weights.sum(),
        material.learned,
    )
    trials = _trials(problem, material.folds)
    losses = {
        ridge: log_loss(logits, material.targets, material.weights)
        for ridge, logits in trials.items()
    }
    ridge = min(losses, key=lambda r: (losses[r], -r))
    new = material.link < 0
    handicap = _handicap(material, trials[ridge], new, may_lose)
    logits = trials[ridge] - handicap * new
    temperature = _temperature(logits, material)
    solution = fit(problem, ridge)
    head = Head(
        widths=np.array(space.widths, dtype=np.int64),
        centre=space.centre,
        weights=(space.axes @ (solution.weights / scale)).astype(np.float32),
        bias=solution.bias - handicap * new,
        link=material.link,
        temperature=temperature,
    )
    return Fitted(head, ridge, handicap, np.exp(log_softmax(logits / temperature)))


def principal(
    features: NDArray[np.float32], weights: Floats, components: int, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find the mean (d,) and principal axes (d, k) of weighted rows.

    By subspace iteration from a random start (Halko, Martinsson and Tropp 2011), as the whole
    spectrum of thousands of features would take longer than all else.
    """
    share = (weights / weights.sum()).astype(np.float32)
    centre = share @ features
    spread = (features - centre) * np.sqrt(share)[:, None]
    count = min(components, *spread.shape)
    width = min(count + _OVERSAMPLED, *spread.shape)
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((spread.shape[1], width)).astype(np.float32)
    for _ in range(_POWER + 1):
        basis, _ = np.linalg.qr(spread.T @ (spread @ basis))
    _, _, rotation = np.linalg.svd(spread @ basis, full_matrices=False)
    return centre, (basis @ rotation.T)[:, :count].astype(np.float32)


def _trials(problem: RegressionData, folds: NDArray[np.int64]) -> dict[float, Floats]:
    """Held-out logits (n, classes) for each penalty."""
    found = {ridge: problem.offsets.copy() for ridge in RIDGES}
    for fold in np.unique(folds):
        inside = folds == fold
        part = problem.part(~inside)
        solution: Solution | None = None
        for ridge in RIDGES:
            solution = fit(part, ridge, solution)
            found[ridge][inside] = solution.logits(problem.rows[inside], problem.offsets[inside])
    return found


def _handicap(material: Material, logits: Floats, new: NDArray[np.bool_], may_lose: float) -> float:
    """What to take off the logits of new kinds so that few pictures of old kinds go to them."""
    old = ~material.mine
    if not old.any() or not new.any():
        return 0.0
    said, targets = logits[old], material.targets[old]
    start = offsets(material.base[old], material.link)
    start[:, new] = -np.inf
    right_before = float((start.argmax(axis=1) == targets).mean())
    among_old = np.where(new, -np.inf, said)
    right = among_old.argmax(axis=1) == targets
    # How far the best new kind is ahead, where the best old one is right.
    ahead = np.where(new, said, -np.inf).max(axis=1) - among_old.max(axis=1)
    ahead = np.sort(ahead[right])[::-1]
    lost = right_before - float(right.mean())
    allowed = int(np.floor((may_lose - lost) * len(targets) + 1e-9))
    if allowed < 0:
        return _NEVER if not len(ahead) else max(0.0, float(ahead[0])) + 1e-6
    if allowed >= len(ahead):
        return 0.0
    return max(0.0, float(ahead[allowed]) + 1e-6)


def _temperature(logits: Floats, material: Material) -> float:
    losses = [log_loss(logits / t, material.targets, material.weights) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])
