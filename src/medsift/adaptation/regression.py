"""Multinomial regression with an offset and a ridge penalty, in NumPy alone.

The loss is the weighted mean of the cross-entropy of ``softmax(offset + x @ W + b)`` plus
``ridge / 2`` times the squared length of ``W``; the bias is free. It is convex, and limited-memory
BFGS (Nocedal 1980; Nocedal and Wright 2006, algorithm 7.4) finds its minimum.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_HISTORY = 10
_STEPS = 200
_TOLERANCE = 1e-4
_ARMIJO = 1e-4
_HALVINGS = 20


@dataclass(frozen=True, slots=True)
class RegressionData:
    """What a regression is fitted to.

    Attributes
    ----------
    rows : ndarray of float64, shape (n, d)
    targets : ndarray of int64, shape (n,)
    offsets : ndarray of float64, shape (n, classes)
        Logits that stand before anything is learned.
    weights : ndarray of float64, shape (n,)
        How much each row counts; they sum to 1.
    learned : ndarray of bool, shape (classes,)
        Which classes learn; the others stay at their offsets.
    """

    rows: Floats
    targets: NDArray[np.int64]
    offsets: Floats
    weights: Floats
    learned: NDArray[np.bool_]

    def part(self, chosen: NDArray[np.bool_]) -> RegressionData:
        """Only some of the rows, their weights brought to a sum of 1."""
        weights = self.weights[chosen]
        return replace(
            self,
            rows=self.rows[chosen],
            targets=self.targets[chosen],
            offsets=self.offsets[chosen],
            weights=weights / weights.sum(),
        )


@dataclass(frozen=True, slots=True)
class Solution:
    """``weights``, float64 (d, classes), and ``bias``, float64 (classes,)."""

    weights: Floats
    bias: Floats

    def logits(self, rows: Floats, offsets: Floats) -> Floats:
        """Logits (n, classes) of rows (n, d)."""
        scores: Floats = offsets + rows @ self.weights + self.bias
        return scores


def fit(problem: RegressionData, ridge: float, start: Solution | None = None) -> Solution:
    """Fit a regression.

    Parameters
    ----------
    problem : RegressionData
    ridge : float
        Above 0: the larger, the closer to the offsets.
    start : Solution, optional
        Where to begin, such as the solution for another ridge.
    """
    size, classes = problem.rows.shape[1], problem.offsets.shape[1]
    if start is None:
        start = Solution(np.zeros((size, classes)), np.zeros(classes))
    learned = problem.learned
    count = int(learned.sum())
    place = np.full(classes, -1)
    place[learned] = np.arange(count)
    mine = learned[problem.targets]
    truth = np.zeros((len(problem.rows), count))
    truth[mine, place[problem.targets[mine]]] = 1
    others = log_sum(problem.offsets[:, ~learned])
    at_rest = problem.offsets[np.arange(len(truth)), problem.targets]

    def loss(flat: Floats) -> tuple[float, Floats]:
        inner, bias = flat[:-count].reshape(size, count), flat[-count:]
        logits = problem.offsets[:, learned] + problem.rows @ inner + bias
        # All that does not learn is one class to those that do.
        total = np.logaddexp(log_sum(logits), others)
        said = np.where(mine, (logits * truth).sum(axis=1), at_rest)
        residual = (np.exp(logits - total[:, None]) - truth) * problem.weights[:, None]
        slope = problem.rows.T @ residual + ridge * inner
        value = float(problem.weights @ (total - said)) + ridge / 2 * float((inner**2).sum())
        return value, np.concatenate([slope.ravel(), residual.sum(axis=0)])

    first = np.concatenate([start.weights[:, learned].ravel(), start.bias[learned]])
    found = _minimise(loss, first)
    weights, bias = np.zeros((size, classes)), np.zeros(classes)
    weights[:, learned] = found[:-count].reshape(size, count)
    bias[learned] = found[-count:]
    return Solution(weights, bias)


def log_sum(logits: Floats) -> Floats:
    """Logarithm of the sum of exponentials over the last axis; minus infinity over nothing."""
    if not logits.shape[-1]:
        return np.full(logits.shape[:-1], -np.inf)
    top = logits.max(axis=-1)
    result: Floats = top + np.log(np.exp(logits - top[..., None]).sum(axis=-1))
    return result


def log_softmax(logits: Floats) -> Floats:
    """Logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logs: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def log_loss(logits: Floats, targets: NDArray[np.int64], weights: Floats) -> float:
    """Weighted mean of the cross-entropy."""
    logs = log_softmax(logits)[np.arange(len(targets)), targets]
    return -float(weights @ logs) / float(weights.sum())


def _minimise(loss: Callable[[Floats], tuple[float, Floats]], point: Floats) -> Floats:
    value, slope = loss(point)
    steps: deque[tuple[Floats, Floats, float]] = deque(maxlen=_HISTORY)
    first = max(float(np.linalg.norm(slope)), 1e-12)
    for _ in range(_STEPS):
        if float(np.linalg.norm(slope)) <= _TOLERANCE * first:
            break
        direction = _direction(slope, steps)
        downhill = float(slope @ direction)
        length, moved = 1.0, None
        for _ in range(_HALVINGS):
            candidate = point + length * direction
            new_value, new_slope = loss(candidate)
            if new_value <= value + _ARMIJO * length * downhill:
                moved = candidate
                break
            length /= 2
        if moved is None:
            break
        change, bend = moved - point, new_slope - slope
        curvature = float(change @ bend)
        if curvature > 1e-14:
            steps.append((change, bend, 1 / curvature))
        done = value - new_value <= 1e-7 * abs(value)
        point, value, slope = moved, new_value, new_slope
        if done:
            break
    return point


def _direction(slope: Floats, steps: deque[tuple[Floats, Floats, float]]) -> Floats:
    """Two loops over the last steps instead of the inverse of the Hessian."""
    result = -slope
    shares = []
    for change, bend, inverse in reversed(steps):
        share = inverse * float(change @ result)
        shares.append(share)
        result = result - share * bend
    if steps:
        change, bend, inverse = steps[-1]
        result = result / (inverse * float(bend @ bend))
    else:
        result = result / max(float(np.linalg.norm(slope)), 1e-12)
    for (change, bend, inverse), share in zip(steps, reversed(shares), strict=True):
        result = result + change * (share - inverse * float(bend @ result))
    return result
