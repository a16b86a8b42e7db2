"""Platt scaling."""

from __future__ import annotations

import numpy as np
import pytest

from medsift.evaluation.calibration import apply_platt, cross_fitted, fit_platt
from medsift.evaluation.metrics import expected_calibration_error


def sigmoid(x: np.ndarray) -> np.ndarray:
    result: np.ndarray = 1 / (1 + np.exp(-x))
    return result


def test_platt_finds_the_curve_that_the_data_follow() -> None:
    rng = np.random.default_rng(1)
    log_odds = rng.normal(0, 2, 20_000)
    positive = rng.random(20_000) < sigmoid(0.5 * log_odds + 1)
    a, b = fit_platt(sigmoid(log_odds), positive, np.full(20_000, 1.0))
    assert a == pytest.approx(0.5, abs=0.05)
    assert b == pytest.approx(1, abs=0.08)


def test_separable_data_give_finite_values() -> None:
    p = np.array([0.9, 0.95, 0.1, 0.05])
    a, b = fit_platt(p, np.array([True, True, False, False]), np.ones(4))
    assert 0.05 < a < 20
    assert abs(b) < 5


def test_an_order_that_is_upside_down_is_not_turned() -> None:
    p = np.array([0.1, 0.2, 0.8, 0.9] * 10)
    positive = np.array([True, True, False, False] * 10)
    assert fit_platt(p, positive, np.ones(40)) == (1.0, 0.0)


def test_one_label_alone_changes_nothing() -> None:
    assert fit_platt(np.array([0.3, 0.4]), np.array([True, True]), np.ones(2)) == (1.0, 0.0)


def test_a_curve_moves_probabilities_in_log_odds() -> None:
    p = np.array([0.0, 0.2, 0.5, 0.9, 1.0])
    moved = apply_platt(p, (2.0, 1.0))
    assert moved[2] == pytest.approx(float(sigmoid(np.array(1.0))))
    assert moved[3] == pytest.approx(float(sigmoid(np.array(2 * np.log(9) + 1))))
    assert np.all((moved > 0) & (moved < 1))
    assert np.allclose(apply_platt(p, (1.0, 0.0)), p, atol=1e-6)


def test_cross_fitting_never_calibrates_a_source_by_itself() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(4000) < 0.5
    odds = np.where(truth, 1.0, -1.0) + rng.normal(size=4000)
    groups = [f"source {i % 8}" for i in range(4000)]
    modest = 1 / (1 + np.exp(-odds / 4))
    fitted = cross_fitted(modest, truth, groups)
    assert expected_calibration_error(fitted, truth) < 0.04
    assert expected_calibration_error(modest, truth) > 0.1

    # Whatever happens to the labels of one source, its own values stay as they were.
    lying = truth.copy()
    own = np.array([g == "source 3" for g in groups])
    lying[own] = ~lying[own]
    assert np.allclose(cross_fitted(modest, lying, groups)[own], fitted[own])
