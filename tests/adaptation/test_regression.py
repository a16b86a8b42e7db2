"""The regression finds the minimum, goes on from its offsets, and shrinks to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medsift.adaptation.regression import RegressionData, Solution, fit, log_loss, log_softmax

ALL = np.ones(3, dtype=np.bool_)


def _problem(seed: int = 0, n: int = 120, d: int = 5, classes: int = 3) -> RegressionData:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, d))
    targets = (rows @ rng.normal(size=(d, classes)) + rng.gumbel(size=(n, classes))).argmax(axis=1)
    return RegressionData(rows, targets, rng.normal(size=(n, classes)), np.full(n, 1 / n), ALL)


def _slope(problem: RegressionData, solution: Solution, ridge: float) -> float:
    chances = np.exp(log_softmax(solution.logits(problem.rows, problem.offsets)))
    chances[np.arange(len(chances)), problem.targets] -= 1
    residual = chances * problem.weights[:, None]
    slope = problem.rows.T @ residual + ridge * solution.weights
    return float(max(np.abs(slope).max(), np.abs(residual.sum(axis=0)).max()))


@pytest.mark.parametrize("ridge", [1e-3, 1e-1, 10.0])
def test_at_the_solution_the_loss_has_no_slope(ridge: float) -> None:
    problem = _problem()
    assert _slope(problem, fit(problem, ridge), ridge) < 1e-3


def test_a_strong_penalty_leaves_what_the_offsets_say() -> None:
    problem = _problem()
    solution = fit(problem, 1e6)
    assert np.abs(solution.weights).max() < 1e-5


def test_a_start_elsewhere_ends_at_the_same_place() -> None:
    problem = _problem()
    far = Solution(np.full((5, 3), 2.0), np.array([1.0, -1.0, 0.0]))
    first, second = fit(problem, 0.1), fit(problem, 0.1, far)
    np.testing.assert_allclose(first.weights, second.weights, atol=0.02)


def test_a_row_of_weight_zero_has_no_say() -> None:
    problem = _problem()
    weights = problem.weights.copy()
    weights[:20] = 0
    masked = replace(problem, weights=weights / weights.sum())
    kept = np.arange(120) >= 20
    np.testing.assert_allclose(
        fit(masked, 0.1).weights, fit(problem.part(kept), 0.1).weights, atol=1e-3
    )


def test_learning_lowers_the_log_loss() -> None:
    problem = _problem()
    solution = fit(problem, 1e-3)
    before = log_loss(problem.offsets, problem.targets, problem.weights)
    after = log_loss(
        solution.logits(problem.rows, problem.offsets), problem.targets, problem.weights
    )
    assert after < before - 0.3


def test_classes_that_do_not_learn_stay_as_they_are_and_the_others_learn_around_them() -> None:
    learned = np.array([True, False, True])
    problem = replace(_problem(), learned=learned)
    solution = fit(problem, 0.01)
    assert not solution.weights[:, 1].any()
    assert solution.bias[1] == 0
    chances = np.exp(log_softmax(solution.logits(problem.rows, problem.offsets)))
    chances[np.arange(len(chances)), problem.targets] -= 1
    residual = chances * problem.weights[:, None]
    slope = problem.rows.T @ residual + 0.01 * solution.weights
    assert np.abs(slope[:, learned]).max() < 1e-3
